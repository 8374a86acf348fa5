"""Refunds of paid orders, over both protocols."""

from __future__ import annotations

from ..product import Product
from . import apiv2, apiv3, ecommerce
from .ecommerce import REPAYMENTS
from .record import Refund
from .transitions import REFUNDS, order_of

__all__ = ["PRODUCT", "REFUNDS", "Refund", "order_of"]

PRODUCT = Product(name="refunds", kinds=(REFUNDS, REPAYMENTS), routes=apiv3.ROUTES | ecommerce.ROUTES | apiv2.ROUTES)
