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
from .record import Order
from .texts import announced

LIFETIME = 7 * 86400
"""Seconds until an order without `time_expire` closes."""
PREPAY_LIFETIME = 2 * 3600
"""Seconds that a `prepay_id` and a `code_url` live."""


def make(world: World, order: Order) -> Order:
    """Make an order, or give the one that is repeated a fresh `prepay_id`.

    Raises:
        Refusal: the number was used with other content, or the order is paid or closed.
    """
    known = world.of(ORDERS).get(order.key)
    if known is None:
        return world.of(ORDERS).put(
            replace(
                order,
                prepay_id=numbers.prepay_id(order.made),
                code=numbers.code(),
                due=order.expires,
                history=((order.made, order.state),),
            )
        )
    if known.content != order.content or known.trade_type != order.trade_type:
        raise refusal.number_used()
    if known.state != "NOTPAY":
        raise _ended(known)
    return world.of(ORDERS).put(replace(known, prepay_id=numbers.prepay_id(world.now)))


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


def pay(world: World, order: Order, *, bank_type: str = "OTHERS") -> Order:
    """A payer pays.

    Raises:
        Refusal: the order is paid, closed, or its payment failed.
    """
    if order.state not in {"NOTPAY", "USERPAYING"}:
        raise _ended(order)
    now = world.now
    paid = world.of(ORDERS).put(
        order.moved(
            "SUCCESS",
            now,
            transaction_id=numbers.transaction_id(now),
            paid_at=now,
            openid=order.openid or numbers.openid(),
            sub_openid=order.sub_openid or (numbers.openid() if order.sub_appid else ""),
            bank_type=bank_type,
        )
    )
    # https://pay.weixin.qq.com/doc/v3/merchant/4012791861: a code payment's answer is all that is told of it.
    if paid.trade_type != "MICROPAY" and not paid.combined:
        world.announce(
            mchid=paid.mchid,
            about=("orders", paid.key),
            notify_url=paid.notify_url,
            event_type="TRANSACTION.SUCCESS",
            original_type="transaction",
            summary="支付成功",
            resource=announced(paid),
        )
    return paid


def fail(world: World, order: Order) -> Order:
    """A payer's payment fails; only of a code payment the order ends with it."""
    if order.state != "USERPAYING":
        return order
    return world.of(ORDERS).put(order.moved("PAYERROR", world.now))


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
        raise _ended(order)
    return world.of(ORDERS).put(order.moved("CLOSED", world.now))


def ripen(world: World, order: Order) -> None:
    """The time of an order is over."""
    world.of(ORDERS).put(order.moved("PAYERROR" if order.state == "USERPAYING" else "CLOSED", world.now))


def _ended(order: Order) -> Refusal:
    if order.paid:
        return refusal.order_paid()
    return refusal.order_closed()


ORDERS = Kind(
    name="orders",
    record=Order,
    key=lambda order: order.key,
    indexes={
        "transaction_id": lambda order: order.transaction_id or None,
        "prepay_id": lambda order: order.prepay_id or None,
        "code": lambda order: order.code or None,
    },
    ripen=ripen,
)
