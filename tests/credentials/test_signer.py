"""Whoever signs: what goes wrong there is an error of ours, and nothing was sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wechatpay_chain import WeChatPay
from wechatpay_chain.credentials.signer import signature_by
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.errors import ConfigurationError, ConnectionFailed, TimedOut, TransportError, WeChatPayError
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response


class Kms:
    """A signing service that fails as it is told, and otherwise signs."""

    def __init__(self, emulator: Emulator, *failures: Exception | object) -> None:
        self.failures = list(failures)
        self._key = emulator.merchant_key.rsa_key

    async def sign(self, message: bytes) -> Any:
        await asyncio.sleep(0)
        if not self.failures:
            return rsa.sign(self._key, message)
        failure = self.failures.pop(0)
        if isinstance(failure, Exception):
            raise failure
        return failure


class NotAwaitable:
    """An object whose `sign` isn't async."""

    def sign(self, message: bytes) -> Any:
        return b"signature"


def client(emulator: Emulator, signer: Any, **options: Any) -> WeChatPay:
    """A client whose key is elsewhere."""
    arguments = {**emulator.credentials(), "private_key": signer, "merchant_cert": None, "transport": emulator}
    return WeChatPay(**{**arguments, **options})


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ConnectionResetError("KMS: connection reset"), ConnectionFailed),
        (OSError(28, "No space left on device"), ConnectionFailed),
        (TimeoutError(), TimedOut),
        (KeyError("key id"), TransportError),
        (RuntimeError("throttled"), TransportError),
        (WeChatPayError("a signer made with this package"), WeChatPayError),
        ("a text", ConfigurationError),
        (None, ConfigurationError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
@pytest.mark.parametrize("operation", ["v3", "payments"])
async def test_a_signer_that_fails_sent_nothing(
    emulator: Emulator, failure: Any, kind: type[WeChatPayError], operation: str
) -> None:
    """By whatever exception, in calls and for front ends: the outcome is known, and the next one works."""
    calls: dict[str, Any] = {
        "v3": lambda wxpay: wxpay["v3/new/thing"].post(json={}),
        "payments": lambda wxpay: wxpay.payments.jsapi({"prepay_id": "wx1"}, appid="wx2"),
    }
    emulator.on("POST", "/v3/new/thing")(lambda call: {})
    async with client(emulator, Kms(emulator, failure)) as wxpay:
        with pytest.raises(kind) as caught:
            await calls[operation](wxpay)
        assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 0)
        assert not emulator.calls
        await calls[operation](wxpay)


async def test_what_a_signer_raised_can_be_seen(emulator: Emulator) -> None:
    """The error names the signer and the reason, and the exception is its cause."""
    failure = ConnectionResetError("KMS: connection reset")
    with pytest.raises(ConnectionFailed, match=r"the signer failed \(ConnectionResetError: KMS") as caught:
        await signature_by(Kms(emulator, failure), b"x")
    assert caught.value.__cause__ is failure


async def test_a_signer_that_is_not_async() -> None:
    """A `sign` that can't be awaited is an error of ours too."""
    with pytest.raises(WeChatPayError) as caught:
        await signature_by(NotAwaitable(), b"x")
    assert caught.value.outcome == "not_sent"


async def test_a_cancelled_signature_stays_cancelled(emulator: Emulator) -> None:
    """Cancelling isn't a failure of the signer."""

    class Slow:
        async def sign(self, message: bytes) -> bytes:
            await asyncio.Event().wait()
            return b""

    task = asyncio.create_task(signature_by(Slow(), b"x"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ConnectionResetError("reset"), ConnectionFailed),
        (TimeoutError("late"), TimedOut),
        (KeyError("theirs"), TransportError),
    ],
    ids=["reset", "timeout", "any"],
)
async def test_a_transport_that_raises_leaves_the_outcome_unknown(
    emulator: Emulator, failure: Exception, kind: type[WeChatPayError]
) -> None:
    """A transport of the caller's own may have sent the request before it raised."""

    async def transport(request: Request) -> Response[Any]:
        raise failure

    async with client(emulator, Kms(emulator), transport=transport) as wxpay:
        with pytest.raises(kind, match="the transport failed") as caught:
            await wxpay["v3/new/thing"].post(json={})
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 1)
    assert caught.value.__cause__ is failure


async def test_one_odd_exception_lets_the_others_end(emulator: Emulator) -> None:
    """Of many writes at once the one whose signature fails is told so; all others arrive."""
    emulator.on("POST", "/v3/new/thing")(lambda call: {})
    kms = Kms(emulator, ConnectionResetError("once"))
    async with client(emulator, kms, rate_limits=None) as wxpay:
        ended = await asyncio.gather(*(wxpay["v3/new/thing"].post(json={}) for _ in range(20)), return_exceptions=True)
    failed = [one for one in ended if isinstance(one, BaseException)]
    assert [type(one) for one in failed] == [ConnectionFailed]
    assert len(emulator.calls) == 19
