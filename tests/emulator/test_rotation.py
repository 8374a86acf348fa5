"""The platform's keys rotate in the middle of traffic: nothing fails, and nothing unsigned is believed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order
from tests.emulator.products.test_transfers import BASE as TRANSFERS
from tests.emulator.products.test_transfers import transfer
from wechatpay_chain import APIError, Renewal, Secret, SignatureError, Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.faults import FLAWS, Forge, OtherKey
from wechatpay_chain.emulator.products.transfers import TRANSFERS as TRANSFER_RECORDS

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


async def test_one_public_key_after_the_other(merchant_pair: KeyPair, platform_pair: KeyPair, clock: Clock) -> None:
    """While both are valid, a caller is answered by the key that it names; who knows both doesn't notice the switch."""
    old, new = platform_pair, KeyPair.wechatpay()
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[old], clock=clock)

    def client(*keys: KeyPair) -> Any:
        certs = {key.serial: key.public_pem for key in keys}
        return WeChatPay(**emulator.credentials(certs=certs), transport=emulator, clock=clock, rate_limits=None)

    unaware, ready, moved = client(old), client(old, new), client(new, old)

    async def send(wxpay: Any, number: str) -> str:
        """Send a transfer whose name is encrypted for the key that the client names; who signed the answer."""
        asked = transfer(number, 200_000, user_name=Secret("张三"))
        answer = await wxpay[TRANSFERS].post(json=asked, retry=False)
        assert answer.json()["state"] == "WAIT_USER_CONFIRM"
        return str(answer.headers["Wechatpay-Serial"])

    async def traffic(name: str, wxpay: Any, *, switch: bool = False) -> set[str]:
        signers: set[str] = set()
        for number in range(8):
            if switch and number == 3:
                # The others have calls under way.
                emulator.platform_keys = (old, new)
            signers.add(await send(wxpay, f"{name}{number}"))
        return signers

    first = await asyncio.gather(traffic("A", unaware), traffic("B", ready), traffic("C", ready, switch=True))
    assert list(first) == [{old.serial}] * 3
    assert await asyncio.gather(
        *(traffic(name, one) for name, one in zip("DEF", (unaware, ready, moved), strict=True))
    ) == [
        {old.serial},
        {old.serial},
        {new.serial},
    ]
    # In the grey switch the platform signs by either, whatever is named; so it does with notifications.
    emulator.faults.add(OtherKey(serial=new.serial))
    assert await send(ready, "G1") == new.serial
    with pytest.raises(SignatureError) as distrusted:
        await send(unaware, "G2")
    assert distrusted.value.outcome == "unknown"
    emulator.faults.clear()
    webhook = Webhook(apiv3_key=emulator.apiv3_key, certs=ready.trust, clock=clock)
    for key in (old, new):
        assert webhook.open(*emulator.notification("TRANSACTION.SUCCESS", serial=key.serial)).resource
    # The old key is gone. A running client is told so, and goes on.
    emulator.platform_keys = (new,)
    with pytest.raises(APIError) as stale:
        await send(ready, "H1")
    assert (stale.value.status, stale.value.code, stale.value.outcome) == (400, "PARAM_ERROR", "rejected")
    ready.trust.keys = moved.trust.keys
    assert list(await asyncio.gather(traffic("I", ready), traffic("J", moved))) == [{new.serial}] * 2
    made = [one.out_bill_no for one in emulator.world.of(TRANSFER_RECORDS)]
    assert sorted(made) == sorted([f"{name}{number}" for name in "ABCDEFIJ" for number in range(8)] + ["G1", "G2"])
