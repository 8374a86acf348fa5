"""Deposits of APIv2: an order that is paid, consumed in part or whole, and given back for the rest.

https://pay.weixin.qq.com/doc/v2/partner/4011986801 (consume)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..world.records import Kind, Record
from ..world.world import World
from .fen import fen
from .orders import transitions
from .orders.answers import told_v2
from .orders.apiv2 import answer_of, fields_of, found, micropay, pay_by_face, reverse, unified
from .orders.record import Order
from .product import Product
from .refunds.apiv2 import query_v2, refund_v2

_BASE = "/v2/deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption(Record):
    """What was kept of a deposit: `CONSUMED`. Sums are in fen.

    Attributes:
        order: the key of the order.
        amount: what the merchant keeps.
        released: what the payer got back at once.
    """

    order: str
    amount: int
    released: int


def consume(world: World, order: Order, amount: int) -> Consumption:
    """Keep a part of a deposit; the rest goes back to the payer. A repeat with the same sum gives the same answer.

    Raises:
        Refusal: it isn't paid, was refunded or consumed otherwise, or hasn't so much.
    """
    known = world.of(CONSUMPTIONS).get(order.key)
    if known is not None:
        if known.amount != amount:
            raise refusal.repeated("押金已消费，且消费金额与首次请求不一致")
        return known
    if not order.paid:
        raise refusal.invalid_state("押金订单未支付，不能消费")
    if order.refunded:
        raise refusal.invalid_state("押金已退款，不能消费")
    if amount > order.total:
        raise Refusal(403, "NOT_ENOUGH", "消费金额大于押金金额")
    released = order.total - amount
    world.of(transitions.ORDERS).put(replace(order, refunded=released))
    return world.of(CONSUMPTIONS).put(
        Consumption(
            mchid=order.mchid,
            made=world.now,
            state="CONSUMED",
            history=((world.now, "CONSUMED"),),
            order=order.key,
            amount=amount,
            released=released,
        )
    )


def _consume(world: World, call: Call) -> dict[str, Any]:
    fields, order = fields_of(call), found(world, call)
    if fen(fields["total_fee"], "total_fee") != order.total:
        raise refusal.bad_parameter("total_fee", "body", "not the order's total", "订单金额不一致")
    consumed = consume(world, order, fen(fields["consume_fee"], "consume_fee"))
    return answer_of(order) | {
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "total_fee": order.total,
        "consume_fee": consumed.amount,
        "fee_type": order.currency,
    }


def _query(world: World, call: Call) -> dict[str, Any]:
    order = found(world, call)
    consumed = world.of(CONSUMPTIONS).get(order.key)
    members = {} if consumed is None else {"consume_fee": consumed.amount}
    return {"result_code": "SUCCESS", **told_v2(order), **members}


CONSUMPTIONS = Kind(name="consumptions", record=Consumption, key=lambda consumption: consumption.order)

PRODUCT = Product(
    name="deposits",
    kinds=(CONSUMPTIONS,),
    routes={
        f"POST {_BASE}/unifiedorder": unified,
        f"POST {_BASE}/micropay": micropay,
        f"POST {_BASE}/facepay": pay_by_face,
        f"POST {_BASE}/orderquery": _query,
        f"POST {_BASE}/reverse": reverse,
        f"POST {_BASE}/consume": _consume,
        f"POST {_BASE}/refund": refund_v2,
        f"POST {_BASE}/refundquery": query_v2,
    },
)
