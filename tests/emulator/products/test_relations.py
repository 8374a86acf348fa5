"""For whom a partner may act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from wechatpay_chain.emulator import Call, KeyPair, Refusal
from wechatpay_chain.emulator.products import relations
from wechatpay_chain.emulator.world.merchants import Merchant


@pytest.fixture
def partner(merchant_pair: KeyPair) -> Merchant:
    """A partner with one sub-merchant."""
    return Merchant(mchid="1900000100", role="partner", key=merchant_pair, sub_mchids=("1900000109",))


PLACES: list[Mapping[str, Any]] = [
    {"values": {"sub_mchid": "1900000108"}},
    {"query": {"sub_mchid": "1900000108"}},
    {"json": {"sub_mchid": "1900000108"}},
    {"json": {"sub_orders": [{"sub_mchid": "1900000109"}, {"sub_mchid": "1900000108"}]}},
    {"meta": {"sub_mchid": "1900000108"}},
    {"xml": {"sub_mch_id": "1900000108"}},
]


@pytest.mark.parametrize("named", PLACES, ids=str)
def test_a_stranger(partner: Merchant, named: Mapping[str, Any]) -> None:
    """Wherever a sub-merchant is named that isn't his, the call is refused; with no list he may act for any."""
    call = Call(method="POST", path="/v3/x", **named)
    with pytest.raises(Refusal, match="1900000108") as refused:
        relations.check(partner, call)
    assert (refused.value.status, refused.value.code) == (403, "NO_AUTH")
    relations.check(replace(partner, sub_mchids=None), call)
    relations.check(replace(partner, sub_mchids=("1900000108", "1900000109")), call)


@pytest.mark.parametrize("json", [None, [], {}, {"sub_mchid": ""}, {"sub_orders": None}, {"sub_orders": [1]}], ids=str)
def test_nobody(partner: Merchant, json: Any) -> None:
    """A call that names no sub-merchant is not refused for one."""
    relations.check(partner, Call(method="POST", path="/v3/x", json=json))
