"""The calls of APIv3 about combined orders.

https://pay.weixin.qq.com/doc/v3/merchant/4012557004
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...world.world import World
from ..fen import fen
from ..product import Route
from . import combined
from .apiv3 import expiry
from .combined import COMBINED, Combined
from .links import prepaid
from .record import Order

_BASE = "/v3/combine-transactions"
_TRADE_TYPES = {"jsapi": "JSAPI", "miniprogram": "JSAPI", "app": "APP", "h5": "MWEB", "native": "NATIVE"}


def _prepay(world: World, call: Call, trade_type: str) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    if content["combine_mchid"] != call.mchid:
        raise refusal.other_merchant("/combine_mchid")
    if not 0 < len(content["sub_orders"]) <= combined.MOST:
        raise refusal.bad_parameter("/sub_orders", "body", f"1 to {combined.MOST} orders are expected")
    asked = _asked(call, trade_type)
    made = combined.make(world, asked, [_part(part, asked) for part in content["sub_orders"]])
    return prepaid(made, trade_type, call.base_url)


def _asked(call: Call, trade_type: str) -> Combined:
    content: dict[str, Any] = call.json
    payer: Mapping[str, Any] = content.get("combine_payer_info") or {}
    return Combined(
        mchid=call.mchid,
        made=call.time,
        state="NOTPAY",
        due=expiry(call, content.get("time_expire")),
        out_trade_no=content["combine_out_trade_no"],
        appid=content["combine_appid"],
        trade_type=trade_type,
        content=content,
        notify_url=content.get("notify_url", ""),
        orders=[],
        openid=payer.get("openid", ""),
    )


def _part(part: Mapping[str, Any], asked: Combined) -> Order:
    settlement: Mapping[str, Any] = part.get("settle_info") or {}
    return Order(
        mchid=part["mchid"],
        made=asked.made,
        state="NOTPAY",
        out_trade_no=part["out_trade_no"],
        sub_mchid=part.get("sub_mchid", ""),
        appid=asked.appid,
        sub_appid=part.get("sub_appid", ""),
        trade_type=asked.trade_type,
        content=dict(part),
        total=fen(part["amount"]["total_amount"], "/sub_orders/amount/total_amount"),
        currency=part["amount"].get("currency", "CNY"),
        description=part["description"],
        attach=part.get("attach", ""),
        expires=asked.due or 0.0,
        sharing=bool(settlement.get("profit_sharing")),
    )


def _query(world: World, call: Call) -> dict[str, Any]:
    return combined.told(world, _named(world, call))


def _query_by_id(world: World, call: Call) -> dict[str, Any]:
    found = world.of(COMBINED).one("transaction_id", call.values["combine_transaction_id"])
    if found is None or found.mchid != call.mchid:
        raise refusal.no_order()
    return combined.told(world, found)


def _close(world: World, call: Call) -> None:
    named = {f"{part['mchid']}/{part['out_trade_no']}" for part in call.json["sub_orders"]}
    combined.close_named(world, _named(world, call), named)


def _named(world: World, call: Call) -> Combined:
    return combined.find(world, call.mchid, call.values["combine_out_trade_no"])


ROUTES: dict[str, Route] = {
    **{f"POST {_BASE}/{way}": partial(_prepay, trade_type=kind) for way, kind in _TRADE_TYPES.items()},
    f"GET {_BASE}/out-trade-no/{{combine_out_trade_no}}": _query,
    f"GET {_BASE}/id/{{combine_transaction_id}}": _query_by_id,
    f"POST {_BASE}/out-trade-no/{{combine_out_trade_no}}/close": _close,
}
