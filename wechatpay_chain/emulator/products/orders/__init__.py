"""Orders and their payments: of shops and partners, over both protocols."""

from __future__ import annotations

from ..product import Product
from . import apiv3
from .transitions import ORDERS

PRODUCT = Product(name="orders", kinds=(ORDERS,), routes=apiv3.ROUTES)
