"""What can happen to the money of an order that is shared.

https://pay.weixin.qq.com/doc/v3/merchant/4012528995 (receivers), https://pay.weixin.qq.com/doc/v3/merchant/4012529092
(orders)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.refusal import Refusal
from ...platform.times import rfc3339
from ...world import numbers
from ...world.records import Kind
from ...world.world import World
from ..orders import ORDERS
from ..orders.answers import merchants
from ..orders.record import Order
from ..wishes import PREFIX
from .records import Receiver, Sharing

_MOST_REQUESTS = 50
_MOST_RECEIVERS = 50
RATIO = 3000
"""What may be shared without a special agreement, of ten thousand."""
TRANSIT = 1
"""Seconds that the money is under way."""
_FAILURES = {
    "ACCOUNT_ABNORMAL",
    "NO_RELATION",
    "RECEIVER_HIGH_RISK",
    "RECEIVER_REAL_NAME_NOT_VERIFIED",
    "NO_AUTH",
    "RECEIVER_RECEIPT_LIMIT",
}


def add(world: World, call: Call, content: dict[str, Any], sub_mchid: str) -> Receiver:
    """Let someone get parts; who may already, still may.

    Args:
        world: where it is kept.
        call: of the merchant whose receiver it is.
        content: the receiver, with the members that APIv3 gives it.
        sub_mchid: whose orders are shared, of a partner.

    Raises:
        Refusal: a merchant without a name.
    """
    if content["type"] == "MERCHANT_ID" and not content.get("name"):
        raise refusal.bad_parameter("/name", "body", "required where type is MERCHANT_ID, but missing")
    return world.of(RECEIVERS).put(
        Receiver(
            mchid=call.mchid,
            made=call.time,
            state="ADDED",
            history=((call.time, "ADDED"),),
            sub_mchid=sub_mchid,
            type=content["type"],
            account=content["account"],
            content=content,
        )
    )


def remove(world: World, mchid: str, sub_mchid: str, kind: str, account: str) -> None:
    """Let someone get no parts any more.

    Raises:
        Refusal: nobody such was added.
    """
    key = f"{mchid}/{sub_mchid}/{kind}/{account}"
    if world.of(RECEIVERS).get(key) is None:
        raise refusal.invalid_state("分账接收方不存在")
    world.of(RECEIVERS).remove(key)


def left(order: Order) -> int:
    """What of an order can still be shared, in fen."""
    return order.total - order.refunded - order.shared if order.sharing else 0


def asked(
    call: Call,
    order: Order,
    out_order_no: str,
    receivers: Iterable[Mapping[str, Any]],
    content: dict[str, Any],
    *,
    unfreezes: bool,
) -> Sharing:
    """The sharing that a call asks for, not yet made.

    Args:
        call: asks.
        order: what is shared.
        out_order_no: the merchant's number.
        receivers: `type`, `account`, `amount` and `description` of each.
        content: is compared with a repeat.
        unfreezes: whether what is left becomes the merchant's own.
    """
    created = rfc3339(call.time)
    return Sharing(
        mchid=call.mchid,
        made=call.time,
        state="PROCESSING",
        out_order_no=out_order_no,
        order_id=numbers.sharing_id(),
        order=order.key,
        content=content,
        parts=[
            {name: receiver[name] for name in ("type", "account", "amount", "description")}
            | {"result": "PENDING", "detail_id": numbers.sharing_id(), "create_time": created, "finish_time": created}
            for receiver in receivers
        ],
        unfreezes=unfreezes,
    )


def share(world: World, order: Order, asked: Sharing, owner: str | None = None) -> Sharing:
    """Share an order, or unfreeze it; a repeat gives the same answer.

    Args:
        world: keeps it.
        order: what is shared.
        asked: the sharing as asked for.
        owner: whose receivers get parts, as `Receiver.sub_mchid`; by default the order's sub-merchant's.

    Raises:
        Refusal: the number was used with other content, a receiver is unknown, or the order hasn't so much to share.
    """
    known = world.of(SHARINGS).get(asked.key)
    if known is not None:
        if known.content != asked.content:
            raise refusal.repeated("商户分账单号重复，且请求参数与首次请求不一致")
        return known
    amount = sum(part["amount"] for part in asked.parts)
    _check(world, order, asked, amount, order.sub_mchid if owner is None else owner)
    world.of(ORDERS).put(replace(order, shared=order.shared + amount, sharing=order.sharing and not asked.unfreezes))
    return world.of(SHARINGS).put(replace(asked, due=world.now + TRANSIT, history=((world.now, asked.state),)))


def _check(world: World, order: Order, asked: Sharing, amount: int, owner: str) -> None:
    if not order.sharing:
        raise Refusal(400, "INVALID_REQUEST", "非分账订单不支持分账，或剩余资金已解冻", code_v2="NOT_SHARE_ORDER")
    if len(asked.parts) > _MOST_RECEIVERS:
        raise refusal.bad_parameter("/receivers", "body", f"at most {_MOST_RECEIVERS} receivers are allowed")
    if len(world.of(SHARINGS).by("order", order.key)) >= _MOST_REQUESTS:
        raise refusal.invalid_state(f"一笔订单最多分账{_MOST_REQUESTS}次")
    for index, part in enumerate(asked.parts):
        if part["amount"] <= 0:
            raise refusal.bad_parameter(f"/receivers/{index}/amount", "body", "at least 1 is required")
        receiver = f"{asked.mchid}/{owner}/{part['type']}/{part['account']}"
        if world.of(RECEIVERS).get(receiver) is None:
            raise refusal.invalid_state("分账接收方不存在，请先添加分账接收方")
    if amount > left(order):
        raise Refusal(403, "NOT_ENOUGH", "分账金额不足，剩余待分金额小于请求金额")
    if (order.shared + amount) * 10000 > order.total * RATIO:
        raise Refusal(403, "RULE_LIMIT", "分账金额超过最大分账比例", code_v2="RULE_LIMIT")


def finish(world: World, sharing: Sharing) -> Sharing:
    """The receivers have their money, or can't have it; each success is announced."""
    now, closed = world.now, 0
    parts: list[dict[str, Any]] = []
    for part in sharing.parts:
        failure = part["description"].removeprefix(PREFIX)
        fails = part["description"].startswith(PREFIX) and failure in _FAILURES
        ended = {**part, "result": "CLOSED" if fails else "SUCCESS", "finish_time": rfc3339(now)}
        parts.append(ended | {"fail_reason": failure} if fails else ended)
        closed += part["amount"] if fails else 0
    order = order_of(world, sharing)
    world.of(ORDERS).put(replace(order, shared=order.shared - closed))
    done = world.of(SHARINGS).put(sharing.moved("FINISHED", now, parts=parts))
    for part in parts:
        if part["result"] == "SUCCESS":
            _announce(world, done, order, part)
    return done


