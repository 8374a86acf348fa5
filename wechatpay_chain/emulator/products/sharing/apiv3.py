"""The calls of APIv3 about profit sharing, of shops and of partners.

https://pay.weixin.qq.com/doc/v3/merchant/4012529092 (orders)
"""

from __future__ import annotations

from typing import Any

from ...platform.call import Call
from ...platform.times import rfc3339
from ...world.world import World
from ..product import Route
from . import returns, transitions
from .records import Return, Sharing

_BASE = "/v3/profitsharing"


def _add(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    transitions.add(world, call, content, content.get("sub_mchid", ""))
    told = ("sub_mchid", "type", "account", "name", "relation_type", "custom_relation")
    return {name: content[name] for name in told if name in content}


def _delete(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    transitions.remove(world, call.mchid, content.get("sub_mchid", ""), content["type"], content["account"])
    return {name: content[name] for name in ("sub_mchid", "type", "account") if name in content}


def _share(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    return _made(world, call, content.get("receivers", []), unfreezes=content["unfreeze_unsplit"])


def _unfreeze(world: World, call: Call) -> dict[str, Any]:
    return _made(world, call, [], unfreezes=True)


def _made(world: World, call: Call, receivers: list[dict[str, Any]], *, unfreezes: bool) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    order = transitions.paid(world, call, content["transaction_id"], content.get("sub_mchid", ""))
    asked = transitions.asked(call, order, content["out_order_no"], receivers, content, unfreezes=unfreezes)
    return _told(world, transitions.share(world, order, asked))


def _told(world: World, sharing: Sharing) -> dict[str, Any]:
    order = transitions.order_of(world, sharing)
    members: dict[str, Any] = {"sub_mchid": order.sub_mchid} if order.sub_mchid else {}
    return members | {
        "transaction_id": order.transaction_id,
        "out_order_no": sharing.out_order_no,
        "order_id": sharing.order_id,
        "state": sharing.state,
        "receivers": sharing.parts,
    }


def _query(world: World, call: Call) -> dict[str, Any]:
    order = transitions.paid(world, call, call.query["transaction_id"], call.query.get("sub_mchid", ""))
    return _told(world, transitions.find(world, call, call.values["out_order_no"], order))


def amounts(world: World, call: Call) -> dict[str, Any]:
    """Answer what of an order can still be shared."""
    order = transitions.paid(world, call, call.values["transaction_id"], None)
    return {"transaction_id": order.transaction_id, "unsplit_amount": transitions.left(order)}


def _return(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    sharing = transitions.named(world, call, content)
    asked = returns.asked(call, sharing, content, content["amount"])
    return _told_return(returns.give_back(world, sharing, asked), sharing)


def _query_return(world: World, call: Call) -> dict[str, Any]:
    sharing = transitions.named(world, call, call.query)
    return _told_return(returns.find(world, call, call.values["out_return_no"], sharing), sharing)


def _told_return(found: Return, sharing: Sharing) -> dict[str, Any]:
    content = found.content
    members: dict[str, Any] = {"sub_mchid": content["sub_mchid"]} if "sub_mchid" in content else {}
    members |= {
        "order_id": sharing.order_id,
        "out_order_no": sharing.out_order_no,
        "out_return_no": found.out_return_no,
        "return_id": found.return_id,
        "return_mchid": found.account,
        "amount": found.amount,
        "description": content["description"],
        "result": found.state,
        "create_time": rfc3339(found.made),
        "finish_time": rfc3339(found.finished or found.made),
    }
    return members | ({"fail_reason": found.failure} if found.state == "FAILED" else {})


def _ratio(_world: World, call: Call) -> dict[str, Any]:
    return {"sub_mchid": call.values["sub_mchid"], "max_ratio": transitions.RATIO}


ROUTES: dict[str, Route] = {
    f"POST {_BASE}/receivers/add": _add,
    f"POST {_BASE}/receivers/delete": _delete,
    f"POST {_BASE}/orders": _share,
    f"POST {_BASE}/orders/unfreeze": _unfreeze,
    f"GET {_BASE}/orders/{{out_order_no}}": _query,
    f"GET {_BASE}/transactions/{{transaction_id}}/amounts": amounts,
    f"GET {_BASE}/merchant-configs/{{sub_mchid}}": _ratio,
    f"POST {_BASE}/return-orders": _return,
    f"GET {_BASE}/return-orders/{{out_return_no}}": _query_return,
}
