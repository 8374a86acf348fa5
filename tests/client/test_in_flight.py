"""Calls in flight: they come to their end before a client is closed, in the event loop that it belongs to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from wechatpay_chain import ConfigurationError, Request, Response, WeChatPay, WeChatPayError
from wechatpay_chain.emulator import Emulator

ECHO = "v3/security/echo"
MESSAGE = {"echo_message": "a"}


async def test_closing_that_is_cancelled_closes_all_the_same(emulator: Emulator, sessions: list[ClientSession]) -> None:
    """Connections are closed and no calls are taken; a call that was under way has its error."""
    arrived = asyncio.Event()

    @emulator.on("GET", "/v3/slow")
    async def slow(_call: Any) -> dict[str, Any]:
        arrived.set()
        await asyncio.sleep(0.5)
        return {}

    async with emulator.listen() as base_url:
        wxpay = WeChatPay(**emulator.credentials(), base_url=base_url)
        call = asyncio.create_task(wxpay["v3/slow"].get(retry=False))
        await arrived.wait()
        (session,) = sessions
        closing = asyncio.create_task(wxpay.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert session.closed
        with pytest.raises(ConfigurationError, match="closed"):
            await wxpay["v3/slow"].get()
        with pytest.raises(WeChatPayError) as ended:
            await call
        assert ended.value.outcome == "unknown"


def test_closing_waits_for_no_call_of_a_loop_that_has_ended(emulator: Emulator) -> None:
    """A call whose loop was stopped never ends: another loop closes its client at once."""

    async def mute(request: Request) -> Response[Any]:
        await asyncio.Event().wait()
        return await emulator(request)

    wxpay, loop = WeChatPay(**emulator.credentials(), transport=mute, timeout=3600), asyncio.new_event_loop()
    call = loop.create_task(wxpay[ECHO].post(json=MESSAGE))
    try:
        for _ in range(3):
            loop.run_until_complete(asyncio.sleep(0))

        async def close() -> None:
            async with asyncio.timeout(10):
                await wxpay.aclose()

        asyncio.run(close())
    finally:
        call.cancel()
        loop.run_until_complete(asyncio.wait([call]))
        loop.close()
    with pytest.raises(ConfigurationError, match="closed"):
        asyncio.run(wxpay.send(Request(method="GET", template="/v3/x")))


@pytest.mark.parametrize("how", ["one after the other", "at once"])
def test_one_client_on_two_loops(how: str, emulator: Emulator) -> None:
    """A client belongs to the event loop of its first call; in another one its calls say so, and what to do."""

    async def transport(request: Request) -> Response[Any]:
        return await emulator(request)

    wxpay = WeChatPay(**emulator.credentials(), transport=transport)

    async def call() -> int:
        return (await wxpay[ECHO].post(json=MESSAGE)).status

    async def at_once() -> None:
        assert await call() == 200
        await asyncio.to_thread(asyncio.run, call())

    if how == "at once":
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(at_once())
        return
    assert asyncio.run(call()) == 200
    with pytest.raises(ConfigurationError, match="one client per event loop"):
        asyncio.run(call())


def test_a_coroutine_that_is_driven_by_hand(emulator: Emulator) -> None:
    """Without a loop a call fails for what it needs, not for the loop."""
    credentials: dict[str, Any] = {**emulator.credentials(), "apiv2_key": None}
    wxpay = WeChatPay(**credentials, transport=emulator)
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        wxpay["v2/pay/orderquery"].post(xml={"out_trade_no": "1"}).send(None)
