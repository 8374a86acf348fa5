"""Profit sharing: parts of an order's money go to receivers, and may come back; over both protocols."""

from __future__ import annotations

from ..product import Product
from . import apiv2, apiv3, platforms
from .records import Sharing
from .returns import RETURNS
from .transitions import RECEIVERS, SHARINGS

__all__ = ["PRODUCT", "RETURNS", "SHARINGS", "Sharing"]

PRODUCT = Product(
    name="sharing", kinds=(RECEIVERS, SHARINGS, RETURNS), routes=apiv3.ROUTES | platforms.ROUTES | apiv2.ROUTES
)
