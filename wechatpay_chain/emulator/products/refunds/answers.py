"""What answers and notifications of APIv3 and APIv2 say of a refund.

https://pay.weixin.qq.com/doc/v3/merchant/4012791865 (notification)
"""

from __future__ import annotations

from typing import Any

from ...platform.times import rfc3339, spaced
from ..orders.answers import merchants
from ..orders.record import Order
from .record import Refund

STATES_V2 = {"SUCCESS": "SUCCESS", "ABNORMAL": "CHANGE", "CLOSED": "REFUNDCLOSE", "PROCESSING": "PROCESSING"}
"""APIv2's names of the states."""


def told(found: Refund, order: Order) -> dict[str, Any]:
    """The refund as answers of APIv3 tell it."""
    members: dict[str, Any] = {
        "refund_id": found.refund_id,
        "out_refund_no": found.out_refund_no,
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "channel": found.channel,
        "user_received_account": found.account,
        "create_time": rfc3339(found.made),
        "status": found.state,
        "funds_account": found.funds,
        "amount": {
            "total": order.total,
            "refund": found.amount,
            "payer_total": order.total,
            "payer_refund": found.amount,
            "settlement_refund": found.amount,
            "settlement_total": order.total,
            "discount_refund": 0,
            "currency": order.currency,
        },
        "promotion_detail": [],
    }
    if found.finished:
        members["success_time"] = rfc3339(found.finished)
    return members


def announced(found: Refund, order: Order) -> dict[str, Any]:
    """The refund as its notification of APIv3 has it."""
    members: dict[str, Any] = {
        **merchants(order),
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "out_refund_no": found.out_refund_no,
        "refund_id": found.refund_id,
        "refund_status": found.state,
        "user_received_account": found.account,
        "amount": {
            "total": order.total,
            "refund": found.amount,
            "payer_total": order.total,
            "payer_refund": found.amount,
        },
    }
    return members | ({"success_time": rfc3339(found.finished)} if found.finished else {})


def announced_v2(found: Refund, order: Order) -> dict[str, Any]:
    """The refund as its notification of APIv2 has it, before `req_info` is encrypted."""
    members: dict[str, Any] = {
        **parties_v2(order),
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "refund_id": found.refund_id,
        "out_refund_no": found.out_refund_no,
        "total_fee": order.total,
        "settlement_total_fee": order.total,
        "refund_fee": found.amount,
        "settlement_refund_fee": found.amount,
        "cash_refund_fee": found.amount,
        "refund_status": STATES_V2[found.state],
        "refund_recv_accout": found.account,
        "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_request_source": "API",
    }
    return members | ({"success_time": spaced(found.finished)} if found.finished else {})


def parties_v2(order: Order) -> dict[str, str]:
    """Who APIv2 says a refund is between."""
    parties = {"appid": order.appid, "mch_id": order.mchid, "sub_mch_id": order.sub_mchid, "sub_appid": order.sub_appid}
    return {name: value for name, value in parties.items() if value}
