"""The products of the platform: what each operation does to the records. No module here uses HTTP."""

from __future__ import annotations

from . import (
    applyments,
    balances,
    bills,
    complaints,
    control_orders,
    coupons,
    deposits,
    files,
    orders,
    overseas,
    payscore,
    red_packets,
    refunds,
    security,
    sharing,
    transfers,
    uploads,
)
from .product import Product

PRODUCTS: tuple[Product, ...] = (
    orders.PRODUCT,
    refunds.PRODUCT,
    deposits.PRODUCT,
    overseas.PRODUCT,
    sharing.PRODUCT,
    transfers.PRODUCT,
    red_packets.PRODUCT,
    payscore.PRODUCT,
    complaints.PRODUCT,
    applyments.PRODUCT,
    bills.PRODUCT,
    balances.PRODUCT,
    uploads.PRODUCT,
    control_orders.PRODUCT,
    coupons.PRODUCT,
    security.PRODUCT,
    files.PRODUCT,
)
"""All products. An operation of none of them is answered with synthetic values."""
