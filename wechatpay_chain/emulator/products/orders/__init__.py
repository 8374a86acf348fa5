"""Orders and their payments: of shops and partners, alone and combined, over both protocols."""

from __future__ import annotations

from ..product import Product
from . import apiv2, apiv3, combined
from .combined import COMBINED
from .transitions import ORDERS

__all__ = ["COMBINED", "ORDERS", "PRODUCT"]

PRODUCT = Product(name="orders", kinds=(ORDERS, COMBINED), routes=apiv3.ROUTES | combined.ROUTES | apiv2.ROUTES)
