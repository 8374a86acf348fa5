"""What answers and notifications of APIv3 and APIv2 say of an order.

https://pay.weixin.qq.com/doc/v3/merchant/4012791858 (query)
https://pay.weixin.qq.com/doc/v3/merchant/4012791861 (notification)
https://pay.weixin.qq.com/doc/v2/merchant/4011937127 (APIv2)
"""

from __future__ import annotations

from typing import Any

from ...platform.times import compact, rfc3339
from .record import Order

DESCRIPTIONS = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
    "REVOKED": "订单已撤销",
    "USERPAYING": "用户支付中，需要输入密码",
    "PAYERROR": "支付失败，请重新下单支付",
}

SUCCESS_V2 = {"return_code": "SUCCESS", "result_code": "SUCCESS"}
"""What a payment notice of APIv2 begins with."""


def told(order: Order) -> dict[str, Any]:
    """The order as a query answers it."""
    members = {
        **parties(order),
        "out_trade_no": order.out_trade_no,
        "trade_state": order.state,
        "trade_state_desc": DESCRIPTIONS[order.state],
        "description": order.description,
        "notify_url": order.notify_url,
        "amount": {"total": order.total, "currency": order.currency},
    }
    if order.attach:
        members["attach"] = order.attach
    if order.paid:
        members |= payment(order)
    return members


def announced(order: Order) -> dict[str, Any]:
    """The order as its notification has it."""
    members = told(order)
    del members["description"], members["notify_url"]
    return members


def payment(order: Order) -> dict[str, Any]:
    """What is told of a paid order only."""
    return {
        "transaction_id": order.transaction_id,
        "trade_type": order.trade_type,
        "bank_type": order.bank_type,
        "success_time": rfc3339(order.paid_at),
        "payer": _payer(order),
        "amount": {
            "total": order.total,
            "payer_total": order.total,
            "currency": order.currency,
            "payer_currency": order.currency,
        },
    }


def told_v2(order: Order) -> dict[str, Any]:
    """The order as a query of APIv2 answers it."""
    members = {
        **parties_v2(order),
        "trade_state": order.state,
        "trade_state_desc": DESCRIPTIONS[order.state],
        "out_trade_no": order.out_trade_no,
        "total_fee": order.total,
        "fee_type": order.currency,
        "attach": order.attach,
    }
    return members | payment_v2(order) if order.paid else members


def announced_v2(order: Order) -> dict[str, Any]:
    """The order as its notification of APIv2 has it."""
    members = told_v2(order)
    del members["trade_state"], members["trade_state_desc"]
    return SUCCESS_V2 | members


def payment_v2(order: Order) -> dict[str, Any]:
    """What APIv2 tells of a paid order only."""
    return {
        "openid": order.openid,
        "is_subscribe": "N",
        "trade_type": order.trade_type,
        "bank_type": order.bank_type,
        "total_fee": order.total,
        "cash_fee": order.total,
        "transaction_id": order.transaction_id,
        "time_end": compact(order.paid_at),
    } | ({"sub_openid": order.sub_openid} if order.sub_openid else {})


def parties_v2(order: Order) -> dict[str, Any]:
    """Who APIv2 says the order is between."""
    parties = {
        "appid": order.appid,
        "mch_id": order.mchid,
        "sub_mch_id": order.sub_mchid,
        "sub_appid": order.sub_appid,
        "device_info": str(order.content.get("device_info", "")),
    }
    return {name: value for name, value in parties.items() if value}


def parties(order: Order) -> dict[str, Any]:
    """Who APIv3 says the order is between."""
    if not order.sub_mchid:
        return {"appid": order.appid, "mchid": order.mchid}
    parties = {"sp_appid": order.appid, "sp_mchid": order.mchid, "sub_mchid": order.sub_mchid}
    return parties | ({"sub_appid": order.sub_appid} if order.sub_appid else {})


def merchants(order: Order) -> dict[str, Any]:
    """The merchants among them, which is all that the notifications of refunds and sharings have of them."""
    return {"sp_mchid": order.mchid, "sub_mchid": order.sub_mchid} if order.sub_mchid else {"mchid": order.mchid}


def _payer(order: Order) -> dict[str, Any]:
    if not order.sub_mchid:
        return {"openid": order.openid}
    return {"sp_openid": order.openid} | ({"sub_openid": order.sub_openid} if order.sub_openid else {})
