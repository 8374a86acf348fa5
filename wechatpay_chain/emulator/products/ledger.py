"""The movements of a merchant's money, computed from the records of all products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..world.world import World
from .deposits import CONSUMPTIONS
from .orders import ORDERS
from .orders.record import Order
from .red_packets import RED_PACKETS
from .refunds import REFUNDS, Refund, order_of
from .sharing import RETURNS, SHARINGS, Sharing
from .transfers import TRANSFERS

_RATE = 60
"""The platform's fee of a payment, in ten-thousandths."""
RATE_TEXT = "0.60%"

OPENING_BALANCE = 100_000_000
"""The balance with which every merchant's account begins, in fen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money came in or went out.

    Attributes:
        time: when, Unix time in seconds.
        number: the platform's number of what caused it.
        out_number: the merchant's.
        kind: the name of the business.
        amount: in fen, negative for what went out.
    """

    time: float
    number: str
    out_number: str
    kind: str
    amount: int


def fee(total: int) -> int:
    """The platform's fee of a sum, in fen, rounded half up."""
    return (total * _RATE + 5000) // 10000


def payments(world: World, mchid: str, sub_mchid: str | None, begin: float, end: float) -> list[Order]:
    """The orders of a merchant that were paid in a time, the earliest first."""
    found = [
        order
        for order in world.of(ORDERS)
        if order.mchid == mchid and begin <= order.paid_at < end and (sub_mchid is None or order.sub_mchid == sub_mchid)
    ]
    return sorted(found, key=lambda order: order.paid_at)


def refunds(world: World, mchid: str, sub_mchid: str | None, begin: float, end: float) -> list[tuple[Refund, Order]]:
    """The refunds of a merchant that were asked for in a time, with their orders, the earliest first."""
    found = [
        (refund, order_of(world, refund))
        for refund in world.of(REFUNDS)
        if refund.mchid == mchid and begin <= refund.made < end
    ]
    return [(refund, order) for refund, order in found if sub_mchid is None or order.sub_mchid == sub_mchid]


def movements(world: World, mchid: str, end: float) -> list[Movement]:
    """The movements of a merchant's money before a time, the earliest first."""
    found = [*_of_orders(world, mchid), *_of_sharings(world, mchid), *_of_transfers(world, mchid)]
    return sorted((one for one in found if one.time < end), key=lambda one: one.time)


def _of_orders(world: World, mchid: str) -> Iterator[Movement]:
    for order in world.of(ORDERS):
        if order.mchid != mchid or not order.paid_at:
            continue
        yield _moved(order.paid_at, order.transaction_id, order.out_trade_no, "交易", order.total)
        if fee(order.total):
            yield _moved(order.paid_at, order.transaction_id, order.out_trade_no, "扣除交易手续费", -fee(order.total))
        if order.state == "REVOKED":
            revoked = order.history[-1][0]
            yield _moved(revoked, order.transaction_id, order.out_trade_no, "撤销", fee(order.total) - order.total)
        consumed = world.of(CONSUMPTIONS).get(order.key)
        if consumed is not None and consumed.released:
            yield _moved(consumed.made, order.transaction_id, order.out_trade_no, "押金退回", -consumed.released)
    for refund in world.of(REFUNDS):
        if refund.mchid == mchid:
            yield _moved(refund.made, refund.refund_id, refund.out_refund_no, "退款", -refund.amount)
            if refund.state == "CLOSED":
                closed = refund.history[-1][0]
                yield _moved(closed, refund.refund_id, refund.out_refund_no, "退款退回", refund.amount)


def _of_sharings(world: World, mchid: str) -> Iterator[Movement]:
    for sharing in world.of(SHARINGS):
        for part in sharing.parts if sharing.mchid == mchid and sharing.state == "FINISHED" else ():
            if part["result"] == "SUCCESS":
                yield _moved(sharing.history[-1][0], part["detail_id"], sharing.out_order_no, "分账", -part["amount"])
    for found in world.of(RETURNS):
        if found.mchid == mchid and found.state == "SUCCESS":
            yield _moved(found.finished, found.return_id, found.out_return_no, "分账回退", found.amount)


def _of_transfers(world: World, mchid: str) -> Iterator[Movement]:
    for transfer in world.of(TRANSFERS):
        if transfer.mchid == mchid and transfer.state == "SUCCESS":
            yield _moved(
                transfer.updated, transfer.transfer_bill_no, transfer.out_bill_no, "商家转账", -transfer.amount
            )
    for packet in world.of(RED_PACKETS):
        if packet.mchid == mchid:
            yield _moved(packet.made, packet.send_listid, packet.mch_billno, "微信红包", -packet.amount)
            if packet.state == "REFUND":
                returned = packet.history[-1][0]
                yield _moved(returned, packet.send_listid, packet.mch_billno, "微信红包退回", packet.amount)


def _moved(time: float, number: str, out_number: str, kind: str, amount: int) -> Movement:
    return Movement(time=time, number=number, out_number=out_number, kind=kind, amount=amount)


def shared_parts(world: World, mchid: str, begin: float, end: float) -> list[tuple[Sharing, Order, dict[str, Any]]]:
    """The sharings of a merchant that ended in a time, with their order and each part of them."""
    return [
        (sharing, order, part)
        for sharing in world.of(SHARINGS)
        if sharing.mchid == mchid and sharing.state == "FINISHED" and begin <= sharing.history[-1][0] < end
        if (order := world.of(ORDERS).get(sharing.order)) is not None
        for part in sharing.parts
    ]
