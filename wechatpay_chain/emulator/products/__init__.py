"""The products of the platform: what each operation does to the records. Nothing here knows of HTTP."""

from __future__ import annotations

from . import bills, control_orders, files, orders, red_packets, refunds, security, sharing, transfers
from .product import Product

PRODUCTS: tuple[Product, ...] = (
    orders.PRODUCT,
    refunds.PRODUCT,
    sharing.PRODUCT,
    transfers.PRODUCT,
    red_packets.PRODUCT,
    bills.PRODUCT,
    control_orders.PRODUCT,
    security.PRODUCT,
    files.PRODUCT,
)
"""All products. An operation of none of them is answered by the catalogue's shape."""
