"""What can happen to a refund.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862 (refund)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.refusal import Refusal
from ...world import numbers
from ...world.records import Kind
from ...world.world import World
from ..orders import transitions
from ..orders.record import Order
from ..wishes import wish
from .answers import announced, announced_v2
from .record import Refund

_MOST = 50
_REFUNDABLE = 365 * 86400
# Seconds until the money has arrived.
_TRANSIT = 1
_SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


def refund(world: World, order: Order, asked: Refund, total: int) -> Refund:
    """Give a part of an order back; a repeat gives the same refund.

    Args:
        world: keeps it.
        order: what was paid.
        asked: the refund as asked for.
        total: the order's total, as the merchant says it is.

    Raises:
        Refusal: the number was used with other content, or the order hasn't so much to give.
    """
    known = world.of(REFUNDS).get(asked.key)
    if known is not None:
        if known.content != asked.content:
            raise refusal.repeated("订单金额或退款金额与之前请求不一致，请核实后再试")
        return known
    _check(world, order, asked.amount, total)
    world.of(transitions.ORDERS).put(
        _marked(order, world.now, refunded=order.refunded + asked.amount, refund_count=order.refund_count + 1)
    )
    return world.of(REFUNDS).put(replace(asked, due=world.now + _TRANSIT, history=((world.now, asked.state),)))


def left(order: Order) -> int:
    """What can be given back of an order."""
    return order.total - order.refunded - order.shared


def _check(world: World, order: Order, amount: int, total: int) -> None:
    if not order.paid:
        raise refusal.invalid_state("订单未支付，不能退款")
    if world.now - order.paid_at > _REFUNDABLE:
        raise refusal.invalid_state("订单已超过可退款的最大期限（支付后一年）")
    if total != order.total:
        raise refusal.bad_parameter("/amount/total", "body", "not the order's total", "订单金额不一致")
    if not 0 < amount <= order.total - order.refunded:
        raise refusal.invalid_state("退款金额不合法，累计退款金额大于订单金额")
    if order.refund_count >= _MOST:
        raise refusal.invalid_state(f"一笔订单最多支持{_MOST}次部分退款")
    if amount > left(order):
        raise Refusal(403, "NOT_ENOUGH", "可退余额不足，资金已分账，请先回退分账")


def _marked(order: Order, now: float, **changes: Any) -> Order:
    return replace(order, **changes) if order.state == "REFUND" else order.moved("REFUND", now, **changes)


def finish(world: World, found: Refund) -> Refund:
    """The bank has answered: the money arrived, came back, or can't be delivered. The merchant is told."""
    done = world.of(REFUNDS).put(
        found.moved(found.then, world.now, finished=world.now if found.then == "SUCCESS" else 0.0)
    )
    order = order_of(world, done)
    if done.state == "CLOSED":
        world.of(transitions.ORDERS).put(replace(order, refunded=order.refunded - done.amount))
    told = announced_v2(done, order) if done.protocol == "v2" else announced(done, order)
    world.announce(
        mchid=done.mchid,
        about=(REFUNDS.name, done.key),
        notify_url=done.notify_url,
        event_type="refund-processed" if done.protocol == "v2" else f"REFUND.{done.state}",
        original_type="" if done.protocol == "v2" else "refund",
        summary=_SUMMARIES[done.state],
        resource=told,
        protocol=done.protocol,
    )
    return done


def retry(world: World, found: Refund, *, own: bool) -> Refund:
    """Give money that the payer's account didn't take to another one.

    Args:
        world: keeps the refund.
        found: the refund.
        own: whether that is the merchant's own bank card; else it is the payer's.

    Raises:
        Refusal: it isn't abnormal.
    """
    if found.state != "ABNORMAL":
        raise refusal.invalid_state("退款单状态不是退款异常")
    return world.of(REFUNDS).put(
        found.moved(
            "PROCESSING",
            world.now,
            due=world.now + _TRANSIT,
            then="SUCCESS",
            channel="OTHER_BANKCARD",
            account="商户银行卡" if own else "用户银行卡",
        )
    )


def find(world: World, mchid: str, out_refund_no: str, refund_id: str | None = None) -> Refund:
    """The refund of a merchant's number.

    Args:
        world: has it.
        mchid: whose it must be.
        out_refund_no: the merchant's number.
        refund_id: the platform's number, where the call has that too.

    Raises:
        Refusal: there is none.
    """
    found = world.of(REFUNDS).get(f"{mchid}/{out_refund_no}")
    if found is None or refund_id not in {None, found.refund_id}:
        raise refusal.not_found("退款单不存在")
    return found


def order_of(world: World, found: Refund) -> Order:
    """The order of a refund."""
    order = world.of(transitions.ORDERS).get(found.order)
    if order is None:
        raise refusal.no_order()
    return order


def order_for(world: World, found: Refund, given: Mapping[str, Any]) -> Order:
    """The order of a refund, if it is of the sub-merchant that was named.

    Raises:
        Refusal: it is of another one.
    """
    order = order_of(world, found)
    if order.sub_mchid != given.get("sub_mchid", ""):
        raise refusal.not_found("退款单不存在")
    return order


def asked_refund(call: Call, order: Order, content: dict[str, Any], out_refund_no: str, amount: int) -> Refund:
    """The refund that a call asks for, not yet made.

    Args:
        call: asks.
        order: what was paid.
        content: is compared with a repeat.
        out_refund_no: the merchant's number.
        amount: in fen.
    """
    wished = wish(call)
    return Refund(
        mchid=call.mchid,
        made=call.time,
        state="PROCESSING",
        out_refund_no=out_refund_no,
        refund_id=numbers.refund_id(call.time),
        order=order.key,
        amount=amount,
        content=content,
        protocol="v3" if call.xml is None else "v2",
        notify_url=content.get("notify_url", ""),
        then=wished if wished in {"CLOSED", "ABNORMAL"} else "SUCCESS",
    )


def named_order(world: World, call: Call, content: Mapping[str, Any]) -> Order:
    """The order that a call names by either number.

    Raises:
        Refusal: there is none, or neither number is given.
    """
    if content.get("transaction_id"):
        order = transitions.find_paid(world, call.mchid, content["transaction_id"])
    elif content.get("out_trade_no"):
        order = transitions.find(world, call.mchid, content["out_trade_no"])
    else:
        raise refusal.bad_parameter("/transaction_id", "body", "transaction_id or out_trade_no is required")
    if order.sub_mchid != content.get("sub_mchid", ""):
        raise refusal.no_order()
    return order


def _ripen(world: World, found: Refund) -> None:
    finish(world, found)


REFUNDS = Kind(
    name="refunds",
    record=Refund,
    key=lambda refunded: refunded.key,
    indexes={"order": lambda refunded: refunded.order, "refund_id": lambda refunded: refunded.refund_id},
    ripen=_ripen,
)
