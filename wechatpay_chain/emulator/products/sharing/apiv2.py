"""The calls of APIv2 about profit sharing, over the records of APIv3.

https://pay.weixin.qq.com/doc/v2/merchant/4011941670 (once), https://pay.weixin.qq.com/doc/v2/merchant/4011983158
(several times), https://pay.weixin.qq.com/doc/v2/merchant/4011984166 (return)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from ...platform.call import Call
from ...platform.times import compact
from ...world.world import World
from ..fen import fen
from ..json_texts import read_object, read_objects, text
from ..orders.apiv2 import content_of, fields_of
from ..orders.record import Order
from ..product import Route
from . import returns, transitions
from .records import Return, Sharing

_PARTIES = ("mch_id", "sub_mch_id", "appid", "sub_appid", "brand_mch_id")
_OF_RECEIVER = {"type": str, "account": str}
_OF_PART = {**_OF_RECEIVER, "amount": int, "description": str}


def _add(world: World, call: Call) -> dict[str, Any]:
    fields = fields_of(call)
    receiver = read_object(fields, "receiver", _OF_RECEIVER)
    transitions.add(world, call, receiver, fields.get("sub_mch_id", ""))
    return _answer(call) | {"receiver": text({name: receiver[name] for name in _OF_RECEIVER})}


def _remove(world: World, call: Call) -> dict[str, Any]:
    fields = fields_of(call)
    receiver = read_object(fields, "receiver", _OF_RECEIVER)
    transitions.remove(world, call.mchid, fields.get("sub_mch_id", ""), receiver["type"], receiver["account"])
    return _answer(call) | {"receiver": text({name: receiver[name] for name in _OF_RECEIVER})}


def _share(world: World, call: Call, *, unfreezes: bool) -> dict[str, Any]:
    fields = fields_of(call)
    parts = read_objects(fields, "receivers", _OF_PART)
    sharing = _made(world, call, parts, unfreezes=unfreezes)
    told = _answer(call) | _numbers(sharing, fields["transaction_id"])
    return told | {"status": sharing.state, "receivers": text([_told_part(part) for part in sharing.parts])}


def _finish(world: World, call: Call) -> dict[str, Any]:
    sharing = _made(world, call, [], unfreezes=True)
    return _answer(call) | _numbers(sharing, fields_of(call)["transaction_id"])


def _made(world: World, call: Call, parts: list[Any], *, unfreezes: bool) -> Sharing:
    fields, order = fields_of(call), _order(world, call)
    # What was asked for once can't be repeated as something else.
    content = content_of(fields) | {"unfreezes": unfreezes}
    asked = transitions.asked(call, order, fields["out_order_no"], parts, content, unfreezes=unfreezes)
    return transitions.share(world, order, asked)


def _order(world: World, call: Call) -> Order:
    fields = fields_of(call)
    return transitions.paid(world, call, fields["transaction_id"], fields.get("sub_mch_id", ""))


def _query(world: World, call: Call) -> dict[str, Any]:
    fields, order = fields_of(call), _order(world, call)
    sharing = transitions.find(world, call, fields["out_order_no"], order)
    parts = [{"account": part["account"]} | _told_part(part) for part in sharing.parts]
    told = _answer(call) | _numbers(sharing, order.transaction_id)
    return told | {"appid": order.appid, "status": sharing.state, "receivers": text(parts)}


def _amounts(world: World, call: Call) -> dict[str, Any]:
    order = transitions.paid(world, call, fields_of(call)["transaction_id"], None)
    told = {"mch_id": call.mchid, "transaction_id": order.transaction_id}
    return told | {"unsplit_amount": transitions.left(order)}


def _ratio(_world: World, call: Call) -> dict[str, Any]:
    return _answer(call) | {"max_ratio": transitions.RATIO}


def _return(world: World, call: Call) -> dict[str, Any]:
    fields = fields_of(call)
    sharing = transitions.named(world, call, fields)
    amount = fen(fields["return_amount"], "return_amount")
    asked = returns.asked(call, sharing, content_of(fields), amount)
    return _answer(call) | _told_return(returns.give_back(world, sharing, asked), sharing)


def _query_return(world: World, call: Call) -> dict[str, Any]:
    fields = fields_of(call)
    sharing = transitions.named(world, call, fields)
    return _answer(call) | _told_return(returns.find(world, call, fields["out_return_no"], sharing), sharing)


def _answer(call: Call) -> dict[str, Any]:
    """What every good answer begins with."""
    fields = fields_of(call)
    return {"result_code": "SUCCESS"} | {name: fields[name] for name in _PARTIES if fields.get(name)}


def _numbers(sharing: Sharing, transaction_id: str) -> dict[str, str]:
    return {"transaction_id": transaction_id, "out_order_no": sharing.out_order_no, "order_id": sharing.order_id}


def _told_part(part: Mapping[str, Any]) -> dict[str, Any]:
    merchant = part["account"] if part["type"] == "MERCHANT_ID" else ""
    told = {name: part[name] for name in ("type", "amount", "description", "result", "detail_id")}
    told |= {"receiver_account": part["account"], "receiver_mchid": merchant}
    told["finish_time"] = compact(datetime.fromisoformat(part["finish_time"]).timestamp())
    return told | ({"fail_reason": part["fail_reason"]} if "fail_reason" in part else {})


def _told_return(found: Return, sharing: Sharing) -> dict[str, Any]:
    told: dict[str, Any] = {
        "order_id": sharing.order_id,
        "out_order_no": sharing.out_order_no,
        "out_return_no": found.out_return_no,
        "return_no": found.return_id,
        "return_account_type": "MERCHANT_ID",
        "return_account": found.account,
        "return_amount": found.amount,
        "description": found.content["description"],
        "result": found.state,
        "finish_time": compact(found.finished or found.made),
    }
    return told | ({"fail_reason": found.failure} if found.state == "FAILED" else {})


ROUTES: dict[str, Route] = {
    "POST /v2/pay/profitsharingaddreceiver": _add,
    "POST /v2/pay/profitsharingremovereceiver": _remove,
    "POST /v2/secapi/pay/profitsharing": partial(_share, unfreezes=True),
    "POST /v2/secapi/pay/multiprofitsharing": partial(_share, unfreezes=False),
    "POST /v2/secapi/pay/profitsharingfinish": _finish,
    "POST /v2/pay/profitsharingquery": _query,
    "POST /v2/pay/profitsharingorderamountquery": _amounts,
    "POST /v2/pay/profitsharingmerchantratioquery": _ratio,
    "POST /v2/secapi/pay/profitsharingreturn": _return,
    "POST /v2/pay/profitsharingreturnquery": _query_return,
}
