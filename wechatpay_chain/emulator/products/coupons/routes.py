"""The calls about product coupons: a brand's own, and a partner's, who names the brand.

https://pay.weixin.qq.com/doc/brand/4015582711 (brands), https://pay.weixin.qq.com/doc/v3/partner/4015780862 (partners)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.times import rfc3339
from ...world import numbers
from ...world.world import World
from ..pages import page
from ..product import Route
from . import transitions
from .answers import told_coupon, told_product, told_stock
from .periods import period
from .records import Config, Coupon, ProductCoupon, Stock
from .transitions import CONFIGS, COUPONS, PRODUCTS, STOCKS

_PAGE, _MOST = 20, 100
# What a product is made of; the rest of the call is about its first stock.
_OF_PRODUCT = (
    "scope",
    "type",
    "usage_mode",
    "single_usage_info",
    "progressive_bundle_usage_info",
    "sequential_usage_info",
    "display_info",
    "out_product_no",
)
# What of a stock can be changed.
_CHANGEABLE = ("remark", "usage_rule_display_info", "coupon_display_info", "notify_config", "store_scope")


def _brand(call: Call) -> str:
    """The brand that a call is about: the caller itself, or the one that a partner names.

    Raises:
        Refusal: what he names is no number.
    """
    if call.path.startswith("/brand/"):
        return call.mchid
    given: Any = call.json or call.query
    brand = str(given["brand_id"])
    if not (brand.isascii() and brand.isdecimal()):
        name, location = ("/brand_id", "body") if call.json else ("brand_id", "query")
        raise refusal.bad_parameter(name, location, "a number is expected")
    return brand


def _content(call: Call) -> dict[str, Any]:
    """What of a call is compared with a repeat."""
    return {**call.json, "path": dict(call.values)}


def _once(world: World, call: Call, action: str, number: str, change: Callable[[], str]) -> str:
    return transitions.once(world, call.mchid, f"{_brand(call)}/{action}/{number}", _content(call), change)


def _create(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json

    def change() -> str:
        product = world.of(PRODUCTS).put(
            ProductCoupon(
                mchid=call.mchid,
                made=call.time,
                state="EFFECTIVE",
                history=((call.time, "EFFECTIVE"),),
                brand_id=_brand(call),
                product_coupon_id=numbers.digits_of(16),
                content={name: content[name] for name in _OF_PRODUCT if name in content},
            )
        )
        return transitions.add_stock(world, product, content["stock"]).key

    key = _once(world, call, "create", content["out_request_no"], change)
    stock = transitions.stock_of(world, *key.split("/"))
    told = told_product(_product(world, call, stock.product_coupon_id))
    return told | {"stock": told_stock(world, stock)}


def _product(world: World, call: Call, product_coupon_id: str | None = None) -> ProductCoupon:
    return transitions.product_of(world, _brand(call), product_coupon_id or call.values["product_coupon_id"])


def _stock(world: World, call: Call) -> Stock:
    given: Any = call.values if "stock_id" in call.values else call.json or call.query
    return transitions.stock_of(world, _brand(call), given["product_coupon_id"], given["stock_id"])


def _coupon(world: World, call: Call) -> Coupon:
    return transitions.coupon_of(world, _stock(world, call), call.values["coupon_code"], call.values["openid"])


def _query_product(world: World, call: Call) -> dict[str, Any]:
    return told_product(_product(world, call))


def _change_product(world: World, call: Call) -> dict[str, Any]:
    product = _product(world, call)

    def change() -> str:
        changed = {"display_info": call.json["display_info"]}
        return world.of(PRODUCTS).put(replace(product, content={**product.content, **changed})).key

    _once(world, call, "change", call.json["out_request_no"], change)
    return _query_product(world, call)


def _end_product(world: World, call: Call) -> dict[str, Any]:
    product = _product(world, call)

    def change() -> str:
        for stock in world.of(STOCKS).by("product", product.key):
            world.of(STOCKS).put(stock.moved("DEACTIVATED", call.time, ending=_ending(call)))
        return world.of(PRODUCTS).put(product.moved("DEACTIVATED", call.time, ending=_ending(call))).key

    _once(world, call, "end", call.json["out_request_no"], change)
    return _query_product(world, call)


def _ending(call: Call) -> dict[str, Any]:
    return {
        "deactivate_request_no": call.json["out_request_no"],
        "deactivate_time": rfc3339(call.time),
        "deactivate_reason": call.json["deactivate_reason"],
    }


def _add_stock(world: World, call: Call) -> dict[str, Any]:
    product = _product(world, call)
    key = _once(
        world,
        call,
        "stock",
        call.json["out_request_no"],
        lambda: transitions.add_stock(world, product, call.json["stock"]).key,
    )
    return told_stock(world, transitions.stock_of(world, *key.split("/")))


def _query_stock(world: World, call: Call) -> dict[str, Any]:
    return told_stock(world, _stock(world, call))


def _list_stocks(world: World, call: Call) -> dict[str, Any]:
    state = call.query.get("state")
    found = [
        told_stock(world, stock)
        for stock in world.of(STOCKS).by("product", _product(world, call).key)
        if state in {None, stock.state}
    ]
    return _page(call, "stock_list", found)


def _page(call: Call, name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    begin, size = page(call.query, "page_token", "page_size", usual=_PAGE, most=_MOST)
    told: dict[str, Any] = {"total_count": len(found), name: found[begin : begin + size]}
    return told | ({"next_page_token": str(begin + size)} if begin + size < len(found) else {})


def _change_stock(world: World, call: Call) -> dict[str, Any]:
    stock = _stock(world, call)

    def change() -> str:
        changed = {name: call.json[name] for name in _CHANGEABLE if name in call.json}
        return world.of(STOCKS).put(replace(stock, content={**stock.content, **changed})).key

    _once(world, call, "change-stock", call.json["out_request_no"], change)
    return _query_stock(world, call)


def _end_stock(world: World, call: Call) -> dict[str, Any]:
    stock = _stock(world, call)

    def change() -> str:
        return world.of(STOCKS).put(stock.moved("DEACTIVATED", call.time, ending=_ending(call))).key

    _once(world, call, "end-stock", call.json["out_request_no"], change)
    return _query_stock(world, call)


def _set_budget(world: World, call: Call) -> dict[str, Any]:
    stock, name = _stock(world, call), str(call.json["update_mode"]).lower()
    current, target = call.json.get(f"current_{name}"), call.json.get(f"target_{name}")
    _once(
        world,
        call,
        "budget",
        call.json["out_request_no"],
        lambda: transitions.set_budget(world, stock, name, current, target).key,
    )
    return _query_stock(world, call)


def _add_codes(world: World, call: Call) -> dict[str, Any]:
    taken = transitions.add_codes(world, _stock(world, call), call.json["code_list"])
    return {
        "total_count": len(call.json["code_list"]),
        "success_code_list": taken["new"],
        "failed_code_list": [],
        "already_exist_code_list": taken["there"],
        "duplicate_code_list": taken["twice"],
    }


def _send(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    stock = _stock(world, call)
    begins, ends = period(stock.content, call.time)
    asked = Coupon(
        mchid=call.mchid,
        made=call.time,
        state="CONFIRMING",
        stock=stock.key,
        coupon_code=content.get("coupon_code", ""),
        openid=call.values["openid"],
        appid=content["appid"],
        send_request_no=content["send_request_no"],
        attach=content.get("attach", ""),
        begins=begins,
        ends=ends,
    )
    key = _once(world, call, "send", content["send_request_no"], lambda: transitions.send(world, stock, asked).key)
    return told_coupon(world, transitions.coupon_at(world, key))


def _query_coupon(world: World, call: Call) -> dict[str, Any]:
    return told_coupon(world, _coupon(world, call))


def _list_coupons(world: World, call: Call) -> dict[str, Any]:
    wanted, brand = call.query, _brand(call)
    found = [
        told_coupon(world, coupon)
        for coupon in world.of(COUPONS).by("openid", call.values["openid"])
        if coupon.stock.split("/")[0] == brand
        and coupon.appid == wanted["appid"]
        and wanted.get("product_coupon_id") in {None, coupon.stock.split("/")[1]}
        and wanted.get("stock_id") in {None, coupon.stock.split("/")[2]}
        and wanted.get("coupon_state") in {None, coupon.state}
    ]
    return _page(call, "user_coupon_list", found)


def _confirm(world: World, call: Call) -> dict[str, Any]:
    steps = {"confirm_request_no": call.json["out_request_no"], "confirm_time": rfc3339(call.time)}
    return _step(world, call, "confirm", lambda coupon: transitions.confirm(world, coupon, steps))


def _use(world: World, call: Call) -> dict[str, Any]:
    usage = {"use_request_no": call.json["out_request_no"], "use_time": call.json["use_time"]}
    for name in ("associated_order_info", "associated_pay_score_order_info"):
        if name in call.json:
            usage[name] = call.json[name]
    return _step(world, call, "use", lambda coupon: transitions.use(world, coupon, usage))


def _return(world: World, call: Call) -> dict[str, Any]:
    usage = {"return_request_no": call.json["out_request_no"], "return_time": rfc3339(call.time)}
    return _step(world, call, "return", lambda coupon: transitions.give_back(world, coupon, usage))


def _deactivate(world: World, call: Call) -> dict[str, Any]:
    return _step(world, call, "deactivate", lambda coupon: transitions.deactivate(world, coupon, _ending(call)))


def _step(world: World, call: Call, action: str, change: Callable[[Coupon], Coupon]) -> dict[str, Any]:
    coupon = _coupon(world, call)
    _once(world, call, action, call.json["out_request_no"], lambda: change(coupon).key)
    return _query_coupon(world, call)


def _set_address(world: World, call: Call) -> dict[str, Any]:
    config = Config(
        mchid=call.mchid,
        made=call.time,
        state="SET",
        history=((call.time, "SET"),),
        notify_url=call.json["notify_url"],
    )
    return _told_address(world.of(CONFIGS).put(config))


def _get_address(world: World, call: Call) -> dict[str, Any]:
    config = world.of(CONFIGS).get(call.mchid)
    if config is None:
        raise refusal.not_found("未设置通知地址")
    return _told_address(config)


def _told_address(config: Config) -> dict[str, Any]:
    return {"notify_url": config.notify_url, "update_time": rfc3339(config.made)}


def _routes(base: str) -> dict[str, Route]:
    product = f"{base}/product-coupons/{{product_coupon_id}}"
    stock = f"{product}/stocks/{{stock_id}}"
    coupon = f"{base}/users/{{openid}}/coupons/{{coupon_code}}"
    return {
        f"POST {base}/product-coupons": _create,
        f"GET {product}": _query_product,
        f"PATCH {product}": _change_product,
        f"POST {product}/deactivate": _end_product,
        f"POST {product}/stocks": _add_stock,
        f"GET {product}/stocks": _list_stocks,
        f"GET {stock}": _query_stock,
        f"PATCH {stock}": _change_stock,
        f"POST {stock}/deactivate": _end_stock,
        f"POST {stock}/update-budget": _set_budget,
        f"POST {stock}/upload-coupon-codes": _add_codes,
        f"POST {base}/users/{{openid}}/coupons": _send,
        f"GET {base}/users/{{openid}}/coupons": _list_coupons,
        f"GET {coupon}": _query_coupon,
        f"POST {coupon}/confirm": _confirm,
        f"POST {coupon}/use": _use,
        f"POST {coupon}/return": _return,
        f"POST {coupon}/deactivate": _deactivate,
        f"POST {base}/notify-configs": _set_address,
        f"GET {base}/notify-configs": _get_address,
    }


ROUTES: dict[str, Route] = _routes("/brand/marketing/product-coupon") | _routes("/v3/marketing/partner/product-coupon")
