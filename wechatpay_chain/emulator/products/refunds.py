"""Refunds of paid orders.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862 (refund)
https://pay.weixin.qq.com/doc/v3/merchant/4012791863 (query)
https://pay.weixin.qq.com/doc/v3/merchant/4012791865 (notification)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..platform import refusal
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import rfc3339, spaced
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .fen import fen
from .orders import transitions
from .orders.apiv2 import content_of, fields_of, found
from .orders.record import Order
from .product import Product
from .wishes import wish

_ACCOUNT = "支付用户零钱"
_MOST = 50
_REFUNDABLE = 365 * 86400
# Seconds until the money has arrived.
_TRANSIT = 1
_SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}
_V2_STATES = {"SUCCESS": "SUCCESS", "ABNORMAL": "CHANGE", "CLOSED": "REFUNDCLOSE", "PROCESSING": "PROCESSING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Record):
    """A refund: `PROCESSING`, then `SUCCESS`, `CLOSED` or `ABNORMAL`. Sums are in fen.

    Attributes:
        out_refund_no: the merchant's number.
        refund_id: the platform's number.
        order: the key of the order.
        amount: what is given back.
        content: what was asked for, to be compared with a repeat.
        protocol: how it was asked for, which says how it is announced.
        notify_url: where it is announced.
        funds: the merchant's account that it is taken from.
        account: where the money goes.
        channel: how.
        finished: when it arrived, Unix time in seconds.
        then: the state that it goes into.
    """

    out_refund_no: str
    refund_id: str
    order: str
    amount: int
    content: dict[str, Any] = field(repr=False)
    protocol: Literal["v3", "v2"] = "v3"
    notify_url: str = ""
    funds: str = "AVAILABLE"
    account: str = _ACCOUNT
    channel: str = "ORIGINAL"
    finished: float = 0.0
    then: str = "SUCCESS"

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_refund_no}"


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


def finish(world: World, found_: Refund) -> Refund:
    """The bank has answered: the money arrived, came back, or can't be delivered. The merchant is told."""
    done = world.of(REFUNDS).put(
        found_.moved(found_.then, world.now, finished=world.now if found_.then == "SUCCESS" else 0.0)
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


def order_of(world: World, found_: Refund) -> Order:
    """The order of a refund."""
    order = world.of(transitions.ORDERS).get(found_.order)
    if order is None:
        raise refusal.no_order()
    return order


def told(found_: Refund, order: Order) -> dict[str, Any]:
    """The refund as answers of APIv3 tell it."""
    members: dict[str, Any] = {
        "refund_id": found_.refund_id,
        "out_refund_no": found_.out_refund_no,
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "channel": found_.channel,
        "user_received_account": found_.account,
        "create_time": rfc3339(found_.made),
        "status": found_.state,
        "funds_account": found_.funds,
        "amount": {
            "total": order.total,
            "refund": found_.amount,
            "payer_total": order.total,
            "payer_refund": found_.amount,
            "settlement_refund": found_.amount,
            "settlement_total": order.total,
            "discount_refund": 0,
            "currency": order.currency,
        },
        "promotion_detail": [],
    }
    if found_.finished:
        members["success_time"] = rfc3339(found_.finished)
    return members


def announced(found_: Refund, order: Order) -> dict[str, Any]:
    """The refund as its notification of APIv3 has it."""
    parties = {"sp_mchid": order.mchid, "sub_mchid": order.sub_mchid} if order.sub_mchid else {"mchid": order.mchid}
    members: dict[str, Any] = {
        **parties,
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "out_refund_no": found_.out_refund_no,
        "refund_id": found_.refund_id,
        "refund_status": found_.state,
        "user_received_account": found_.account,
        "amount": {
            "total": order.total,
            "refund": found_.amount,
            "payer_total": order.total,
            "payer_refund": found_.amount,
        },
    }
    return members | ({"success_time": rfc3339(found_.finished)} if found_.finished else {})


def announced_v2(found_: Refund, order: Order) -> dict[str, Any]:
    """The refund as its notification of APIv2 has it, before `req_info` is encrypted."""
    members: dict[str, Any] = {
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "refund_id": found_.refund_id,
        "out_refund_no": found_.out_refund_no,
        "total_fee": order.total,
        "settlement_total_fee": order.total,
        "refund_fee": found_.amount,
        "settlement_refund_fee": found_.amount,
        "refund_status": _V2_STATES[found_.state],
        "refund_recv_accout": found_.account,
        "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_request_source": "API",
    }
    return members | ({"success_time": spaced(found_.finished)} if found_.finished else {})


def _refund(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    order = named_order(world, call, content)
    made = refund(
        world,
        order,
        asked_refund(
            call, order, content, content["out_refund_no"], fen(content["amount"]["refund"], "/amount/refund")
        ),
        content["amount"]["total"],
    )
    return told(made, order_of(world, made))


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
    if "transaction_id" in content:
        order = transitions.find_paid(world, call.mchid, content["transaction_id"])
    elif "out_trade_no" in content:
        order = transitions.find(world, call.mchid, content["out_trade_no"])
    else:
        raise refusal.bad_parameter("/transaction_id", "body", "transaction_id or out_trade_no is required")
    if order.sub_mchid != content.get("sub_mchid", ""):
        raise refusal.no_order()
    return order


def _query(world: World, call: Call) -> dict[str, Any]:
    found_ = _find(world, call, call.values["out_refund_no"])
    order = order_of(world, found_)
    if order.sub_mchid != call.query.get("sub_mchid", ""):
        raise refusal.not_found("退款单不存在")
    return told(found_, order)


def _find(world: World, call: Call, out_refund_no: str) -> Refund:
    found_ = world.of(REFUNDS).get(f"{call.mchid}/{out_refund_no}")
    if found_ is None:
        raise refusal.not_found("退款单不存在")
    return found_


def _apply_abnormal(world: World, call: Call) -> dict[str, Any]:
    found_ = _find(world, call, call.json["out_refund_no"])
    if found_.refund_id != call.values["refund_id"]:
        raise refusal.not_found("退款单不存在")
    if found_.state != "ABNORMAL":
        raise refusal.invalid_state("退款单状态不是退款异常")
    own = call.json["type"] == "MERCHANT_BANK_CARD"
    retried = world.of(REFUNDS).put(
        found_.moved(
            "PROCESSING",
            world.now,
            due=world.now + _TRANSIT,
            then="SUCCESS",
            channel="OTHER_BANKCARD",
            account="商户银行卡" if own else "用户银行卡",
        )
    )
    return told(retried, order_of(world, retried))


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
        **_parties_v2(order),
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
        **_parties_v2(order),
        "total_refund_count": len(refunds),
        "transaction_id": order.transaction_id,
        "out_trade_no": order.out_trade_no,
        "total_fee": order.total,
        "settlement_total_fee": order.total,
        "fee_type": order.currency,
        "cash_fee": order.total,
        "refund_count": len(refunds),
    }
    for index, found_ in enumerate(refunds):
        members |= {
            f"out_refund_no_{index}": found_.out_refund_no,
            f"refund_id_{index}": found_.refund_id,
            f"refund_channel_{index}": found_.channel,
            f"refund_fee_{index}": found_.amount,
            f"settlement_refund_fee_{index}": found_.amount,
            f"refund_status_{index}": _V2_STATES[found_.state],
            f"refund_account_{index}": "REFUND_SOURCE_RECHARGE_FUNDS",
            f"refund_recv_accout_{index}": found_.account,
        }
        if found_.finished:
            members[f"refund_success_time_{index}"] = spaced(found_.finished)
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


def _parties_v2(order: Order) -> dict[str, str]:
    parties = {"appid": order.appid, "mch_id": order.mchid, "sub_mch_id": order.sub_mchid, "sub_appid": order.sub_appid}
    return {name: value for name, value in parties.items() if value}


def _ripen(world: World, found_: Refund) -> None:
    finish(world, found_)


REFUNDS = Kind(
    name="refunds",
    record=Refund,
    key=lambda refunded: refunded.key,
    indexes={"order": lambda refunded: refunded.order, "refund_id": lambda refunded: refunded.refund_id},
    ripen=_ripen,
)

_BASE = "/v3/refund/domestic/refunds"

PRODUCT = Product(
    name="refunds",
    kinds=(REFUNDS,),
    routes={
        f"POST {_BASE}": _refund,
        f"GET {_BASE}/{{out_refund_no}}": _query,
        f"POST {_BASE}/{{refund_id}}/apply-abnormal-refund": _apply_abnormal,
        "POST /v2/secapi/pay/refund": refund_v2,
        "POST /v2/secapi/pay/refundv2": refund_v2,
        "POST /v2/pay/refundquery": query_v2,
        "POST /v2/pay/refundqueryv2": query_v2,
    },
)
