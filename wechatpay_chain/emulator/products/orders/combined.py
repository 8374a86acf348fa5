"""Combined orders: up to 50 orders of several merchants, paid at once and refunded one by one.

https://pay.weixin.qq.com/doc/v3/merchant/4012557004
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.times import rfc3339
from ...world import numbers
from ...world.records import Kind, Record
from ...world.world import World
from ..fen import fen
from ..product import Route
from . import transitions
from .apiv3 import code_url, expiry, h5_url
from .record import Order

_BASE = "/v3/combine-transactions"
_MOST = 50
_TRADE_TYPES = {"jsapi": "JSAPI", "miniprogram": "JSAPI", "app": "APP", "h5": "MWEB", "native": "NATIVE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined(Record):
    """A combined order. `mchid` is who made it.

    Attributes:
        out_trade_no: its own number.
        appid: of who made it.
        trade_type: as of an order.
        content: what was asked for, to be compared with a repeat.
        notify_url: where it is announced.
        prepay_id: what a front end pays by.
        code: what ends the link to its payment.
        orders: the keys of the orders in it.
        transaction_id: the platform's number, once it was paid.
        openid: the payer's.
    """

    out_trade_no: str
    appid: str
    trade_type: str
    content: dict[str, Any] = field(repr=False)
    notify_url: str = ""
    prepay_id: str = ""
    code: str = ""
    orders: list[str]
    transaction_id: str = ""
    openid: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_trade_no}"


def pay(world: World, combined: Combined, *, bank_type: str = "OTHERS", openid: str = "") -> Combined:
    """A payer pays all orders, and who made them is told once.

    Raises:
        Refusal: an order of them can't be paid.
    """
    payer = combined.openid or openid or numbers.openid()
    for order in orders_of(world, combined):
        transitions.take(world, order, bank_type=bank_type, openid=payer)
    paid = world.of(COMBINED).put(
        combined.moved("SUCCESS", world.now, transaction_id=numbers.transaction_id(world.now), openid=payer)
    )
    world.announce(
        mchid=paid.mchid,
        about=(COMBINED.name, paid.key),
        notify_url=paid.notify_url,
        event_type="TRANSACTION.SUCCESS",
        original_type="transaction",
        summary="支付成功",
        resource=told(world, paid),
    )
    return paid


def orders_of(world: World, combined: Combined) -> list[Order]:
    """The orders in a combined one."""
    table = world.of(transitions.ORDERS)
    return [order for key in combined.orders if (order := table.get(key)) is not None]


def told(world: World, combined: Combined) -> dict[str, Any]:
    """The combined order as a query, or its notification, tells it."""
    members: dict[str, Any] = {
        "combine_appid": combined.appid,
        "combine_mchid": combined.mchid,
        "combine_out_trade_no": combined.out_trade_no,
        "combine_transaction_id": combined.transaction_id,
        "sub_orders": [_told_part(order) for order in orders_of(world, combined)],
    }
    if combined.openid:
        members["combine_payer_info"] = {"openid": combined.openid}
    if "scene_info" in combined.content:
        members["scene_info"] = {"device_id": combined.content["scene_info"].get("device_id", "")}
    return members


def _told_part(order: Order) -> dict[str, Any]:
    members: dict[str, Any] = {
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "trade_type": order.trade_type,
        "trade_state": order.state,
        "attach": order.attach,
        "amount": {
            "total_amount": order.total,
            "currency": order.currency,
            "payer_amount": order.total,
            "payer_currency": order.currency,
        },
    }
    if order.sub_mchid:
        members["sub_mchid"] = order.sub_mchid
    if order.sub_appid:
        members["sub_appid"] = order.sub_appid
    if order.paid:
        members |= {
            "transaction_id": order.transaction_id,
            "bank_type": order.bank_type,
            "success_time": rfc3339(order.paid_at),
        }
    return members


def _prepay(world: World, call: Call, trade_type: str) -> dict[str, Any]:
    combined = _make(world, call, trade_type)
    if trade_type == "NATIVE":
        return {"code_url": code_url(combined, call.base_url)}
    if trade_type == "MWEB":
        return {"h5_url": h5_url(combined, call.base_url)}
    return {"prepay_id": combined.prepay_id}


def _make(world: World, call: Call, trade_type: str) -> Combined:
    content: dict[str, Any] = call.json
    if content["combine_mchid"] != call.mchid:
        raise refusal.other_merchant("/combine_mchid")
    if not 0 < len(content["sub_orders"]) <= _MOST:
        raise refusal.bad_parameter("/sub_orders", "body", f"1 to {_MOST} orders are expected")
    table = world.of(COMBINED)
    known = table.get(f"{call.mchid}/{content['combine_out_trade_no']}")
    if known is not None:
        if known.content != content or known.trade_type != trade_type:
            raise refusal.number_used()
        if known.state != "NOTPAY":
            raise refusal.order_paid() if known.state == "SUCCESS" else refusal.order_closed()
        return table.put(replace(known, prepay_id=numbers.prepay_id(call.time)))
    expires = expiry(call, content.get("time_expire"))
    payer: Mapping[str, Any] = content.get("combine_payer_info") or {}
    combined = Combined(
        mchid=call.mchid,
        made=call.time,
        state="NOTPAY",
        due=expires,
        history=((call.time, "NOTPAY"),),
        out_trade_no=content["combine_out_trade_no"],
        appid=content["combine_appid"],
        trade_type=trade_type,
        content=content,
        notify_url=content.get("notify_url", ""),
        prepay_id=numbers.prepay_id(call.time),
        code=numbers.code(),
        orders=[],
        openid=payer.get("openid", ""),
    )
    parts = [_part(part, combined, expires) for part in content["sub_orders"]]
    for part in parts:
        if world.of(transitions.ORDERS).get(part.key) is not None:
            raise refusal.number_used()
        world.of(transitions.ORDERS).put(part)
    return table.put(replace(combined, orders=[part.key for part in parts]))


def _part(part: Mapping[str, Any], combined: Combined, expires: float) -> Order:
    settlement: Mapping[str, Any] = part.get("settle_info") or {}
    return Order(
        mchid=part["mchid"],
        made=combined.made,
        state="NOTPAY",
        history=combined.history,
        out_trade_no=part["out_trade_no"],
        sub_mchid=part.get("sub_mchid", ""),
        appid=combined.appid,
        sub_appid=part.get("sub_appid", ""),
        trade_type=combined.trade_type,
        content=dict(part),
        total=fen(part["amount"]["total_amount"], "/sub_orders/amount/total_amount"),
        currency=part["amount"].get("currency", "CNY"),
        description=part["description"],
        attach=part.get("attach", ""),
        expires=expires,
        sharing=bool(settlement.get("profit_sharing")),
        combined=combined.key,
    )


def _query(world: World, call: Call) -> dict[str, Any]:
    return told(world, _find(world, call))


def _query_by_id(world: World, call: Call) -> dict[str, Any]:
    combined = world.of(COMBINED).one("transaction_id", call.values["combine_transaction_id"])
    if combined is None or combined.mchid != call.mchid:
        raise refusal.no_order()
    return told(world, combined)


def _close(world: World, call: Call) -> None:
    combined = _find(world, call)
    given = {f"{part['mchid']}/{part['out_trade_no']}" for part in call.json["sub_orders"]}
    if given != set(combined.orders):
        raise refusal.bad_parameter("/sub_orders", "body", "not the orders of the combined order")
    close(world, combined)


def close(world: World, combined: Combined) -> Combined:
    """The orders are closed together; closed ones stay so.

    Raises:
        Refusal: they are paid.
    """
    if combined.state == "CLOSED":
        return combined
    if combined.state != "NOTPAY":
        raise refusal.order_paid()
    for order in orders_of(world, combined):
        transitions.close(world, order)
    return world.of(COMBINED).put(combined.moved("CLOSED", world.now))


def ripen(world: World, combined: Combined) -> None:
    """The time of a combined order is over."""
    close(world, combined)


def _find(world: World, call: Call) -> Combined:
    combined = world.of(COMBINED).get(f"{call.mchid}/{call.values['combine_out_trade_no']}")
    if combined is None:
        raise refusal.no_order()
    return combined


COMBINED = Kind(
    name="combined_orders",
    record=Combined,
    key=lambda combined: combined.key,
    indexes={
        "out_trade_no": lambda found: found.out_trade_no,
        "prepay_id": lambda combined: combined.prepay_id or None,
        "code": lambda combined: combined.code or None,
        "transaction_id": lambda combined: combined.transaction_id or None,
    },
    ripen=ripen,
)

ROUTES: dict[str, Route] = {
    **{f"POST {_BASE}/{way}": partial(_prepay, trade_type=kind) for way, kind in _TRADE_TYPES.items()},
    f"GET {_BASE}/out-trade-no/{{combine_out_trade_no}}": _query,
    f"GET {_BASE}/id/{{combine_transaction_id}}": _query_by_id,
    f"POST {_BASE}/out-trade-no/{{combine_out_trade_no}}/close": _close,
}
