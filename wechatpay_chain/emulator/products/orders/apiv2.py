"""The calls of APIv2 about single orders, over the records of APIv3.

https://pay.weixin.qq.com/doc/v2/merchant/4011935214 (unifiedorder), https://pay.weixin.qq.com/doc/v2/merchant/4011937125
(micropay)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...platform import refusal
from ...platform.apiv2 import RefusalV2
from ...platform.call import Call
from ...platform.times import read_compact
from ...world.world import World
from ..fen import fen
from ..product import Route
from ..wishes import wish
from . import transitions
from .answers import parties_v2, payment_v2, told_v2
from .apiv3 import of_sub_merchant
from .codes import pay_by_code
from .links import code_url, h5_url
from .record import Order

_VOLATILE = {"nonce_str", "sign", "sign_type"}
LINKS = {"NATIVE": ("code_url", code_url), "MWEB": ("mweb_url", h5_url)}
"""By trade type, the element that leads to the payment, and what makes it."""


def content_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """What of a call is compared with a repeat."""
    return {name: value for name, value in fields.items() if name not in _VOLATILE}


def found(world: World, call: Call) -> Order:
    """The order that a call names by either number.

    Raises:
        Refusal: there is none, or it is of another sub-merchant than the one that is named.
        RefusalV2: neither number is given.
    """
    fields = fields_of(call)
    if fields.get("transaction_id"):
        order = transitions.find_paid(world, call.mchid, fields["transaction_id"])
    elif fields.get("out_trade_no"):
        order = transitions.find(world, call.mchid, fields["out_trade_no"])
    else:
        raise RefusalV2("缺少参数: out_trade_no和transaction_id至少填一个", "PARAM_ERROR")
    return of_sub_merchant(order, {"sub_mchid": fields.get("sub_mch_id") or order.sub_mchid})


def fields_of(call: Call) -> Mapping[str, str]:
    """The parameters of a call."""
    return call.xml or {}


def asked_v2(call: Call, trade_type: str) -> Order:
    """The order that a call asks for, not yet made."""
    fields = fields_of(call)
    return Order(
        mchid=call.mchid,
        made=call.time,
        state="NOTPAY",
        out_trade_no=fields["out_trade_no"],
        sub_mchid=fields.get("sub_mch_id", ""),
        appid=fields["appid"],
        sub_appid=fields.get("sub_appid", ""),
        trade_type=trade_type,
        protocol="v2",
        content=content_of(fields),
        total=fen(fields["total_fee"], "total_fee"),
        currency=fields.get("fee_type") or "CNY",
        description=fields["body"],
        attach=fields.get("attach", ""),
        notify_url=fields.get("notify_url", ""),
        expires=expiry(call, fields.get("time_expire")),
        openid=fields.get("openid", ""),
        sub_openid=fields.get("sub_openid", ""),
        sharing=fields.get("profit_sharing") == "Y",
    )


def expiry(call: Call, time_expire: str | None) -> float:
    """When an order closes that nobody pays, Unix time in seconds.

    Raises:
        RefusalV2: no time, or one that is over.
    """
    latest = call.time + transitions.LIFETIME
    if not time_expire:
        return latest
    try:
        expires = read_compact(time_expire)
    except ValueError:
        raise RefusalV2("time_expire参数格式错误", "PARAM_ERROR") from None
    if expires <= call.time:
        raise RefusalV2("time_expire时间过短，刷卡至少1分钟，其他5分钟", "INVALID_REQUEST")
    return min(expires, latest)


def unified(world: World, call: Call) -> dict[str, Any]:
    """Make an order and answer what its payment begins with."""
    order = transitions.make(world, asked_v2(call, fields_of(call)["trade_type"]))
    told = answer_of(order) | {"trade_type": order.trade_type, "prepay_id": order.prepay_id}
    if order.trade_type in LINKS:
        name, link = LINKS[order.trade_type]
        told[name] = link(order, call.base_url)
    return told


def micropay(world: World, call: Call) -> dict[str, Any]:
    """Pay by the code of a payer."""
    return _told_paid(pay_by_code(world, asked_v2(call, "MICROPAY"), fields_of(call)["auth_code"], wish(call)))


def pay_by_face(world: World, call: Call) -> dict[str, Any]:
    """Pay by the face of a payer; a repeat gives the same answer.

    Raises:
        Refusal: the number was used with other content, or the order ended.
    """
    asked = asked_v2(call, "FACEPAY")
    known = world.of(transitions.ORDERS).get(asked.key)
    if known is None:
        return _told_paid(transitions.take(world, transitions.begun(asked)))
    if known.content != asked.content:
        raise refusal.number_used()
    if not known.paid:
        raise transitions.ended(known)
    return _told_paid(known)


def _told_paid(paid: Order) -> dict[str, Any]:
    told = answer_of(paid) | payment_v2(paid) | {"out_trade_no": paid.out_trade_no, "fee_type": paid.currency}
    return told | ({"attach": paid.attach} if paid.attach else {})


def _query(world: World, call: Call) -> dict[str, Any]:
    return {"result_code": "SUCCESS", **told_v2(found(world, call))}


def _close(world: World, call: Call) -> dict[str, Any]:
    order = transitions.close(world, transitions.find(world, call.mchid, fields_of(call)["out_trade_no"]))
    return answer_of(order) | {"result_msg": "OK"}


def reverse(world: World, call: Call) -> dict[str, Any]:
    """Call a code payment off."""
    return answer_of(transitions.reverse(world, found(world, call))) | {"recall": "N"}


def answer_of(order: Order) -> dict[str, Any]:
    """What every good answer about an order begins with."""
    return {"result_code": "SUCCESS", **parties_v2(order)}


ROUTES: dict[str, Route] = {
    "POST /v2/pay/unifiedorder": unified,
    "POST /v2/pay/orderquery": _query,
    "POST /v2/pay/closeorder": _close,
    "POST /v2/pay/micropay": micropay,
    "POST /v2/secapi/pay/reverse": reverse,
    "POST /v2/pay/facepay": pay_by_face,
    "POST /v2/pay/facepayquery": _query,
    "POST /v2/secapi/pay/facepayreverse": reverse,
}
