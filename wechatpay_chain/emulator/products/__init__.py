"""The products of the platform: what each operation does to the records. Nothing here knows of HTTP."""

from __future__ import annotations

from . import control_orders, files, orders, refunds, security
from .product import Product

PRODUCTS: tuple[Product, ...] = (
    orders.PRODUCT,
    refunds.PRODUCT,
    control_orders.PRODUCT,
    security.PRODUCT,
    files.PRODUCT,
)
"""All products. An operation of none of them is answered by the catalogue's shape."""
