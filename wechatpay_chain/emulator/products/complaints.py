"""Complaints of payers, and the merchant's replies.

https://pay.weixin.qq.com/doc/v3/merchant/4012289708 (list), https://pay.weixin.qq.com/doc/v3/merchant/4012467214
(response)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.times import date, rfc3339
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .orders import ORDERS
from .orders.record import Order
from .pages import page
from .product import Product

_BASE = "/v3/merchant-service/complaints-v2"
_ADDRESS = "/v3/merchant-service/complaint-notifications"
_PAGE = 10
_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(Record):
    """A complaint: `PENDING`, `PROCESSING` once it was answered, `PROCESSED` at the end.

    Attributes:
        complaint_id: the platform's number.
        order: the key of the order that it is about.
        detail: what the payer says.
        phone: the payer's number.
        log: what was said and done, the newest last.
    """

    complaint_id: str
    order: str
    detail: str
    phone: str = field(repr=False)
    log: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Record):
    """The address to which a merchant's notifications of complaints are sent."""

    url: str


def complain(world: World, order: Order, detail: str, phone: str = "13800000000") -> Complaint:
    """The payer of an order complains, and the merchant is told.

    Raises:
        Refusal: the order isn't paid.
    """
    if not order.paid:
        raise refusal.invalid_state("订单未支付，不能投诉")
    now = world.now
    complaint = world.of(COMPLAINTS).put(
        Complaint(
            mchid=order.mchid,
            made=now,
            state="PENDING",
            history=((now, "PENDING"),),
            complaint_id=f"2000{numbers.stamp(now, '%Y%m%d')}{numbers.digits_of(16)}",
            order=order.key,
            detail=detail,
            phone=phone,
            log=[_entry(now, "投诉人", "USER_CREATE_COMPLAINT", detail)],
        )
    )
    _announce(world, complaint, "COMPLAINT.CREATE", "CREATE_COMPLAINT", "产生新投诉")
    return complaint


def _answered(world: World, complaint: Complaint, state: str, entry: dict[str, Any]) -> None:
    log = [*complaint.log, entry]
    if complaint.state == state:
        world.of(COMPLAINTS).put(replace(complaint, log=log))
        return
    moved = world.of(COMPLAINTS).put(complaint.moved(state, world.now, log=log))
    action = "MERCHANT_CONFIRM_COMPLETE" if state == "PROCESSED" else "MERCHANT_RESPONSE"
    _announce(world, moved, "COMPLAINT.STATE_CHANGE", action, "投诉单状态变化")


def _entry(now: float, operator: str, kind: str, details: str) -> dict[str, Any]:
    return {
        "log_id": numbers.digits_of(30),
        "operator": operator,
        "operate_time": rfc3339(now),
        "operate_type": kind,
        "operate_details": details,
    }


def _announce(world: World, complaint: Complaint, event_type: str, action: str, summary: str) -> None:
    address = world.of(ADDRESSES).get(complaint.mchid)
    world.announce(
        mchid=complaint.mchid,
        about=(COMPLAINTS.name, complaint.complaint_id),
        notify_url="" if address is None else address.url,
        event_type=event_type,
        original_type="complaint",
        summary=summary,
        resource={"complaint_id": complaint.complaint_id, "action_type": action},
    )


def _told(world: World, complaint: Complaint) -> dict[str, Any]:
    order = world.of(ORDERS).get(complaint.order)
    if order is None:
        raise refusal.no_order()
    about = {"transaction_id": order.transaction_id, "out_trade_no": order.out_trade_no, "amount": order.total}
    return {
        "complaint_id": complaint.complaint_id,
        "complaint_time": rfc3339(complaint.made),
        "complaint_detail": complaint.detail,
        "complaint_state": complaint.state,
        "complainted_mchid": order.sub_mchid or order.mchid,
        "payer_phone": complaint.phone,
        "payer_openid": order.openid,
        "complaint_order_info": [about],
        "complaint_full_refunded": order.refunded == order.total,
        "incoming_user_response": complaint.state == "PENDING",
        "problem_description": complaint.detail,
        "user_complaint_times": len(world.of(COMPLAINTS).by("order", complaint.order)),
    }


def _list(world: World, call: Call) -> dict[str, Any]:
    offset, limit = _page(call)
    begin, end = str(call.query["begin_date"]), str(call.query["end_date"])
    found = [
        told
        for complaint in world.of(COMPLAINTS)
        if complaint.mchid == call.mchid and begin <= date(complaint.made) <= end
        for told in [_told(world, complaint)]
        if call.query.get("complainted_mchid", told["complainted_mchid"]) == told["complainted_mchid"]
    ]
    data = [{name: value for name, value in told.items() if name != "payer_openid"} for told in found]
    return {"data": data[offset : offset + limit], "limit": limit, "offset": offset, "total_count": len(found)}


def _page(call: Call) -> tuple[int, int]:
    return page(call.query, "offset", "limit", usual=_PAGE, most=_MOST)


