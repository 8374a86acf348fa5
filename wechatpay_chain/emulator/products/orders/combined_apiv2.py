"""The calls of APIv2 about combined orders, over the records of APIv3.

https://pay.weixin.qq.com/wiki/doc/api/combine.php?chapter=24_1&index=2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...platform.apiv2 import RefusalV2
from ...platform.call import Call
from ...world.world import World
from .. import relations
from ..fen import fen
from ..json_texts import check_objects, read_object, read_objects, text
from ..product import Route
from . import combined
from .answers import DESCRIPTIONS
from .apiv2 import LINKS, content_of, expiry, fields_of
from .combined import Combined
from .record import Order

_OF_PART = {"appid": str, "mch_id": str, "body": str, "out_trade_no": str, "fee_type": str, "total_fee": int}
_OF_NAMED = {"mchid": str, "out_trade_no": str}


def _order(world: World, call: Call) -> dict[str, Any]:
    fields = fields_of(call)
    given = read_object(fields, "sub_order_list", {"order_list": list})["order_list"]
    parts = check_objects(given, "sub_order_list", _OF_PART)
    if not 0 < len(parts) <= combined.MOST:
        raise RefusalV2(f"sub_order_list: 1 to {combined.MOST} orders are expected", "PARAM_ERROR")
    for part in parts:
        if part.get("sub_mch_id"):
            relations.require(world.merchants[call.mchid], part["sub_mch_id"])
    asked = _asked(call)
    made = combined.make(world, asked, [_part(part, asked) for part in parts])
    told = _answer(made) | {"trade_type": made.trade_type, "prepay_id": made.prepay_id}
    if made.trade_type in LINKS:
        name, link = LINKS[made.trade_type]
        told[name] = link(made, call.base_url)
    return told


def _asked(call: Call) -> Combined:
    fields = fields_of(call)
    return Combined(
        mchid=call.mchid,
        made=call.time,
        state="NOTPAY",
        due=expiry(call, fields.get("time_expire")),
        out_trade_no=fields["combine_out_trade_no"],
        appid=fields["combine_appid"],
        trade_type=fields["trade_type"],
        content=content_of(fields) | {"scene_info": read_object(fields, "scene_info", {"payer_client_ip": str})},
        notify_url=fields["notify_url"],
        orders=[],
        openid=fields.get("combine_openid", ""),
    )


def _part(part: Mapping[str, Any], asked: Combined) -> Order:
    return Order(
        mchid=part["mch_id"],
        made=asked.made,
        state="NOTPAY",
        out_trade_no=part["out_trade_no"],
        sub_mchid=part.get("sub_mch_id", ""),
        appid=part["appid"],
        sub_appid=part.get("sub_appid", ""),
        trade_type=asked.trade_type,
        protocol="v2",
        content=dict(part),
        total=fen(part["total_fee"], "sub_order_list"),
        currency=part["fee_type"],
        description=part["body"],
        attach=part.get("attach", ""),
        expires=asked.due or 0.0,
    )


def _query(world: World, call: Call) -> dict[str, Any]:
    found = _named(world, call)
    parts = [_told_part(order) for order in combined.orders_of(world, found)]
    told = _answer(found) | {
        "result_msg": "OK",
        "combine_out_trade_no": found.out_trade_no,
        "trade_state": found.state,
        "trade_state_desc": DESCRIPTIONS[found.state],
        "sub_order_list": text({"order_num": len(parts), "order_list": parts}),
    }
    return told | ({"combine_openid": found.openid} if found.openid else {})


def _told_part(order: Order) -> dict[str, Any]:
    told: dict[str, Any] = {
        "mchid": order.mchid,
        "trade_type": order.trade_type,
        "attach": order.attach,
        "amount": {"total_amount": order.total, "currency": order.currency},
        "out_trade_no": order.out_trade_no,
        "description": order.description,
    }
    return told | ({"transaction_id": order.transaction_id} if order.transaction_id else {})


def _close(world: World, call: Call) -> dict[str, Any]:
    parts = read_objects(fields_of(call), "sub_order_list", _OF_NAMED)
    named = {f"{part['mchid']}/{part['out_trade_no']}" for part in parts}
    return _answer(combined.close_named(world, _named(world, call), named))


def _named(world: World, call: Call) -> Combined:
    return combined.find(world, call.mchid, fields_of(call)["combine_out_trade_no"])


def _answer(found: Combined) -> dict[str, Any]:
    return {"result_code": "SUCCESS", "combine_appid": found.appid, "combine_mch_id": found.mchid}


ROUTES: dict[str, Route] = {
    "POST /v2/pay/combinedorder": _order,
    "POST /v2/pay/querycombinedorder": _query,
    "POST /v2/pay/closecombinedorder": _close,
}
