"""Orders and refunds of overseas merchants, over the records of all others; the paths before them answer too.

https://pay.weixin.qq.com/doc/global/v3/zh/4013013953 (Native)

Payers pay in the order's currency, at a rate of one: the emulator keeps no rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import date, rfc3339
from ..world.world import World
from .fen import fen
from .orders import transitions
from .orders.answers import announced, parties
from .orders.apiv3 import asked as asked_order
from .orders.apiv3 import caller, of_sub_merchant
from .orders.codes import pay_by_code
from .orders.links import prepaid
from .orders.record import Order
from .pages import page
from .product import Product, Route
from .refunds.record import Refund
from .refunds.transitions import REFUNDS, asked_refund, named_order, order_of, refund
from .wishes import wish

_RATE = 100_000_000
_MOST = 100
_REFUND_STATES = {"CLOSED": "REFUNDCLOSE"}


def _prepay(world: World, call: Call, trade_type: str) -> dict[str, Any]:
    order = transitions.make(world, asked_order(call, call.json, trade_type))
    return prepaid(order, trade_type, call.base_url, h5="mweb_url")


def _pay_by_code(world: World, call: Call) -> dict[str, Any]:
    payer: Mapping[str, Any] = call.json.get("payer") or {}
    return _told(pay_by_code(world, asked_order(call, call.json, "MICROPAY"), payer.get("auth_code", ""), wish(call)))


def _told(order: Order) -> dict[str, Any]:
    members = announced(order)
    if "transaction_id" in members:
        members["id"] = members.pop("transaction_id")
        members["amount"]["exchange_rate"] = {"type": "SETTLEMENT_RATE", "rate": _RATE}
    return members


def _named(world: World, call: Call, given: Mapping[str, Any]) -> Order:
    """The order of the path."""
    mchid = caller(call, given)
    if "transaction_id" in call.values:
        order = transitions.find_paid(world, mchid, call.values["transaction_id"])
    else:
        order = transitions.find(world, mchid, call.values["out_trade_no"])
    return of_sub_merchant(order, given)


def _query(world: World, call: Call) -> dict[str, Any]:
    return _told(_named(world, call, call.query))


def _close(world: World, call: Call) -> None:
    transitions.close(world, _named(world, call, call.json))


def _reverse(world: World, call: Call) -> None:
    order = _named(world, call, call.json)
    if order.paid and date(order.paid_at) != date(world.now):
        raise Refusal(403, "REVERSE_EXPIRE", "只能撤销当天的订单，请使用退款")
    transitions.reverse(world, order)


def _reverse_hk(world: World, call: Call) -> dict[str, Any]:
    _reverse(world, call)
    order = _named(world, call, call.json)
    return {**parties(order), "out_trade_no": order.out_trade_no, "id": order.transaction_id}


def _refund(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    if "amount" not in content:
        raise refusal.bad_parameter("/amount", "body", "required, but missing")
    order = named_order(world, call, content)
    amount = fen(content["amount"]["refund"], "/amount/refund")
    asked = asked_refund(call, order, content, content["out_refund_no"], amount)
    made = refund(world, order, asked, content["amount"]["total"])
    told = _told_refund(made, order)
    return {name: told[name] for name in ("id", "out_refund_no", "create_time", "amount")}


def _told_refund(found: Refund, order: Order) -> dict[str, Any]:
    members: dict[str, Any] = {
        "id": found.refund_id,
        "out_refund_no": found.out_refund_no,
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "channel": found.channel,
        "recv_account": found.account,
        "fund_source": "REFUND_SOURCE_UNSETTLED_FUNDS",
        "create_time": rfc3339(found.made),
        "status": _REFUND_STATES.get(found.state, found.state),
        "amount": {
            "refund": found.amount,
            "currency": order.currency,
            "payer_refund": found.amount,
            "payer_currency": order.currency,
            "exchange_rate": {"type": "USERPAYMENT_RATE", "rate": _RATE},
        },
    }
    return members | ({"success_time": rfc3339(found.finished)} if found.finished else {})


def _query_refund(world: World, call: Call) -> dict[str, Any]:
    mchid = caller(call, call.query)
    if "refund_id" in call.values:
        found = world.of(REFUNDS).one("refund_id", call.values["refund_id"])
    else:
        found = world.of(REFUNDS).get(f"{mchid}/{call.values['out_refund_no']}")
    if found is None or found.mchid != mchid:
        raise refusal.not_found("退款单不存在")
    return _told_refund(found, of_sub_merchant(order_of(world, found), call.query))


def _list_refunds(world: World, call: Call) -> dict[str, Any]:
    caller(call, call.query)
    order = named_order(world, call, call.query)
    offset, count = page(call.query, "offset", "count", usual=_MOST, most=_MOST)
    found = [_told_refund(one, order) for one in world.of(REFUNDS).by("order", order.key)]
    shown = [
        {name: value for name, value in told.items() if name not in {"transaction_id", "out_trade_no"}}
        for told in found[offset : offset + count]
    ]
    amount = {
        "total": order.total,
        "currency": order.currency,
        "payer_total": order.total,
        "payer_currency": order.currency,
    }
    return {
        **parties(order),
        "id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "amount": amount,
        "data": shown,
        "total_num": len(found),
        "current_total_num": len(shown),
    }


def _routes(base: str, codes: str, by_code: str, reverse: Callable[[World, Call], Any]) -> dict[str, Route]:
    numbers = ("id/{transaction_id}", "out-trade-no/{out_trade_no}")
    ways = {"jsapi": "JSAPI", "app": "APP", "native": "NATIVE", "mweb": "MWEB"}
    return {
        **{f"POST {base}/transactions/{way}": partial(_prepay, trade_type=kind) for way, kind in ways.items()},
        **{f"GET {base}/transactions/{number}": _query for number in numbers},
        **{f"POST {base}/transactions/{number}/close": _close for number in numbers},
        **{f"POST {base}/{codes}/{number}/reverse": reverse for number in numbers},
        f"POST {base}/{codes}/{by_code}": _pay_by_code,
        f"POST {base}/refunds": _refund,
        f"GET {base}/refunds": _list_refunds,
        f"GET {base}/refunds/id/{{refund_id}}": _query_refund,
        f"GET {base}/refunds/out-refund-no/{{out_refund_no}}": _query_refund,
    }


PRODUCT = Product(
    name="overseas",
    routes=_routes("/v3/global", "micropay/transactions", "pay", _reverse)
    | _routes("/hk/v3", "transactions", "micropay", _reverse_hk),
)
