"""Refunds of e-commerce platforms, over the records of all others.

https://pay.weixin.qq.com/doc/v3/partner/4012476892 (refund), https://pay.weixin.qq.com/doc/v3/partner/4012476927
(the platform's advance comes back)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.times import rfc3339
from ...world import numbers
from ...world.records import Kind, Record
from ...world.world import World
from ..fen import fen
from ..orders.record import Order
from ..product import Route
from .answers import told
from .record import Refund
from .transitions import REFUNDS, asked_refund, find, named_order, order_for, order_of, refund, retry

_BASE = "/v3/ecommerce/refunds"
_ADVANCED = "REFUND_SOURCE_PARTNER_ADVANCE"
_STATES = {"CLOSED": "CLOSE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repayment(Record):
    """The sub-merchant pays back what the platform advanced for a refund: `SUCCESS`.

    Attributes:
        advance_return_id: the platform's number.
        refund: the key of the refund.
    """

    advance_return_id: str
    refund: str


def _apply(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    order = named_order(world, call, content)
    amount = fen(content["amount"]["refund"], "/amount/refund")
    asked = asked_refund(call, order, content, content["out_refund_no"], amount)
    made = refund(world, order, asked, content["amount"]["total"])
    return {
        "refund_id": made.refund_id,
        "out_refund_no": made.out_refund_no,
        "create_time": rfc3339(made.made),
        "amount": _amount(made, order_of(world, made)),
        "promotion_detail": [],
        "refund_account": _account(made),
    }


def _query(world: World, call: Call) -> dict[str, Any]:
    return _told(world, find(world, call.mchid, call.values["out_refund_no"]), call.query)


def _query_by_id(world: World, call: Call) -> dict[str, Any]:
    return _told(world, _by_id(world, call), call.query)


def _by_id(world: World, call: Call) -> Refund:
    found = world.of(REFUNDS).one("refund_id", call.values["refund_id"])
    if found is None or found.mchid != call.mchid:
        raise refusal.not_found("退款单不存在")
    return found


def _apply_abnormal(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    found = find(world, call.mchid, content["out_refund_no"], call.values["refund_id"])
    order_for(world, found, content)
    return _told(world, retry(world, found, own=content["type"] == "MERCHANT_BANK_CARD"), content)


def _told(world: World, found: Refund, given: Mapping[str, Any]) -> dict[str, Any]:
    order = order_for(world, found, given)
    return told(found, order) | {
        "status": _STATES.get(found.state, found.state),
        "amount": _amount(found, order),
        "refund_account": _account(found),
    }


def _amount(found: Refund, order: Order) -> dict[str, Any]:
    amount = {"refund": found.amount, "payer_refund": found.amount, "discount_refund": 0, "currency": order.currency}
    return amount | ({"advance": found.amount} if _account(found) == _ADVANCED else {})


def _account(found: Refund) -> str:
    """Who pays for the refund."""
    return str(found.content.get("refund_account", "REFUND_SOURCE_SUB_MERCHANT"))


def _repay(world: World, call: Call) -> dict[str, Any]:
    found = _by_id(world, call)
    order = order_for(world, found, call.json)
    if _account(found) != _ADVANCED or found.state != "SUCCESS":
        raise refusal.invalid_state("退款单不是垫付退款，或退款未成功")
    repaid = world.of(REPAYMENTS).get(found.key) or world.of(REPAYMENTS).put(
        Repayment(
            mchid=call.mchid,
            made=call.time,
            state="SUCCESS",
            history=((call.time, "SUCCESS"),),
            advance_return_id=numbers.sharing_id(),
            refund=found.key,
        )
    )
    return _told_repayment(repaid, found, order)


def _query_repayment(world: World, call: Call) -> dict[str, Any]:
    found = _by_id(world, call)
    order = order_for(world, found, call.query)
    repaid = world.of(REPAYMENTS).get(found.key)
    if repaid is None:
        raise refusal.not_found("垫付回补单不存在")
    return _told_repayment(repaid, found, order)


def _told_repayment(repaid: Repayment, found: Refund, order: Order) -> dict[str, Any]:
    return {
        "refund_id": found.refund_id,
        "advance_return_id": repaid.advance_return_id,
        "return_amount": found.amount,
        "payer_mchid": order.sub_mchid,
        "payer_account": "BASIC",
        "payee_mchid": order.mchid,
        "payee_account": "OPERATION",
        "result": repaid.state,
        "success_time": rfc3339(repaid.made),
    }


REPAYMENTS = Kind(name="repayments", record=Repayment, key=lambda repaid: repaid.refund)

ROUTES: dict[str, Route] = {
    f"POST {_BASE}/apply": _apply,
    f"GET {_BASE}/id/{{refund_id}}": _query_by_id,
    f"GET {_BASE}/out-refund-no/{{out_refund_no}}": _query,
    f"POST {_BASE}/{{refund_id}}/apply-abnormal-refund": _apply_abnormal,
    f"POST {_BASE}/{{refund_id}}/return-advance": _repay,
    f"GET {_BASE}/{{refund_id}}/return-advance": _query_repayment,
}
