"""WeChat Pay score: a service is used first, paid afterwards.

https://pay.weixin.qq.com/doc/v3/merchant/4012587900 (make), https://pay.weixin.qq.com/doc/v3/merchant/4012587926
(complete)
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import compact
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .product import Product

_BASE = "/v3/payscore/serviceorder"
# Partners' calls are about a sub-merchant's service.
_PARTNER = "/v3/payscore/partner/serviceorder"
# Seconds until the payer was charged, and until an order that nobody confirmed expires.
_CHARGED = 1
_CONFIRMABLE = 30 * 86400
_TOLD = (
    "appid",
    "sub_appid",
    "sub_mchid",
    "out_order_no",
    "service_id",
    "service_introduction",
    "post_payments",
    "post_discounts",
    "risk_fund",
    "time_range",
    "location",
    "attach",
    "notify_url",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOrder(Record):
    """A service order: `CREATED`, `DOING`, then `DONE`, `REVOKED` or `EXPIRED`.

    Attributes:
        out_order_no: the merchant's number.
        order_id: the platform's number.
        asked: what was asked for at first, to be compared with a repeat.
        content: what holds now.
        completion: what it was completed with; empty before.
        openid: who uses the service.
        transaction_id: the platform's number of the payment, once it was made.
        paid_at: when, Unix time in seconds.
    """

    out_order_no: str
    order_id: str
    asked: dict[str, Any] = field(repr=False)
    content: dict[str, Any] = field(repr=False)
    completion: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    openid: str
    transaction_id: str = ""
    paid_at: float = 0.0

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_order_no}"


def confirm(world: World, order: ServiceOrder) -> ServiceOrder:
    """The payer confirms the order, and the merchant is told.

    Raises:
        Refusal: it was confirmed, or ended.
    """
    if order.state != "CREATED":
        raise _wrong_state(order)
    confirmed = world.of(SERVICE_ORDERS).put(order.moved("DOING", world.now))
    _announce(world, confirmed, "PAYSCORE.USER_CONFIRM", "用户确认成功")
    return confirmed


def _announce(world: World, order: ServiceOrder, event_type: str, summary: str) -> None:
    world.announce(
        mchid=order.mchid,
        about=(SERVICE_ORDERS.name, order.key),
        notify_url=order.content.get("notify_url", ""),
        event_type=event_type,
        original_type="payscore",
        summary=summary,
        resource=told(order),
    )


def told(order: ServiceOrder) -> dict[str, Any]:
    """The order as answers and notifications tell it."""
    members: dict[str, Any] = {name: order.content[name] for name in _TOLD if name in order.content}
    members |= {"mchid": order.mchid, "order_id": order.order_id, "state": order.state, "openid": order.openid}
    if order.state == "DOING":
        members["state_description"] = "MCH_COMPLETE" if order.completion else "USER_CONFIRM"
    if order.completion:
        total = order.content["total_amount"]
        members |= {"total_amount": total, "need_collection": total > 0, "collection": _collection(order, total)}
    return members


def _collection(order: ServiceOrder, total: int) -> dict[str, Any]:
    paid = total if order.paid_at or not total else 0
    members: dict[str, Any] = {
        "state": "USER_PAID" if paid == total else "USER_PAYING",
        "total_amount": total,
        "paying_amount": total - paid,
        "paid_amount": paid,
    }
    if order.paid_at:
        detail = {"seq": 1, "amount": total, "paid_type": "NEWTON", "paid_time": compact(order.paid_at)}
        members["details"] = [detail | {"transaction_id": order.transaction_id}]
    return members


def _make(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    known = world.of(SERVICE_ORDERS).get(f"{call.mchid}/{content['out_order_no']}")
    if known is not None and known.asked != content:
        raise refusal.repeated("商户服务订单号重复，且请求参数与首次请求不一致")
    confirmed = content.get("need_user_confirm") is False
    order = known or world.of(SERVICE_ORDERS).put(
        ServiceOrder(
            mchid=call.mchid,
            made=call.time,
            state="DOING" if confirmed else "CREATED",
            due=None if confirmed else call.time + _CONFIRMABLE,
            history=((call.time, "DOING" if confirmed else "CREATED"),),
            out_order_no=content["out_order_no"],
            order_id=f"1000{numbers.digits_of(24)}",
            asked=content,
            content=content,
            openid=content.get("openid") or numbers.openid(),
        )
    )
    return told(order) | {"package": secrets.token_urlsafe(96)}


def _query(world: World, call: Call) -> dict[str, Any]:
    if "out_order_no" in call.query:
        return told(_find(world, call, call.query["out_order_no"], call.query))
    if "query_id" in call.query:
        raise refusal.not_found("服务订单不存在")
    raise refusal.bad_parameter("out_order_no", "query", "out_order_no or query_id is required")


def _find(world: World, call: Call, out_order_no: str, given: Mapping[str, Any]) -> ServiceOrder:
    """The order of a number, if it is of the sub-merchant that was named."""
    order = world.of(SERVICE_ORDERS).get(f"{call.mchid}/{out_order_no}")
    if order is None or order.content.get("sub_mchid") != given.get("sub_mchid"):
        raise Refusal(404, "ORDER_NOT_EXIST", "服务订单不存在")
    return order


def _named(world: World, call: Call) -> ServiceOrder:
    order = _find(world, call, call.values["out_order_no"], call.json)
    if order.content["service_id"] != call.json.get("service_id", order.content["service_id"]):
        raise refusal.bad_parameter("/service_id", "body", "not the order's")
    return order


def _cancel(world: World, call: Call) -> dict[str, Any]:
    order = _named(world, call)
    if order.state in {"CREATED", "DOING"} and not order.completion:
        order = world.of(SERVICE_ORDERS).put(order.moved("REVOKED", world.now))
    elif order.state != "REVOKED":
        raise _wrong_state(order)
    names = ("appid", "mchid", "out_order_no", "service_id", "order_id")
    return {name: value for name, value in told(order).items() if name in names}


def _complete(world: World, call: Call) -> dict[str, Any]:
    order, completion = _named(world, call), call.json
    if order.completion:
        if order.completion != completion:
            raise refusal.repeated("服务订单已完结，且请求参数与首次请求不一致")
        return told(order)
    if order.state != "DOING":
        raise _wrong_state(order)
    total: int = completion["total_amount"]
    payments = sum(payment.get("amount", 0) for payment in completion["post_payments"])
    discounts = sum(discount.get("amount", 0) for discount in completion.get("post_discounts", ()))
    if total < 0 or total != payments - discounts:
        raise refusal.bad_parameter("/total_amount", "body", "not the payments less the discounts")
    content = {**order.content, **{name: value for name, value in completion.items() if name in _TOLD}}
    content |= {
        "total_amount": total,
        "time_range": {**order.content["time_range"], **completion.get("time_range", {})},
    }
    now = world.now
    return told(
        world.of(SERVICE_ORDERS).put(
            order.moved("DOING", now, content=content, completion=completion, due=now + _CHARGED)
        )
    )


def _cancel_partners(world: World, call: Call) -> None:
    """Cancel; a partner is answered with 204, without the order."""
    _cancel(world, call)


def _complete_partners(world: World, call: Call) -> None:
    """Complete; a partner is answered with 204, without the order."""
    _complete(world, call)


def _ripen(world: World, order: ServiceOrder) -> None:
    if order.state == "CREATED":
        world.of(SERVICE_ORDERS).put(order.moved("EXPIRED", world.now))
        return
    now, total = world.now, order.content["total_amount"]
    paid: dict[str, Any] = {"transaction_id": numbers.transaction_id(now), "paid_at": now} if total else {}
    done = world.of(SERVICE_ORDERS).put(order.moved("DONE", now, **paid))
    if total:
        _announce(world, done, "PAYSCORE.USER_PAID", "用户支付成功")


def _wrong_state(order: ServiceOrder) -> Refusal:
    return Refusal(400, "INVALID_ORDER_STATE", f"单据状态错误：{order.state}")


SERVICE_ORDERS = Kind(
    name="service_orders",
    record=ServiceOrder,
    key=lambda order: order.key,
    indexes={"out_order_no": lambda order: order.out_order_no},
    ripen=_ripen,
)

PRODUCT = Product(
    name="payscore",
    kinds=(SERVICE_ORDERS,),
    routes={
        f"POST {_BASE}": _make,
        f"GET {_BASE}": _query,
        f"POST {_BASE}/{{out_order_no}}/cancel": _cancel,
        f"POST {_BASE}/{{out_order_no}}/complete": _complete,
        f"POST {_PARTNER}": _make,
        f"GET {_PARTNER}": _query,
        f"POST {_PARTNER}/{{out_order_no}}/cancel": _cancel_partners,
        f"POST {_PARTNER}/{{out_order_no}}/complete": _complete_partners,
    },
)
