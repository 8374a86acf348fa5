"""Documented rates, by a clock that is moved by hand."""

from __future__ import annotations

import pytest

from tests.emulator.clock import Clock
from tests.emulator.raw import PUNISH
from wechatpay_chain import (
    NotFound,
    RateLimited,
    WeChatPay,
)
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.policies.retry import RetryPolicy

QUERY = "v3/aggracct-bc/wb-channel/control-orders/{out_request_no}"


async def test_the_201st_call_within_a_minute(both: Emulator, clock: Clock) -> None:
    """Two hundred calls a minute are answered, the next is refused, and a minute later the first is forgotten."""
    once = RetryPolicy(attempts=1)
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock, rate_limits=None, retry=once)
    query = {"out_request_no": "P1", "params": {"control_type": "PUNISH", "mchid": "1900000109"}}
    for _ in range(200):
        with pytest.raises(NotFound):
            await wxpay.chain(QUERY).get(**query)
    with pytest.raises(RateLimited) as caught:
        await wxpay.chain(QUERY).get(**query)
    assert caught.value.code == "RATELIMIT_EXCEEDED"
    assert str(caught.value.request_id).endswith("-268447840")
    clock.now += 59.9
    with pytest.raises(RateLimited):
        await wxpay.chain(QUERY).get(**query)
    clock.now += 0.1
    with pytest.raises(NotFound):
        await wxpay.chain(QUERY).get(**query)


async def test_rates_are_counted_by_operation(both: Emulator, clock: Clock) -> None:
    """Calls of one operation don't use up the rate of another."""
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock, rate_limits=None)
    for number in range(200):
        await wxpay.chain(PUNISH).post(
            json={"out_request_no": f"P{number}", "mchid": "1", "bal_account_no": "6222", "punish_scene": 1}
        )
    answer = await wxpay.chain(QUERY).get(out_request_no="P0", params={"control_type": "PUNISH", "mchid": "1"})
    assert answer.json()["punish_order"]["effect_state"] == "ACTIVE"
