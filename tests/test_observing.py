"""What a hook gets to see of calls."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.faults.proxy import Fate, FaultyProxy
from tests.punishing import ORDER, PUNISH
from wechatpay_chain import ConfigurationError, ConnectionFailed, Request, Response, WeChatPay
from wechatpay_chain.credentials.renewal import Pace, Renewal
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.keys import KeyPair
from wechatpay_chain.middleware import standard
from wechatpay_chain.observing import (
    AttemptEnded,
    AttemptStarted,
    CallEnded,
    CallStarted,
    CertificatesChanged,
    Event,
    Retrying,
    logged,
)
from wechatpay_chain.pipeline import Handler
from wechatpay_chain.policies.retry import RetryPolicy


def with_hook(emulator: Emulator, **options: Any) -> tuple[WeChatPay, list[Event]]:
    """A client, and what its hook was told."""
    events: list[Event] = []
    return WeChatPay(**emulator.credentials(**{"transport": emulator, "observe": events.append, **options})), events


async def test_a_call_from_beginning_to_end(emulator: Emulator) -> None:
    """Call, attempts and repetition come in order, under one number, with hosts, statuses and the Request-ID."""
    coming: list[Fate] = ["close after", "fine"]
    fates = iter(coming)
    async with emulator.listen() as target, FaultyProxy(target, lambda: next(fates)) as proxy:
        wxpay, events = with_hook(emulator, transport=None, base_url=proxy.base_url, retry=RetryPolicy(base=0.01))
        async with wxpay:
            answer = await wxpay.chain(PUNISH).post(json=ORDER)
    kinds = [CallStarted, AttemptStarted, AttemptEnded, Retrying, AttemptStarted, AttemptEnded, CallEnded]
    # Waiting for its turn isn't worth an event where there was none.
    assert [type(event) for event in events] == kinds
    assert len({event.call for event in events}) == 1
    assert {str(event.request) for event in events} == {f"POST /{PUNISH}"}
    lost, answered, ended = events[2], events[5], events[6]
    assert isinstance(lost, AttemptEnded)
    assert isinstance(lost.error, ConnectionFailed)
    assert isinstance(answered, AttemptEnded)
    assert (answered.attempt, answered.host, answered.status) == (2, proxy.base_url, 200)
    assert isinstance(ended, CallEnded)
    assert (ended.attempts, ended.status, ended.request_id, ended.error) == (2, 200, answer.request_id, None)
    assert ended.seconds >= answered.seconds


async def test_how_calls_end(emulator: Emulator) -> None:
    """A refusal has its error and status, what was never sent its error, a cancelled call neither."""

    async def transport(request: Request) -> Response[Any]:
        if request.template == "/v3/new/slow":
            await asyncio.sleep(60)
        return await emulator(request)

    wxpay, events = with_hook(emulator, transport=transport)
    async with wxpay:
        with pytest.raises(Exception, match="PARAM_ERROR"):
            await wxpay.chain(PUNISH).post(json={})
        with pytest.raises(ConfigurationError):
            await wxpay.chain(PUNISH).post(json={"a": None})
        task = asyncio.create_task(wxpay["v3/new/slow"].get())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    ended = [event for event in events if isinstance(event, CallEnded)]
    assert [(event.status, type(event.error).__name__, event.attempts) for event in ended] == [
        (400, "BadRequest", 1),
        (None, "ConfigurationError", 0),
        (None, "NoneType", 1),
    ]
    assert sum(isinstance(event, AttemptEnded) for event in events) == 2


@pytest.mark.parametrize(("at", "attempts"), [("its turn", 0), ("the first", 1), ("the pause", 1), ("the second", 2)])
async def test_how_often_a_cancelled_call_was_sent(emulator: Emulator, at: str, attempts: int) -> None:
    """The attempts of a call that was cancelled are those that were handed to the transport."""
    waiting = asyncio.Event()
    sent = 0

    async def wait_here() -> None:
        waiting.set()
        await asyncio.sleep(60)

    async def transport(request: Request) -> Response[Any]:
        nonlocal sent
        sent += 1
        if at == ("the first", "the second")[sent - 1]:
            await wait_here()
        raise ConnectionFailed("none")

    async def waits(request: Request, call_next: Handler) -> Response[Any]:
        if at == "its turn":
            await wait_here()
        return await call_next(request)

    retry = RetryPolicy(base=10.0 if at == "the pause" else 0.001)
    plain, events = with_hook(emulator, transport=transport, retry=retry, timeout=600)
    async with plain.with_options(pipeline=(*standard(plain.options), waits)) as wxpay:
        task = asyncio.create_task(wxpay["v3/new/slow"].get())
        while not waiting.is_set() and not (at == "the pause" and events and isinstance(events[-1], Retrying)):
            assert not task.done()
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    ended = events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.attempts, ended.status, ended.error) == (attempts, None, None)
    assert sum(isinstance(event, AttemptStarted) for event in events) == attempts


async def test_other_certificates(merchant_pair: KeyPair) -> None:
    """Their download is a call of its own, and once they are believed that is told; the same ones again are no news."""
    pair = KeyPair.certified()
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[pair])
    pauses = 0
    renewed = asyncio.Event()

    async def pause(_seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses > 1:
            renewed.set()
            await asyncio.Event().wait()

    wxpay, events = with_hook(emulator, certs=None, renewal=Renewal(pace=Pace(1e6), sleep=pause))
    async with wxpay:
        await wxpay.chain(PUNISH).post(json=ORDER)
        await asyncio.wait_for(renewed.wait(), 20)
    changed = [event for event in events if isinstance(event, CertificatesChanged)]
    assert [(event.serials, event.preferred) for event in changed] == [((pair.serial,), pair.serial)]
    downloads = [event for event in events if str(event.request) == "GET /v3/certificates"]
    assert [type(event) for event in downloads] == [CallStarted, AttemptStarted, AttemptEnded, CallEnded] * 2
    assert len({event.call for event in events if event.call is not None}) == 3


async def test_downloads_of_foreign_links_are_calls_too(emulator: Emulator) -> None:
    """Two at once have numbers of their own, so that whoever looks on can keep them apart."""

    async def transport(request: Request) -> Response[Any]:
        await asyncio.sleep(0)
        return Response(status=200, content=b"x")

    wxpay, events = with_hook(emulator, transport=transport)

    async def fetch(name: str) -> bytes:
        return b"".join([piece async for piece in wxpay.stream(f"https://pay.wechatpay.cn/{name}")])

    async with wxpay:
        assert list(await asyncio.gather(fetch("a"), fetch("b"))) == [b"x", b"x"]
    numbers = [event.call for event in events if isinstance(event, AttemptStarted)]
    assert None not in numbers
    assert len(set(numbers)) == 2
    assert {event.call for event in events if isinstance(event, CallEnded)} == set(numbers)


async def test_a_hook_that_fails_harms_no_call(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """What a hook raises is logged; the answer is handed out."""

    def broken(event: Event) -> None:
        raise RuntimeError("no disk")

    async with WeChatPay(**emulator.credentials(), transport=emulator, observe=broken) as wxpay:
        assert (await wxpay.chain(PUNISH).post(json=ORDER)).status == 200
    assert "the observe hook failed with CallEnded" in caplog.text


async def test_log_lines_hold_no_secret(emulator: Emulator, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Lines name method, template, status and Request-ID; no account number, no signature, no value of a path."""
    caplog.set_level(logging.DEBUG)

    @emulator.on("GET", "/v3/new/{openid}")
    def answer(call: Any) -> dict[str, str]:
        return {"openid": call.values["openid"]}

    async with WeChatPay(**emulator.credentials(), transport=emulator, observe=logged()) as wxpay:
        answered = await wxpay["v3/new/{openid}"].get(openid="oSECRET", params={"phone": "13800000000"})
        with pytest.raises(Exception, match="ORDER_NOT_EXIST"):
            await wxpay["v3/pay/transactions/out-trade-no/oSECRET"].get(params={"mchid": emulator.mchid})
        with pytest.raises(Exception, match=r"GET /\{file\}: 400"):
            await wxpay.download("https://foreign.example/oSECRET/bill", tmp_path / "bill")
        with pytest.raises(Exception, match="PARAM_ERROR"):
            await wxpay.chain(PUNISH).post(json=ORDER | {"punish_scene": "x"})
    text = caplog.text
    assert "GET /v3/new/{openid}" in text
    assert "GET /v3/pay/transactions/out-trade-no/{out_trade_no}" in text
    assert answered.request_id is not None
    assert answered.request_id in text
    assert not any(secret in text for secret in ("6222 0000", "oSECRET", "13800000000", "WECHATPAY2"))
    levels = {record.levelname for record in caplog.records if "CallEnded" in record.getMessage()}
    assert levels == {"INFO", "WARNING"}
