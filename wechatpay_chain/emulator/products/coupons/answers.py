"""What answers say of product coupons.

https://pay.weixin.qq.com/doc/brand/4015582711
"""

from __future__ import annotations

from typing import Any

from ...platform.times import date, rfc3339
from ...world.world import World
from .records import Coupon, ProductCoupon, Stock
from .transitions import COUPONS, product_of, stock_of

# By how often a product's coupons are used; partners' have a newer name for what comes several times.
_USAGES = {
    "SINGLE": "single_usage_detail",
    "PROGRESSIVE_BUNDLE": "progressive_bundle_usage_detail",
    "SEQUENTIAL": "sequential_usage_detail",
}


def told_product(product: ProductCoupon) -> dict[str, Any]:
    """The product; to a partner with its brand."""
    told: dict[str, Any] = {"product_coupon_id": product.product_coupon_id, **product.content}
    brand = {} if product.brand_id == product.mchid else {"brand_id": product.brand_id}
    return brand | told | {"state": product.state} | product.ending


def told_stock(world: World, stock: Stock) -> dict[str, Any]:
    """The stock, with how many coupons of it were sent."""
    sent = world.of(COUPONS).by("stock", stock.key)
    today = date(world.now)
    told: dict[str, Any] = {"product_coupon_id": stock.product_coupon_id, "stock_id": stock.stock_id, **stock.content}
    if stock.content.get("coupon_code_mode") == "UPLOAD":
        told["coupon_code_count_info"] = {"total_count": stock.uploaded, "available_count": len(stock.codes)}
    counts = {"total_count": stock.sent, "today_count": sum(date(one.made) == today for one in sent)}
    return told | {"sent_count_info": counts, "state": stock.state} | stock.ending


def told_coupon(world: World, coupon: Coupon) -> dict[str, Any]:
    """The coupon of a user, with its product and its stock."""
    brand, product_coupon_id, stock_id = coupon.stock.split("/")
    product = product_of(world, brand, product_coupon_id)
    stock = stock_of(world, brand, product_coupon_id, stock_id)
    told: dict[str, Any] = {
        "coupon_code": coupon.coupon_code,
        "coupon_state": coupon.state,
        "valid_begin_time": rfc3339(coupon.begins),
        "valid_end_time": rfc3339(coupon.ends),
        "receive_time": rfc3339(coupon.made),
        "send_request_no": coupon.send_request_no,
        "send_channel": "API",
        "product_coupon": told_product(product),
        "stock": told_stock(world, stock),
        "attach": coupon.attach,
        **coupon.steps,
    }
    detail = _USAGES[product.content["usage_mode"]]
    return told | ({detail: coupon.usage} if coupon.usage else {})
