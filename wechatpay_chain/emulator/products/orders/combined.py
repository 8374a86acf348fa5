"""Combined orders: up to 50 orders of several merchants, paid at once and refunded one by one.

https://pay.weixin.qq.com/doc/v3/merchant/4012557004
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ...platform import refusal
from ...platform.times import compact, rfc3339
from ...world import numbers
from ...world.records import Kind, Record
from ...world.world import World
from ..json_texts import text
from . import transitions
from .answers import SUCCESS_V2
from .record import Order

MOST = 50
"""So many orders can be in one."""


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

    @property
    def protocol(self) -> Literal["v3", "v2"]:
        """How it was made, which says how it is announced."""
        return "v2" if "combine_mch_id" in self.content else "v3"


def make(world: World, asked: Combined, parts: Sequence[Order]) -> Combined:
    """Make a combined order, or give the one that is repeated a fresh `prepay_id`.

    Args:
        world: keeps it.
        asked: as asked for; `due` says when it closes unpaid.
        parts: the orders in it.

    Raises:
        Refusal: a number was used already, with other content, or the order is paid or closed.
    """
    table = world.of(COMBINED)
    known = table.get(asked.key)
    if known is not None:
        if known.content != asked.content or known.trade_type != asked.trade_type:
            raise refusal.number_used()
        if known.state != "NOTPAY":
            raise refusal.order_paid() if known.state == "SUCCESS" else refusal.order_closed()
        return table.put(replace(known, prepay_id=numbers.prepay_id(world.now)))
    for part in parts:
        if world.of(transitions.ORDERS).get(part.key) is not None:
            raise refusal.number_used()
        world.of(transitions.ORDERS).put(replace(part, history=((part.made, part.state),), combined=asked.key))
    return table.put(
        replace(
            asked,
            prepay_id=numbers.prepay_id(asked.made),
            code=numbers.code(),
            history=((asked.made, asked.state),),
            orders=[part.key for part in parts],
        )
    )


def find(world: World, mchid: str, out_trade_no: str) -> Combined:
    """The combined order of a merchant's number.

    Raises:
        Refusal: there is none.
    """
    combined = world.of(COMBINED).get(f"{mchid}/{out_trade_no}")
    if combined is None:
        raise refusal.no_order()
    return combined


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
        event_type="combined-transactions-success" if paid.protocol == "v2" else "TRANSACTION.SUCCESS",
        original_type="" if paid.protocol == "v2" else "transaction",
        summary="支付成功",
        resource=_announced_v2(world, paid) if paid.protocol == "v2" else told(world, paid),
        protocol=paid.protocol,
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


def _announced_v2(world: World, combined: Combined) -> dict[str, Any]:
    orders = orders_of(world, combined)
    return SUCCESS_V2 | {
        "combine_appid": combined.appid,
        "combine_mch_id": combined.mchid,
        "combine_openid": combined.openid,
        "combine_out_trade_no": combined.out_trade_no,
        "trade_type": combined.trade_type,
        "bank_type": orders[0].bank_type,
        "sub_order_list": text({"order_num": len(orders), "order_list": [_announced_part_v2(one) for one in orders]}),
    }


def _announced_part_v2(order: Order) -> dict[str, Any]:
    return {
        "appid": order.appid,
        "mch_id": order.mchid,
        "openid": order.openid,
        "total_fee": order.total,
        "cash_fee": order.total,
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "attach": order.attach,
        "time_end": compact(order.paid_at),
    }


def close_named(world: World, combined: Combined, named: set[str]) -> Combined:
    """Close the orders of a combined one, all of which must be named.

    Args:
        world: keeps them.
        combined: as asked for.
        named: the keys of the orders that the call names.

    Raises:
        Refusal: these aren't the orders in it, or they are paid.
    """
    if named != set(combined.orders):
        raise refusal.bad_parameter("/sub_orders", "body", "not the orders of the combined order")
    return close(world, combined)


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
