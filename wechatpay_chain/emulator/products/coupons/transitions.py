"""The changes of product coupons: sending, confirming, using, returning, deactivating.

https://pay.weixin.qq.com/doc/brand/4015582711

New products and stocks pass their audit at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ...platform import refusal
from ...platform.refusal import Refusal
from ...platform.times import date, rfc3339
from ...world import numbers
from ...world.records import Kind
from ...world.world import World
from .periods import period
from .records import Config, Coupon, ProductCoupon, Request, Stock

# What ends the Request-ID.
_MISSING, _NO_COUPON, _WRONG_STATE, _EXPIRED, _LIMIT = 268578608, 268578851, 268578367, 268578776, 272756740


def once(world: World, mchid: str, number: str, content: Mapping[str, Any], change: Callable[[], str]) -> str:
    """Make a change, or none if the same call made it before.

    Args:
        world: keeps it.
        mchid: who calls.
        number: the brand, the kind of the call and the brand's number of it.
        content: what is asked for.
        change: makes it, and gives the key of what it changed.

    Returns:
        The key of what was changed.

    Raises:
        Refusal: the number was used with other content.
    """
    known = world.of(REQUESTS).get(number)
    if known is not None:
        if known.content != content:
            raise refusal.repeated("请求单号重复，且请求参数与首次请求不一致")
        return known.target
    taken = Request(mchid=mchid, made=world.now, state="TAKEN", number=number, content=dict(content), target=change())
    return world.of(REQUESTS).put(taken).target


def product_of(world: World, brand_id: str, product_coupon_id: str) -> ProductCoupon:
    """The product of a brand's number.

    Raises:
        Refusal: there is none.
    """
    product = world.of(PRODUCTS).get(f"{brand_id}/{product_coupon_id}")
    if product is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "商品券不存在", number=_MISSING)
    return product


def stock_of(world: World, brand_id: str, product_coupon_id: str, stock_id: str) -> Stock:
    """The stock of a product.

    Raises:
        Refusal: there is none.
    """
    stock = world.of(STOCKS).get(f"{brand_id}/{product_coupon_id}/{stock_id}")
    if stock is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "商品券批次不存在", number=_MISSING)
    return stock


def coupon_of(world: World, stock: Stock, coupon_code: str, openid: str) -> Coupon:
    """The coupon of a user.

    Raises:
        Refusal: there is none.
    """
    coupon = coupon_at(world, f"{stock.key}/{coupon_code}")
    if coupon.openid != openid:
        raise _no_coupon()
    return coupon


def coupon_at(world: World, key: str) -> Coupon:
    """The coupon of a key.

    Raises:
        Refusal: there is none.
    """
    coupon = world.of(COUPONS).get(key)
    if coupon is None:
        raise _no_coupon()
    return coupon


def _no_coupon() -> Refusal:
    return Refusal(404, "RESOURCE_NOT_EXISTS", "用户商品券不存在", number=_NO_COUPON)


def add_stock(world: World, product: ProductCoupon, content: dict[str, Any]) -> Stock:
    """Make a stock of a product.

    Raises:
        Refusal: the product is deactivated, or a time is none.
    """
    _check_active(product.state)
    period(content, world.now)
    now = world.now
    return world.of(STOCKS).put(
        Stock(
            mchid=product.mchid,
            made=now,
            state="SENDING",
            history=((now, "SENDING"),),
            product=product.key,
            product_coupon_id=product.product_coupon_id,
            stock_id=numbers.digits_of(16),
            content=content,
        )
    )


def add_codes(world: World, stock: Stock, codes: list[str]) -> dict[str, list[str]]:
    """Take codes that the brand made.

    Returns:
        Those that were taken, that were there before, and that came twice.

    Raises:
        Refusal: the stock's codes aren't uploaded.
    """
    if stock.content["coupon_code_mode"] != "UPLOAD":
        raise refusal.invalid_state("批次的券码模式不是UPLOAD，不能上传券码")
    unique = list(dict.fromkeys(codes))
    there = [code for code in unique if code in stock.codes or world.of(COUPONS).get(f"{stock.key}/{code}")]
    new = [code for code in unique if code not in there]
    world.of(STOCKS).put(replace(stock, codes=stock.codes + new, uploaded=stock.uploaded + len(new)))
    return {"new": new, "there": there, "twice": [code for code in unique if codes.count(code) > 1]}


def set_budget(world: World, stock: Stock, name: str, current: object, target: object) -> Stock:
    """Change how many coupons may be sent.

    Args:
        world: keeps the stock.
        stock: as found.
        name: `max_count` or `max_count_per_day`.
        current: what the brand takes the limit for.
        target: what it shall be.

    Raises:
        Refusal: the limit is another one, or would be under what was sent.
    """
    rule: dict[str, Any] = stock.content["stock_send_rule"]
    if current != rule.get(name):
        raise refusal.bad_parameter(f"/current_{name}", "body", "not the current limit")
    if not isinstance(target, int) or target < (stock.sent if name == "max_count" else 1):
        raise refusal.bad_parameter(f"/target_{name}", "body", "a count that isn't under what was sent is expected")
    return world.of(STOCKS).put(replace(stock, content={**stock.content, "stock_send_rule": {**rule, name: target}}))


def send(world: World, stock: Stock, asked: Coupon) -> Coupon:
    """Give a coupon to a user, who can't use it before it is confirmed. The brand is told.

    Args:
        world: keeps it.
        stock: what it is taken from.
        asked: the coupon, with a code where the brand chose one.

    Raises:
        Refusal: the stock is deactivated or exhausted, or the user has enough.
    """
    _check_active(stock.state)
    _check_limits(world, stock, asked)
    mode = stock.content["coupon_code_mode"]
    code, codes = asked.coupon_code, stock.codes
    if mode == "WECHATPAY":
        code = numbers.digits_of(16)
    elif mode == "UPLOAD":
        if not codes:
            raise refusal.invalid_state("批次没有可用的券码，请先上传")
        code, codes = codes[0], codes[1:]
    elif not code:
        raise refusal.bad_parameter("/coupon_code", "body", "required where coupon_code_mode is API_ASSIGN")
    elif world.of(COUPONS).get(f"{stock.key}/{code}") is not None:
        raise refusal.repeated("券码已存在")
    world.of(STOCKS).put(replace(stock, codes=codes, sent=stock.sent + 1))
    coupon = world.of(COUPONS).put(
        replace(asked, coupon_code=code, due=asked.ends, history=((asked.made, asked.state),))
    )
    _announce(world, stock, coupon)
    return coupon


def _check_limits(world: World, stock: Stock, asked: Coupon) -> None:
    rule: Mapping[str, Any] = stock.content["stock_send_rule"]
    sent = world.of(COUPONS).by("stock", stock.key)
    if len(sent) >= rule["max_count"]:
        raise refusal.invalid_state("批次已发完")
    today = sum(date(one.made) == date(asked.made) for one in sent)
    if today >= rule.get("max_count_per_day", today + 1):
        raise refusal.invalid_state("批次今日已发完")
    own = sum(one.openid == asked.openid for one in sent)
    if own >= rule.get("max_count_per_user", own + 1):
        raise Refusal(400, "INVALID_REQUEST", "用户领取数量已达上限", number=_LIMIT)


def _check_active(state: str) -> None:
    if state == "DEACTIVATED":
        raise Refusal(400, "INVALID_REQUEST", "商品券或批次已失效", number=_WRONG_STATE)


def _announce(world: World, stock: Stock, coupon: Coupon) -> None:
    brand_id = stock.product.partition("/")[0]
    config = world.of(CONFIGS).get(coupon.mchid)
    partner = coupon.mchid != brand_id
    resource = {
        "coupon_code": coupon.coupon_code,
        "product_coupon_id": stock.product_coupon_id,
        "stock_id": stock.stock_id,
        "appid": coupon.appid,
        "openid": coupon.openid,
        "unionid": numbers.openid(),
        "receive_time": rfc3339(coupon.made),
        "send_request_no": coupon.send_request_no,
        "send_channel": "API",
        "valid_begin_time": rfc3339(coupon.begins),
        "valid_end_time": rfc3339(coupon.ends),
        "attach": coupon.attach,
    }
    world.announce(
        mchid=coupon.mchid,
        about=(COUPONS.name, coupon.key),
        notify_url="" if config is None else config.notify_url,
        event_type="PRODUCT_COUPON_SP.SEND" if partner else "PRODUCT_COUPON.SEND",
        original_type="product_coupon",
        summary="商品券领券通知",
        resource=({"brand_id": brand_id} if partner else {}) | resource,
    )


def confirm(world: World, coupon: Coupon, steps: dict[str, Any]) -> Coupon:
    """The brand confirms that it knows the coupon; from its begin on it can be used.

    Raises:
        Refusal: it is confirmed, or ended.
    """
    _check(coupon, "CONFIRMING")
    return _valid(world, replace(coupon, steps={**coupon.steps, **steps}))


def use(world: World, coupon: Coupon, usage: dict[str, Any]) -> Coupon:
    """The user uses it up.

    Raises:
        Refusal: it isn't effective.
    """
    _check(coupon, "EFFECTIVE")
    return world.of(COUPONS).put(coupon.moved("USED", world.now, usage=usage))


def give_back(world: World, coupon: Coupon, usage: dict[str, Any]) -> Coupon:
    """A used one can be used again, if its time isn't over.

    Raises:
        Refusal: it isn't used.
    """
    _check(coupon, "USED")
    return _valid(world, replace(coupon, usage={**coupon.usage, **usage}))


def deactivate(world: World, coupon: Coupon, steps: dict[str, Any]) -> Coupon:
    """The brand takes a coupon back that wasn't used.

    Raises:
        Refusal: it was used, or ended.
    """
    _check(coupon, "CONFIRMING", "PENDING", "EFFECTIVE")
    return world.of(COUPONS).put(coupon.moved("DEACTIVATED", world.now, steps={**coupon.steps, **steps}))


def _check(coupon: Coupon, *states: str) -> None:
    if coupon.state == "EXPIRED":
        raise Refusal(400, "INVALID_REQUEST", "商品券已过期", number=_EXPIRED)
    if coupon.state not in states:
        raise Refusal(400, "INVALID_REQUEST", f"商品券状态为{coupon.state}，不能执行此操作", number=_WRONG_STATE)


def _valid(world: World, coupon: Coupon) -> Coupon:
    """A confirmed coupon that isn't used, in the state of the time."""
    now = world.now
    if now >= coupon.ends:
        return world.of(COUPONS).put(coupon.moved("EXPIRED", now))
    begun = now >= coupon.begins
    moved = coupon.moved("EFFECTIVE" if begun else "PENDING", now, due=coupon.ends if begun else coupon.begins)
    return world.of(COUPONS).put(moved)


def _ripen(world: World, coupon: Coupon) -> None:
    if coupon.state == "CONFIRMING":
        world.of(COUPONS).put(coupon.moved("EXPIRED", world.now))
    else:
        _valid(world, coupon)


PRODUCTS = Kind(name="product_coupons", record=ProductCoupon, key=lambda product: product.key)
STOCKS = Kind(
    name="coupon_stocks", record=Stock, key=lambda stock: stock.key, indexes={"product": lambda stock: stock.product}
)
COUPONS = Kind(
    name="coupons",
    record=Coupon,
    key=lambda coupon: coupon.key,
    indexes={"stock": lambda coupon: coupon.stock, "openid": lambda coupon: coupon.openid},
    ripen=_ripen,
)
CONFIGS = Kind(name="coupon_configs", record=Config, key=lambda config: config.mchid)
REQUESTS = Kind(name="coupon_requests", record=Request, key=lambda request: request.number)