def _announce(world: World, sharing: Sharing, order: Order, part: Mapping[str, Any]) -> None:
    receiver = {name: part[name] for name in ("type", "account", "amount", "description")}
    world.announce(
        mchid=sharing.mchid,
        about=(SHARINGS.name, sharing.key),
        # The portal holds the address of these, not the call.
        notify_url="",
        event_type="TRANSACTION.SUCCESS",
        original_type="profitsharing",
        summary="分账",
        resource={
            **merchants(order),
            "transaction_id": order.transaction_id,
            "order_id": sharing.order_id,
            "out_order_no": sharing.out_order_no,
            "receiver": receiver,
            "success_time": part["finish_time"],
        },
    )


def order_of(world: World, sharing: Sharing) -> Order:
    """The order that a sharing is of."""
    order = world.of(ORDERS).get(sharing.order)
    if order is None:
        raise refusal.no_order()
    return order


def paid(world: World, call: Call, transaction_id: str, sub_mchid: str | None) -> Order:
    """The paid order of the platform's number.

    Args:
        world: has it.
        call: of the merchant whose order it must be.
        transaction_id: the platform's number.
        sub_mchid: whose order it must be; None where the call doesn't say.

    Raises:
        Refusal: there is none.
    """
    order = world.of(ORDERS).one("transaction_id", transaction_id)
    if order is None or order.mchid != call.mchid or sub_mchid not in {None, order.sub_mchid}:
        raise refusal.no_order()
    return order


def find(world: World, call: Call, out_order_no: str, order: Order) -> Sharing:
    """The sharing of a merchant's number.

    Raises:
        Refusal: the order has none.
    """
    sharing = world.of(SHARINGS).get(f"{call.mchid}/{out_order_no}")
    if sharing is None or sharing.order != order.key:
        raise refusal.not_found("分账单不存在")
    return sharing


def named(world: World, call: Call, given: Mapping[str, Any]) -> Sharing:
    """The sharing that a call about a return names by either number.

    Raises:
        Refusal: there is none, or neither number is given.
    """
    if given.get("order_id"):
        sharing = world.of(SHARINGS).one("order_id", given["order_id"])
    elif given.get("out_order_no"):
        sharing = world.of(SHARINGS).get(f"{call.mchid}/{given['out_order_no']}")
    else:
        raise refusal.bad_parameter("/order_id", "body", "order_id or out_order_no is required")
    if sharing is None or sharing.mchid != call.mchid:
        raise refusal.not_found("分账单不存在")
    return sharing


def _ripen(world: World, sharing: Sharing) -> None:
    finish(world, sharing)


RECEIVERS = Kind(name="receivers", record=Receiver, key=lambda receiver: receiver.key)
SHARINGS = Kind(
    name="sharings",
    record=Sharing,
    key=lambda sharing: sharing.key,
    indexes={"order": lambda sharing: sharing.order, "order_id": lambda sharing: sharing.order_id},
    ripen=_ripen,
)
