"""Orders and their payments: of shops and partners, alone and combined, over both protocols."""

from __future__ import annotations

from ..product import Product
from . import apiv2, apiv3, combined_apiv2, combined_apiv3
from .combined import COMBINED
from .transitions import ORDERS

__all__ = ["COMBINED", "ORDERS", "PRODUCT"]

PRODUCT = Product(
    name="orders",
    kinds=(ORDERS, COMBINED),
    routes=apiv3.ROUTES | combined_apiv3.ROUTES | apiv2.ROUTES | combined_apiv2.ROUTES,
)
