"""The platform's keys rotate in the middle of traffic: nothing fails, and nothing unsigned is believed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order
from wechatpay_chain import Renewal, SignatureError, WeChatPay
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.faults import FLAWS, Forge, OtherKey

SHARES = (0.0, 0.3, 0.7, 1.0)


async def test_certificates_and_public_key(both: Emulator, clock: Clock) -> None:
    """Callers keep calling while a new certificate takes over in per cent and the old one goes; all are answered."""
    wxpay: Any = WeChatPay(**both.credentials(), transport=both, clock=clock, renewal=Renewal(), rate_limits=None)
    first, public = both.platform_keys
    second = KeyPair.certified()
    made: list[str] = []

    async def traffic(stage: int) -> None:
        for number in range(8):
            name = f"S{stage}N{number:03d}"
            answer = await wxpay.v3.pay.transactions.native.post(json=order(name), retry=False)
            made.append(answer.json()["code_url"])

    await traffic(0)
    # The new certificate is told beside the old one before it signs.
    both.platform_keys = (first, second, public)
    for stage, share in enumerate(SHARES, start=1):
        both.faults.clear()
        if share:
            both.faults.add(OtherKey(serial=second.serial), operation="POST /v3/pay/*", share=share)
        await asyncio.gather(traffic(10 * stage), traffic(10 * stage + 1))
    both.faults.clear()
    both.platform_keys = (second, public)
    await traffic(90)
    assert len(set(made)) == len(made) == len(both.orders) == 8 * (2 + 2 * len(SHARES))
    path = wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}"]
    for flaw in FLAWS:
        both.faults.clear()
        both.faults.add(Forge(flaw=flaw), operation="GET /v3/pay/*")
        with pytest.raises(SignatureError):
            await path.get(out_trade_no="S0N000", params={"mchid": both.mchid}, retry=False)
