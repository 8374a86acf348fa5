"""How an order is told in answers and notifications of APIv3.

https://pay.weixin.qq.com/doc/v3/merchant/4012791858 (query)
https://pay.weixin.qq.com/doc/v3/merchant/4012791861 (notification)
"""

from __future__ import annotations

from typing import Any

from ...platform.times import rfc3339
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


def told(order: Order) -> dict[str, Any]:
    """The order as a query answers it."""
    members = {
        **_parties(order),
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


def _parties(order: Order) -> dict[str, Any]:
    if not order.sub_mchid:
        return {"appid": order.appid, "mchid": order.mchid}
    parties = {"sp_appid": order.appid, "sp_mchid": order.mchid, "sub_mchid": order.sub_mchid}
    return parties | ({"sub_appid": order.sub_appid} if order.sub_appid else {})


def _payer(order: Order) -> dict[str, Any]:
    if not order.sub_mchid:
        return {"openid": order.openid}
    return {"sp_openid": order.openid} | ({"sub_openid": order.sub_openid} if order.sub_openid else {})
