"""Sign: every attempt gets a signature of its own over the very bytes that go out."""

from __future__ import annotations

import asyncio
import base64
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from wechatpay_chain import TimedOut, Timeout
from wechatpay_chain.credentials.signer import KeySigner
from wechatpay_chain.crypto import rsa
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.http.timeout import chosen
from wechatpay_chain.middleware import Sign
from wechatpay_chain.wire import signature_types
from wechatpay_chain.wire.authorization import Authorization

MCHID, SERIAL = "1900000109", "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
UPLOAD = Request(method="POST", template="/v3/up", body=b"--multipart--", signed_body=b'{"sha256":"0"}')


async def signed(request: Request, middleware: Sign) -> Request:
    """What the transport gets."""
    captured: list[Request] = []

    async def call_next(request: Request) -> Response[Any]:
        captured.append(request)
        return Response(status=200)

    await middleware(request, call_next)
    return captured[0]


def sign(key: RSAPrivateKey, now: float = 1_700_000_000.9) -> Sign:
    """The middleware at a fixed time."""
    return Sign(partial(Authorization, signature_types.RSA, MCHID, SERIAL), KeySigner(key), lambda: now)


@pytest.mark.parametrize(
    ("request_", "lines"),
    [
        (Request(method="GET", template="/v3/x"), ["GET", "/v3/x", ""]),
        (Request(method="GET", template="/v3/{a}", path="/v3/%2F", query="a=%20"), ["GET", "/v3/%2F?a=%20", ""]),
        (Request(method="POST", template="/v3/x", body='{"名":1}'.encode()), ["POST", "/v3/x", '{"名":1}']),
        (UPLOAD, ["POST", "/v3/up", '{"sha256":"0"}']),
    ],
)
async def test_what_is_signed(merchant_key: RSAPrivateKey, request_: Request, lines: list[str]) -> None:
    """Method, target, whole seconds, nonce and body, or an upload's meta, are what the signature covers."""
    sent = await signed(request_, sign(merchant_key))
    authorization = Authorization.parse(sent.headers["Authorization"])
    assert (authorization.owner, authorization.serial, authorization.timestamp) == (MCHID, SERIAL, "1700000000")
    method, target, body = lines
    message = f"{method}\n{target}\n1700000000\n{authorization.nonce}\n{body}\n".encode()
    rsa.verify(merchant_key.public_key(), message, authorization.signature)
    assert sent.body == request_.body


async def test_every_attempt_is_new(merchant_key: RSAPrivateKey) -> None:
    """The same request gets another nonce and another signature each time, and stays unsigned itself."""
    request = Request(method="POST", template="/v3/x", body=b"{}")
    middleware = sign(merchant_key)
    first, second = [Authorization.parse((await signed(request, middleware)).headers["authorization"]) for _ in "ab"]
    assert first.nonce != second.nonce
    assert first.signature != second.signature
    assert "Authorization" not in request.headers


async def test_an_authorization_that_is_there_is_replaced(merchant_key: RSAPrivateKey) -> None:
    """Another's Authorization never goes out beside or instead of ours."""
    request = Request(method="GET", template="/v3/x", headers=Headers({"AUTHORIZATION": "Bearer x", "X": "1"}))
    sent = await signed(request, sign(merchant_key))
    assert len(sent.headers) == 2
    assert sent.headers["Authorization"].startswith("WECHATPAY2-SHA256-RSA2048 ")


async def test_a_signer_of_the_callers_own() -> None:
    """A remote signer gets the message and gives raw bytes."""
    seen: list[bytes] = []

    class Remote:
        async def sign(self, message: bytes) -> bytes:
            seen.append(message)
            return b"\x01\x02"

    sent = await signed(
        Request(method="GET", template="/v3/x"),
        Sign(partial(Authorization, signature_types.RSA, MCHID, SERIAL), Remote(), lambda: 5, lambda: "N"),
    )
    assert seen == [b"GET\n/v3/x\n5\nN\n\n"]
    assert Authorization.parse(sent.headers["Authorization"]).signature == base64.b64encode(b"\x01\x02").decode()


class Remote:
    """A service that takes some seconds by the clock of the test, or for ever, or has a time of its own."""

    def __init__(self, *, takes: float = 0.0, ends: bool = True, fails: bool = False) -> None:
        self.now = 100.0
        self.takes, self.ends, self.fails = takes, ends, fails

    async def sign(self, message: bytes) -> bytes:
        self.now += self.takes
        if self.fails:
            raise TimeoutError("the service is busy")
        if not self.ends:
            await asyncio.Event().wait()
        return b"\x01"


def sign_by(service: Remote, total: float) -> Sign:
    """The middleware with a service that signs."""
    authorize = partial(Authorization, signature_types.RSA, MCHID, SERIAL)
    return Sign(authorize, service, lambda: 5, timeouts=Timeout(total=total), monotonic=lambda: service.now)


@pytest.mark.parametrize("of_the_call", [None, 0.01, Timeout(total=0.01)])
async def test_a_signer_that_never_answers(of_the_call: Any) -> None:
    """It ends with the time of the call, or of the client, and nothing has left."""
    total = 0.01 if of_the_call is None else 1000
    request = Request(method="POST", template="/v3/x", timeout=of_the_call)
    with pytest.raises(TimedOut, match=r"the signer gave no signature within 0\.01 s") as caught:
        await signed(request, sign_by(Remote(ends=False), total))
    assert caught.value.outcome == "not_sent"


async def test_a_signers_own_time_limit() -> None:
    """What ran out at the signer is told in its words."""
    with pytest.raises(TimedOut, match=r"the signer failed .*the service is busy") as caught:
        await signed(Request(method="GET", template="/v3/x"), sign_by(Remote(fails=True), 10))
    assert caught.value.outcome == "not_sent"


async def test_the_time_that_signing_takes_counts(merchant_key: RSAPrivateKey) -> None:
    """What a signer elsewhere has used is no longer there for the answer; a key that is here changes nothing."""
    sent = await signed(Request(method="GET", template="/v3/x", timeout=10), sign_by(Remote(takes=4), 30))
    assert chosen(sent.timeout, Timeout()).total == 6
    sent = await signed(Request(method="GET", template="/v3/x"), sign_by(Remote(takes=4), 30))
    assert chosen(sent.timeout, Timeout()).total == 26
    sent = await signed(Request(method="GET", template="/v3/x", timeout=10), sign(merchant_key))
    assert sent.timeout == 10


def test_the_key_is_not_shown(merchant_key: RSAPrivateKey) -> None:
    """Neither middleware nor signer shows the key in a log."""
    shown = f"{sign(merchant_key)!r} {KeySigner(merchant_key)!r}"
    assert str(merchant_key.private_numbers().d) not in shown
    assert "RSAPrivateKey" not in shown
