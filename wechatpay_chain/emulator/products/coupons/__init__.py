"""Product coupons (商品券): sent from stocks, confirmed, used and returned, by brands and by partners for them."""

from __future__ import annotations

from ..product import Product
from .routes import ROUTES
from .transitions import CONFIGS, COUPONS, PRODUCTS, REQUESTS, STOCKS

__all__ = ["COUPONS", "PRODUCT"]

PRODUCT = Product(name="coupons", kinds=(PRODUCTS, STOCKS, COUPONS, CONFIGS, REQUESTS), routes=ROUTES)
