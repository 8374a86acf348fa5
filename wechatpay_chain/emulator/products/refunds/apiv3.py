"""The calls of APIv3 about refunds.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862 (refund)
https://pay.weixin.qq.com/doc/v3/merchant/4012791863 (query)
"""

from __future__ import annotations

from typing import Any

from ...platform.call import Call
from ...world.world import World
from ..fen import fen
from ..product import Route
from .answers import told
from .transitions import asked_refund, find, named_order, order_for, order_of, refund, retry

_BASE = "/v3/refund/domestic/refunds"


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


def _query(world: World, call: Call) -> dict[str, Any]:
    found = find(world, call.mchid, call.values["out_refund_no"])
    return told(found, order_for(world, found, call.query))


def _apply_abnormal(world: World, call: Call) -> dict[str, Any]:
    found = find(world, call.mchid, call.json["out_refund_no"], call.values["refund_id"])
    retried = retry(world, found, own=call.json["type"] == "MERCHANT_BANK_CARD")
    return told(retried, order_of(world, retried))


ROUTES: dict[str, Route] = {
    f"POST {_BASE}": _refund,
    f"GET {_BASE}/{{out_refund_no}}": _query,
    f"POST {_BASE}/{{refund_id}}/apply-abnormal-refund": _apply_abnormal,
}
