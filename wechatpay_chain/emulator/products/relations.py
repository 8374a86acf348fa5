"""For whom a partner may act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..platform.call import Call
from ..platform.refusal import Refusal
from ..world.merchants import Merchant

_NAMES = ("sub_mchid", "sub_mch_id")


def check(merchant: Merchant, call: Call) -> None:
    """Refuse a call of a partner about a sub-merchant that isn't his.

    Args:
        merchant: who calls; without a list of sub-merchants he may act for any.
        call: the sub-merchant is named in its path, query or body, or in an order of a combined one.

    Raises:
        Refusal: 403 NO_AUTH.
    """
    if merchant.sub_mchids is None:
        return
    for named in _named(call):
        require(merchant, named)


def require(merchant: Merchant, sub_mchid: str) -> None:
    """Refuse that a partner acts for a sub-merchant that isn't his.

    Raises:
        Refusal: 403 NO_AUTH.
    """
    if merchant.sub_mchids is not None and sub_mchid not in merchant.sub_mchids:
        raise Refusal(403, "NO_AUTH", f"子商户{sub_mchid}与服务商{merchant.mchid}没有受理关系")


def _named(call: Call) -> Iterator[str]:
    body = _members(call.json)
    parts = cast("list[object]", body["sub_orders"]) if isinstance(body.get("sub_orders"), list) else []
    for given in (call.values, call.query, body, _members(call.meta), _members(call.xml), *map(_members, parts)):
        for name in _NAMES:
            if isinstance(given.get(name), str) and given[name]:
                yield given[name]


def _members(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
