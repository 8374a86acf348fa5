"""Nothing is asked twice: a call's operation is looked up once, its refusal read once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.punishing import ORDER, PUNISH
from wechatpay_chain import (
    APIError,
    NotFound,
    Request,
    Response,
    RetryPolicy,
    ServerError,
    TimedOut,
    WeChatPay,
    WeChatPayError,
)
from wechatpay_chain.catalogue.facts import find
from wechatpay_chain.emulator import Call, Emulator
from wechatpay_chain.emulator.platform.apiv2 import RefusalV2
from wechatpay_chain.observing import CallEnded, CallStarted, Event
from wechatpay_chain.wire.v3 import refusal

ORDER_V2 = {"appid": "wx1", "body": "茶", "out_trade_no": "A1", "total_fee": 29, "trade_type": "NATIVE"}
ORDER_V2 |= {"spbill_create_ip": "127.0.0.1", "notify_url": "https://a.example/n"}
BANK = "v2/mmpaysptrans/pay_bank"
PAYMENT = {"partner_trade_no": "1", "enc_bank_no": "6222", "enc_true_name": "张三", "bank_code": "1002", "amount": 1}


def look_ups() -> int:
    """How often the catalogue was asked for an operation so far."""
    info = find.cache_info()
    return info.hits + info.misses


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (PUNISH, {"json": ORDER}),
        ("v2/pay/unifiedorder", {"xml": ORDER_V2}),
    ],
)
async def test_an_operation_is_looked_up_once(emulator: Emulator, path: str, options: dict[str, Any]) -> None:
    """Whatever the steps need to know of it travels with the request."""
    async with WeChatPay(**emulator.credentials(), transport=answering(emulator), observe=lambda _: None) as wxpay:
        await wxpay.chain(path).post(**options)
        before = look_ups()
        await wxpay.chain(path).post(**options)
    assert look_ups() - before == 1


async def test_an_operation_that_is_unknown_is_looked_up_once(emulator: Emulator) -> None:
    """That the catalogue doesn't know it travels with the request too, as far as the note on its refusal."""

    async def transport(request: Request) -> Response[Any]:
        return Response(status=404, content=b'{"code":"RESOURCE_NOT_EXISTS"}', request=request)

    async with WeChatPay(**emulator.credentials(), transport=transport, observe=lambda _: None) as wxpay:
        before = look_ups()
        with pytest.raises(NotFound):
            await wxpay.chain("v3/new/thing").post(json={"a": 1})
    assert look_ups() - before == 1


def answering(emulator: Emulator) -> Callable[[Request], Any]:
    """A transport that has every answer at hand: the emulator looks operations up too."""
    kept: dict[str, Response[Any]] = {}

    async def transport(request: Request) -> Response[Any]:
        if request.template not in kept:
            kept[request.template] = await emulator(request)
        return kept[request.template].changed(request=request)

    return transport


async def test_a_refusal_is_read_once(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits, repetition, observer and caller get the same error, made of one reading."""
    readings: list[Response[Any]] = []
    read = refusal.read

    def counting(response: Response[Any]) -> APIError:
        readings.append(response)
        return read(response)

    monkeypatch.setattr(refusal, "read", counting)
    events: list[Event] = []

    async def transport(request: Request) -> Response[Any]:
        return Response(status=500, content=b'{"code":"SYSTEM_ERROR"}', request=request)

    async with WeChatPay(
        **emulator.credentials(),
        transport=transport,
        observe=events.append,
        retry=RetryPolicy(attempts=2, base=0.001, longest=0.001),
    ) as wxpay:
        with pytest.raises(ServerError) as caught:
            await wxpay.chain("v3/new/thing").get()
    assert len(readings) == 2  # one an attempt
    ended = [event for event in events if isinstance(event, CallEnded)]
    assert ended[0].error is caught.value
    assert caught.value.attempts == 2


async def test_a_refusal_is_not_kept_for_another_answer(emulator: Emulator) -> None:
    """A step that puts another answer in place of a refusal is believed: what was read belongs to the first one."""

    async def softened(request: Request, call_next: Any) -> Response[Any]:
        response: Response[Any] = await call_next(request)
        return response.changed(status=404, content=b'{"code":"ORDER_NOT_EXIST","message":"mine"}')

    async def transport(request: Request) -> Response[Any]:
        return Response(status=400, content=b'{"code":"PARAM_ERROR"}', request=request)

    async with WeChatPay(**emulator.credentials(), transport=transport, middlewares=[softened]) as wxpay:
        with pytest.raises(APIError) as caught:
            await wxpay.chain("v3/new/thing").get()
    assert (caught.value.status, caught.value.code) == (404, "ORDER_NOT_EXIST")


async def test_the_key_for_bank_cards_is_fetched_once_and_seen(emulator: Emulator) -> None:
    """Its call is one of its own for who observes, and later calls use the key that came."""
    events: list[Event] = []
    async with WeChatPay(**emulator.credentials(), transport=emulator, observe=events.append) as wxpay:
        for _ in range(2):
            await wxpay.chain(BANK).post(xml=PAYMENT)
    started = [str(event.request) for event in events if isinstance(event, CallStarted)]
    assert started == [f"POST /{BANK}", "POST /v2/risk/getpublickey", f"POST /{BANK}"]
    assert emulator.calls[-1].xml is not None
    assert emulator.calls[-1].xml["enc_bank_no"] == "6222"  # the emulator has opened it


@pytest.mark.parametrize("fate", ["silent", "refused"])
async def test_without_the_key_for_bank_cards_nothing_was_sent(emulator: Emulator, fate: str) -> None:
    """The error is that of the key's call, its outcome that of the payment, and it comes within the payment's time."""

    @emulator.on("POST", "/v2/risk/getpublickey")
    async def key(_call: Call) -> Any:
        if fate == "silent":
            await asyncio.sleep(30)
        raise RefusalV2("no")

    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        began = time.monotonic()
        with pytest.raises(WeChatPayError) as caught:
            await wxpay.chain(BANK).post(xml=PAYMENT, timeout=0.3)
    assert time.monotonic() - began < 10
    assert isinstance(caught.value, TimedOut if fate == "silent" else APIError)
    assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 0)
    assert "the call itself was not sent" in caught.value.__notes__[-1]
    assert not [call for call in emulator.calls if call.path == f"/{BANK}"]
