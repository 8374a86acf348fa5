"""What can happen to an order.

https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (make)
https://pay.weixin.qq.com/doc/v3/merchant/4012791881 (close)
"""

from __future__ import annotations

from dataclasses import replace

from ...platform import refusal
from ...platform.refusal import Refusal
from ...world import numbers
from ...world.records import Kind
from ...world.world import World
from .answers import announced, announced_v2
from .record import Order

LIFETIME = 7 * 86400
"""Seconds until an order without `time_expire` closes."""
_REVERSIBLE = 7 * 86400
PREPAY_LIFETIME = 2 * 3600
"""Seconds that a `prepay_id` and a `code_url` live."""


def make(world: World, order: Order) -> Order:
    """Make an order, or give the one that is repeated a fresh `prepay_id`.

    Raises:
        Refusal: the number was used with other content, or the order is paid or closed.
    """
    known = world.of(ORDERS).get(order.key)
    if known is None:
        return world.of(ORDERS).put(begun(order))
    if known.content != order.content or known.trade_type != order.trade_type:
        raise refusal.number_used()
    if known.state != "NOTPAY":
        raise ended(known)
    return world.of(ORDERS).put(replace(known, prepay_id=numbers.prepay_id(world.now), prepaid=world.now))


def begun(order: Order) -> Order:
    """An order with what a new one is given."""
    return replace(
        order,
        prepay_id=numbers.prepay_id(order.made),
        code=numbers.code(),
        prepaid=order.made,
        due=order.expires,
        history=((order.made, order.state),),
    )


def find(world: World, mchid: str, out_trade_no: str) -> Order:
    """The order of a merchant's number.

    Raises:
        Refusal: there is none.
    """
    order = world.of(ORDERS).get(f"{mchid}/{out_trade_no}")
    if order is None:
        raise refusal.no_order()
    return order


def find_paid(world: World, mchid: str, transaction_id: str) -> Order:
    """The paid order of the platform's number.

    Raises:
        Refusal: the merchant has none.
    """
    order = world.of(ORDERS).one("transaction_id", transaction_id)
    if order is None or order.mchid != mchid:
        raise refusal.no_order()
    return order


def pay(world: World, order: Order, *, bank_type: str = "OTHERS", openid: str = "") -> Order:
    """A payer pays, and the merchant is told.

    Raises:
        Refusal: the order is paid or closed, or its payment failed.
    """
    taken = take(world, order, bank_type=bank_type, openid=openid)
    # A code payment's own answer, or a query, is all that is told of it; a combined order is announced as a whole.
    if taken.trade_type != "MICROPAY" and not taken.combined:
        _announce(world, taken)
    return taken


def take(world: World, order: Order, *, bank_type: str = "OTHERS", openid: str = "") -> Order:
    """An order's money comes in.

    Raises:
        Refusal: the order is paid or closed, or its payment failed.
    """
    if order.state not in {"NOTPAY", "USERPAYING"}:
        raise ended(order)
    return world.of(ORDERS).put(paid(order, world.now, bank_type=bank_type, openid=openid))


def paid(order: Order, now: float, *, bank_type: str = "OTHERS", openid: str = "") -> Order:
    """An order as it is when it has been paid."""
    return order.moved(
        "SUCCESS",
        now,
        transaction_id=numbers.transaction_id(now),
        paid_at=now,
        openid=order.openid or openid or numbers.openid(),
        sub_openid=order.sub_openid or (numbers.openid() if order.sub_appid else ""),
        bank_type=bank_type,
    )


def fail(world: World, order: Order) -> Order:
    """A payer's payment fails; only of a code payment the order ends with it."""
    if order.state != "USERPAYING":
        return order
    return world.of(ORDERS).put(order.moved("PAYERROR", world.now))


def cancel(world: World, order: Order) -> Order:
    """The payer leaves without paying. A code payment isn't being paid any more; other orders stay as they are.

    Raises:
        Refusal: the order is paid or closed, or its payment failed.
    """
    if order.state == "NOTPAY":
        return order
    if order.state != "USERPAYING":
        raise ended(order)
    return world.of(ORDERS).put(order.moved("NOTPAY", world.now, due=order.expires))


def close(world: World, order: Order) -> Order:
    """The merchant closes an unpaid order; a closed one stays so.

    Raises:
        Refusal: it is paid or being paid.
    """
    if order.state == "CLOSED":
        return order
    if order.state == "USERPAYING":
        raise Refusal(202, "USERPAYING", "用户支付中，需要输入密码")
    if order.state != "NOTPAY":
        raise ended(order)
    return world.of(ORDERS).put(order.moved("CLOSED", world.now))


def reverse(world: World, order: Order) -> Order:
    """The merchant calls off a payment by code or face: one unpaid ends, one paid goes back. Repeats change nothing.

    https://pay.weixin.qq.com/doc/v3/merchant/4012382161

    Raises:
        Refusal: it is no payment by code or face, was paid more than seven days ago, or a part was refunded.
    """
    if order.state in {"REVOKED", "CLOSED"}:
        return order
    if order.trade_type not in {"MICROPAY", "FACEPAY"}:
        raise refusal.invalid_state("只有付款码支付和刷脸支付的订单可以撤销")
    if order.paid and world.now - order.paid_at > _REVERSIBLE:
        raise Refusal(403, "REVERSE_EXPIRE", "订单已超过撤销期限，请使用退款")
    if order.refunded or order.shared:
        raise refusal.invalid_state("订单已发生退款或分账，不能撤销")
    return world.of(ORDERS).put(order.moved("REVOKED", world.now, due=None, refunded=order.total if order.paid else 0))


def ripen(world: World, order: Order) -> None:
    """The time of an order is over, or the payer of a code payment made up his mind."""
    if order.state == "USERPAYING" and order.then == "SUCCESS":
        pay(world, order)
    elif order.state == "USERPAYING":
        fail(world, order)
    else:
        close(world, order)


def _announce(world: World, order: Order) -> None:
    told = announced_v2(order) if order.protocol == "v2" else announced(order)
    world.announce(
        mchid=order.mchid,
        about=("orders", order.key),
        notify_url=order.notify_url,
        event_type="transaction-success" if order.protocol == "v2" else "TRANSACTION.SUCCESS",
        original_type="" if order.protocol == "v2" else "transaction",
        summary="支付成功",
        resource=told,
        protocol=order.protocol,
    )


def ended(order: Order) -> Refusal:
    """Why an order that ended can't be paid or made."""
    if order.paid:
        return refusal.order_paid()
    return refusal.order_closed()


ORDERS = Kind(
    name="orders",
    record=Order,
    key=lambda order: order.key,
    indexes={
        "out_trade_no": lambda found: found.out_trade_no,
        "transaction_id": lambda order: order.transaction_id or None,
        "prepay_id": lambda order: order.prepay_id or None,
        "code": lambda order: order.code or None,
    },
    ripen=ripen,
)
