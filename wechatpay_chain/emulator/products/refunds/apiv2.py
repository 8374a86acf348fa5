"""The calls of APIv2 about refunds, over the records of APIv3.

https://pay.weixin.qq.com/doc/v2/merchant/4011937624
"""

from __future__ import annotations

from typing import Any

from ...platform.call import Call
from ...platform.refusal import Refusal
from ...platform.times import spaced
from ...world.world import World
from ..fen import fen
from ..orders.apiv2 import content_of, fields_of, found
from ..product import Route
from .answers import STATES_V2, parties_v2
from .record import Refund
from .transitions import REFUNDS, asked_refund, order_of, refund


def refund_v2(world: World, call: Call) -> dict[str, Any]:
    """Answer a call of APIv2 for a refund."""
    fields = fields_of(call)
    order = found(world, call)
    asked = asked_refund(
        call, order, content_of(fields), fields["out_refund_no"], fen(fields["refund_fee"], "refund_fee")
    )
    made = refund(world, order, asked, fen(fields["total_fee"], "total_fee"))
    return {
        "result_code": "SUCCESS",
        **parties_v2(order),
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "out_refund_no": made.out_refund_no,
        "refund_id": made.refund_id,
        "refund_fee": made.amount,
        "settlement_refund_fee": made.amount,
        "total_fee": order.total,
        "settlement_total_fee": order.total,
        "fee_type": order.currency,
        "cash_fee": order.total,
        "cash_refund_fee": made.amount,
    }


def query_v2(world: World, call: Call) -> dict[str, Any]:
    """Answer a query of APIv2 for refunds."""
    refunds = _named_v2(world, call)
    order = order_of(world, refunds[0])
    members: dict[str, Any] = {
        "result_code": "SUCCESS",
        **parties_v2(order),
        "total_refund_count": len(refunds),
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "total_fee": order.total,
        "settlement_total_fee": order.total,
        "fee_type": order.currency,
        "cash_fee": order.total,
        "refund_count": len(refunds),
    }
    for index, one in enumerate(refunds):
        members |= {
            f"out_refund_no_{index}": one.out_refund_no,
            f"refund_id_{index}": one.refund_id,
            f"refund_channel_{index}": one.channel,
            f"refund_fee_{index}": one.amount,
            f"settlement_refund_fee_{index}": one.amount,
            f"refund_status_{index}": STATES_V2[one.state],
            f"refund_account_{index}": "REFUND_SOURCE_RECHARGE_FUNDS",
            f"refund_recv_accout_{index}": one.account,
        }
        if one.finished:
            members[f"refund_success_time_{index}"] = spaced(one.finished)
    return members


def _named_v2(world: World, call: Call) -> list[Refund]:
    """The refunds that a query of APIv2 names by one of four numbers."""
    fields = fields_of(call)
    table = world.of(REFUNDS)
    if fields.get("refund_id"):
        refunds = table.by("refund_id", fields["refund_id"])
    elif fields.get("out_refund_no"):
        one = table.get(f"{call.mchid}/{fields['out_refund_no']}")
        refunds = [] if one is None else [one]
    else:
        refunds = table.by("order", found(world, call).key)
    refunds = [one for one in refunds if one.mchid == call.mchid]
    if not refunds:
        raise Refusal(404, "REFUNDNOTEXIST", "退款订单查询失败")
    return refunds


ROUTES: dict[str, Route] = {
    "POST /v2/secapi/pay/refund": refund_v2,
    "POST /v2/secapi/pay/refundv2": refund_v2,
    "POST /v2/pay/refundquery": query_v2,
    "POST /v2/pay/refundqueryv2": query_v2,
}