def _query(world: World, call: Call) -> dict[str, Any]:
    return _told(world, _find(world, call))


def _find(world: World, call: Call) -> Complaint:
    complaint = world.of(COMPLAINTS).get(call.values["complaint_id"])
    if complaint is None or complaint.mchid != call.mchid:
        raise refusal.not_found("投诉单不存在")
    return complaint


def _history(world: World, call: Call) -> dict[str, Any]:
    log = list(reversed(_find(world, call).log))
    offset, limit = _page(call)
    return {"data": log[offset : offset + limit], "limit": limit, "offset": offset, "total_count": len(log)}


def _respond(world: World, call: Call) -> None:
    complaint = _find(world, call)
    if complaint.state == "PROCESSED":
        raise refusal.invalid_state("投诉单已处理完成，不能回复")
    _answered(
        world, complaint, "PROCESSING", _entry(world.now, "商户", "MERCHANT_RESPONSE", call.json["response_content"])
    )


def _respond_at_once(world: World, call: Call) -> dict[str, Any]:
    complaint = _find(world, call)
    if complaint.state == "PROCESSED":
        raise refusal.invalid_state("投诉单已处理完成，不能回复")
    number = call.json["idempotent_id"]
    known = next((entry for entry in complaint.log if entry["log_id"] == number), None)
    if known is None:
        blocks: list[dict[str, Any]] = call.json["message"].get("blocks") or []
        said = "".join(block["text"].get("text", "") for block in blocks if block.get("text"))
        entry = _entry(world.now, "商户", "MERCHANT_RESPONSE", said) | {"log_id": number}
        _answered(world, complaint, "PROCESSING", entry)
    return {"log_id": number}


def _decide_refund(world: World, call: Call) -> None:
    complaint = _find(world, call)
    if complaint.state == "PROCESSED":
        raise refusal.invalid_state("投诉单已处理完成，不能更新退款审批结果")
    approves = call.json["action"] == "APPROVE"
    kind = "MERCHANT_APPROVE_REFUND" if approves else "MERCHANT_REFUSE_RERUND"  # misspelt by the platform
    details = call.json.get("remark") or call.json.get("reject_reason") or ""
    _answered(world, complaint, "PROCESSING", _entry(world.now, "商户", kind, details))


def _complete(world: World, call: Call) -> None:
    complaint = _find(world, call)
    if complaint.state == "PENDING":
        raise refusal.invalid_state("投诉单还没有回复，不能反馈处理完成")
    if complaint.state == "PROCESSING":
        entry = _entry(world.now, "商户", "MERCHANT_CONFIRM_COMPLETE", "")
        _answered(world, complaint, "PROCESSED", entry)


def _set_address(world: World, call: Call) -> dict[str, Any]:
    known = world.of(ADDRESSES).get(call.mchid)
    if known is not None and known.url != call.json["url"]:
        raise refusal.repeated("投诉通知回调地址已存在，请更新")
    return _put_address(world, call)


def _change_address(world: World, call: Call) -> dict[str, Any]:
    _address(world, call)
    return _put_address(world, call)


def _put_address(world: World, call: Call) -> dict[str, Any]:
    world.of(ADDRESSES).put(Address(mchid=call.mchid, made=call.time, state="SET", url=call.json["url"]))
    return {"mchid": call.mchid, "url": call.json["url"]}


def _get_address(world: World, call: Call) -> dict[str, Any]:
    return {"mchid": call.mchid, "url": _address(world, call).url}


def _delete_address(world: World, call: Call) -> None:
    _address(world, call)
    world.of(ADDRESSES).remove(call.mchid)


def _address(world: World, call: Call) -> Address:
    address = world.of(ADDRESSES).get(call.mchid)
    if address is None:
        raise refusal.not_found("投诉通知回调地址不存在")
    return address


COMPLAINTS = Kind(
    name="complaints",
    record=Complaint,
    key=lambda complaint: complaint.complaint_id,
    indexes={"order": lambda complaint: complaint.order},
)
ADDRESSES = Kind(name="complaint_addresses", record=Address, key=lambda address: address.mchid)

PRODUCT = Product(
    name="complaints",
    kinds=(COMPLAINTS, ADDRESSES),
    routes={
        f"GET {_BASE}": _list,
        f"GET {_BASE}/{{complaint_id}}": _query,
        f"GET {_BASE}/{{complaint_id}}/negotiation-historys": _history,
        f"POST {_BASE}/{{complaint_id}}/response": _respond,
        f"POST {_BASE}/{{complaint_id}}/response-immediate-service": _respond_at_once,
        f"POST {_BASE}/{{complaint_id}}/update-refund-progress": _decide_refund,
        f"POST {_BASE}/{{complaint_id}}/complete": _complete,
        f"POST {_ADDRESS}": _set_address,
        f"PUT {_ADDRESS}": _change_address,
        f"GET {_ADDRESS}": _get_address,
        f"DELETE {_ADDRESS}": _delete_address,
    },
)
