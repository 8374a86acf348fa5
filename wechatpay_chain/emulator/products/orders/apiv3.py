"""The calls of APIv3 about single orders, of shops and of partners.

https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (Native), https://pay.weixin.qq.com/doc/v3/partner/4012739029
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ...platform import refusal, times
from ...platform.call import Call
from ...world.world import World
from ..fen import fen
from ..product import Route
from ..wishes import wish
from . import transitions
from .answers import announced, parties, told
from .codes import pay_by_code
from .links import prepaid
from .record import Order

_DIRECT = "/v3/pay/transactions"
_PARTNER = "/v3/pay/partner/transactions"
_TRADE_TYPES = {
    "jsapi": "JSAPI",
    "jsapi-with-contract": "JSAPI",
    "miniprogram": "JSAPI",
    "app": "APP",
    "app-with-contract": "APP",
    "h5": "MWEB",
    "native": "NATIVE",
    "scannedpos": "NATIVE",
}


def asked(call: Call, content: Mapping[str, Any], trade_type: str) -> Order:
    """The order that a call asks for, not yet made.

    Raises:
        Refusal: it is of another merchant, or of a time that is over.
    """
    name = "sp_mchid" if "sp_mchid" in content else "mchid"
    mchid = content[name]
    if mchid != call.mchid:
        raise refusal.other_merchant(f"/{name}")
    payer: Mapping[str, Any] = content.get("payer") or {}
    settlement: Mapping[str, Any] = content.get("settle_info") or {}
    return Order(
        mchid=mchid,
        made=call.time,
        state="NOTPAY",
        out_trade_no=content["out_trade_no"],
        sub_mchid=content.get("sub_mchid", ""),
        appid=content.get("sp_appid") or content.get("appid", ""),
        sub_appid=content.get("sub_appid", ""),
        trade_type=trade_type,
        content=dict(content),
        total=fen(content["amount"]["total"], "/amount/total"),
        currency=content["amount"].get("currency", "CNY"),
        description=content["description"],
        attach=content.get("attach", ""),
        notify_url=content.get("notify_url", ""),
        expires=expiry(call, content.get("time_expire")),
        openid=payer.get("openid") or payer.get("sp_openid", ""),
        sub_openid=payer.get("sub_openid", ""),
        sharing=bool(settlement.get("profit_sharing")),
    )


def expiry(call: Call, time_expire: str | None) -> float:
    """When an order closes that nobody pays, Unix time in seconds.

    Raises:
        Refusal: no time, or one that is over.
    """
    latest = call.time + transitions.LIFETIME
    if time_expire is None:
        return latest
    try:
        expires = times.read_rfc3339(time_expire)
    except ValueError:
        raise refusal.bad_parameter("/time_expire", "body", "not a time of RFC 3339") from None
    if expires <= call.time:
        raise refusal.bad_parameter("/time_expire", "body", "the time is over", "time_expire已过期")
    return min(expires, latest)


def _prepay(world: World, call: Call, trade_type: str) -> dict[str, Any]:
    order = transitions.make(world, asked(call, call.json, trade_type))
    return prepaid(order, trade_type, call.base_url)


def _pay_by_code(world: World, call: Call) -> dict[str, Any]:
    order = asked(call, call.json, "MICROPAY")
    paid = pay_by_code(world, order, call.json["payer"]["auth_code"], wish(call))
    return announced(paid)


def _reverse(world: World, call: Call) -> dict[str, Any]:
    order = transitions.find(world, caller(call, call.json), call.values["out_trade_no"])
    reversed_ = transitions.reverse(world, of_sub_merchant(order, call.json))
    return {**parties(reversed_), "out_trade_no": reversed_.out_trade_no}


def _query_by_number(world: World, call: Call) -> dict[str, Any]:
    order = transitions.find(world, caller(call, call.query), call.values["out_trade_no"])
    return told(of_sub_merchant(order, call.query))


def _query_by_id(world: World, call: Call) -> dict[str, Any]:
    order = transitions.find_paid(world, caller(call, call.query), call.values["transaction_id"])
    return told(of_sub_merchant(order, call.query))


def _close(world: World, call: Call) -> None:
    order = transitions.find(world, caller(call, call.json), call.values["out_trade_no"])
    transitions.close(world, of_sub_merchant(order, call.json))


def caller(call: Call, given: Mapping[str, Any]) -> str:
    """The merchant whose order it is.

    Raises:
        Refusal: it isn't the one that signed.
    """
    name = "sp_mchid" if "sp_mchid" in given else "mchid"
    if given.get(name) != call.mchid:
        raise refusal.other_merchant(name)
    return call.mchid


def of_sub_merchant(order: Order, given: Mapping[str, Any]) -> Order:
    """The order, if it is of the sub-merchant that was named.

    Raises:
        Refusal: it is of another one.
    """
    if order.sub_mchid != given.get("sub_mchid", ""):
        raise refusal.no_order()
    return order


def _routes(base: str, ways: tuple[str, ...]) -> dict[str, Route]:
    routes: dict[str, Route] = {f"POST {base}/{way}": partial(_prepay, trade_type=_TRADE_TYPES[way]) for way in ways}
    routes |= {
        f"GET {base}/out-trade-no/{{out_trade_no}}": _query_by_number,
        f"GET {base}/id/{{transaction_id}}": _query_by_id,
        f"POST {base}/out-trade-no/{{out_trade_no}}/close": _close,
        f"POST {base}/codepay": _pay_by_code,
        f"POST {base}/out-trade-no/{{out_trade_no}}/reverse": _reverse,
    }
    return routes


ROUTES: dict[str, Route] = _routes(
    _DIRECT, ("jsapi", "app", "h5", "native", "jsapi-with-contract", "app-with-contract")
) | _routes(
    _PARTNER,
    ("jsapi", "app", "h5", "native", "jsapi-with-contract", "app-with-contract", "miniprogram", "scannedpos"),
)
