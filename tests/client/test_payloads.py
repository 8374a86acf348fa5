"""A payload that its owner goes on to change while the call waits for something."""

from __future__ import annotations

import asyncio
from typing import Any

from wechatpay_chain import Renewal, Request, Response, WeChatPay
from wechatpay_chain.credentials.renewal import Pace
from wechatpay_chain.emulator import Emulator, KeyPair

ECHO = "v3/security/echo"
CARD = "v2/mmpaysptrans/pay_bank"
PAYMENT = {"partner_trade_no": "P1", "enc_bank_no": "6222", "enc_true_name": "x", "bank_code": "1002", "amount": 1}


def client(emulator: Emulator, **arguments: Any) -> WeChatPay:
    """A client of a slow emulator: others run before it answers."""

    async def transport(request: Request) -> Response[Any]:
        await asyncio.sleep(0.01)
        return await emulator(request)

    given: dict[str, Any] = {**emulator.credentials(), "transport": transport, **arguments}
    return WeChatPay(**given)


async def begun(call: Any) -> asyncio.Future[Any]:
    """A call that has begun, and waits."""
    task: asyncio.Future[Any] = asyncio.ensure_future(call)
    await asyncio.sleep(0)
    return task


async def test_what_was_given_goes_out() -> None:
    """A client without certificates downloads them first: nothing of the call changes meanwhile."""
    emulator = Emulator(platform_keys=[KeyPair.certified()])
    wxpay = client(emulator, certs=None, renewal=Renewal(pace=Pace(1e6)))
    payload: dict[str, Any] = {"echo_message": "first", "more": [{"n": 1}]}
    async with wxpay:
        call = await begun(wxpay[ECHO].post(json=payload))
        payload["echo_message"] = "second"
        payload["more"][0]["n"] = 2
        payload["more"].append(3)
        await call
    assert emulator.calls[-1].json == {"echo_message": "first", "more": [{"n": 1}]}
    assert payload["more"] == [{"n": 2}, 3]


async def test_what_was_given_to_apiv2_goes_out() -> None:
    """The key for bank cards is asked for first, and the card number that was checked is the one that is paid to."""
    emulator = Emulator()
    payload = dict(PAYMENT)
    async with client(emulator) as wxpay:
        call = await begun(wxpay[CARD].post(xml=payload))
        payload["partner_trade_no"] = "P2"
        payload["enc_bank_no"] = "6223"
        await call
    sent = emulator.calls[-1].xml
    assert sent is not None
    assert (sent["partner_trade_no"], sent["enc_bank_no"]) == ("P1", "6222")
