"""Verify: nothing that the platform didn't sign is handed on as an answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.known import known
from wechatpay_chain.credentials.platform_keys import PlatformKeys
from wechatpay_chain.credentials.trust_store import TrustStore
from wechatpay_chain.crypto import rsa
from wechatpay_chain.crypto.concealed import Concealed
from wechatpay_chain.errors import ConnectionFailed, SignatureError, SignatureProbe
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.middleware import Verify, VerifyV2
from wechatpay_chain.wire import v3

PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
NOW = 1_700_000_000
POST = known(method="POST", template="/v3/pay/transactions/native")
BILL = known(method="GET", template="/v3/billdownload/file", query="token=x")
STATEMENT = known(method="GET", template="/v3/global/statements")
BODY = b'{"code_url":"weixin://"}'


def headers(key: RSAPrivateKey, body: bytes, timestamp: int = NOW) -> Headers:
    """The headers of an answer signed with `key`."""
    signature = rsa.sign(key, v3.answer_message(str(timestamp), "NONCE", body))
    return Headers(
        {
            "Wechatpay-Timestamp": str(timestamp),
            "Wechatpay-Nonce": "NONCE",
            "Wechatpay-Serial": PUBLIC_KEY_ID,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Request-ID": "08",
        }
    )


@pytest.fixture
def verify(platform_keys: PlatformKeys) -> Verify:
    """The middleware at a fixed time."""
    return Verify(TrustStore(platform_keys), lambda: NOW)


async def checked(verify: Verify, request: Request, status: int, fields: Headers, content: bytes) -> Response[Any]:
    """What comes out of the middleware for such an answer."""

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=status, headers=fields, content=content, request=request)

    return await verify(request, call_next)


@pytest.mark.parametrize(("status", "content"), [(200, BODY), (204, b""), (201, BODY), (202, b"{}")])
async def test_a_signed_answer(verify: Verify, platform_key: RSAPrivateKey, status: int, content: bytes) -> None:
    """It is handed on as it came, marked as verified, empty ones too."""
    response = await checked(verify, POST, status, headers(platform_key, content), content)
    assert (response.verified, response.status, response.content) == (True, status, content)


@pytest.mark.parametrize(("status", "content"), [(200, BODY), (200, b""), (204, b""), (299, BODY), (202, BODY)])
async def test_an_unsigned_success_is_forged(verify: Verify, status: int, content: bytes) -> None:
    """Every 2xx must be signed; the error holds all of the answer, and its outcome is unknown."""
    fields = Headers({"Request-ID": "08"})
    with pytest.raises(SignatureError, match="not signed") as raised:
        await checked(verify, POST, status, fields, content)
    error = raised.value
    assert (error.status, error.headers, error.content) == (status, fields, content)
    assert (error.outcome, error.request_id, error.request) == ("unknown", "08", POST.line)


async def test_a_wrong_signature(verify: Verify, platform_key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    """Another key, another body, and an old answer sent again are refused."""
    for fields, content in (
        (headers(other_key, BODY), BODY),
        (headers(platform_key, BODY), BODY + b" "),
        (headers(platform_key, b"{}"), b""),
        (headers(platform_key, BODY, NOW - 301), BODY),
        (headers(platform_key, BODY, NOW + 301), BODY),
    ):
        with pytest.raises(SignatureError):
            await checked(verify, POST, 200, fields, content)


async def test_a_probe(verify: Verify, platform_key: RSAPrivateKey) -> None:
    """A probe is named, and the outcome of its call is unknown."""
    fields = headers(platform_key, BODY).merge({"Wechatpay-Signature": "WECHATPAY/SIGNTEST/x"})
    with pytest.raises(SignatureProbe) as raised:
        await checked(verify, POST, 200, fields, BODY)
    assert raised.value.outcome == "unknown"
    assert "never with a new number" in str(raised.value)


@pytest.mark.parametrize("status", [100, 199, 300, 302, 400, 401, 403, 404, 429, 500, 502])
async def test_refusals(verify: Verify, platform_key: RSAPrivateKey, other_key: RSAPrivateKey, status: int) -> None:
    """A refusal is handed on whatever its signature, with word of whether that holds."""
    right = headers(platform_key, BODY)
    for fields, verified in (
        (right, True),
        (Headers(), False),
        (headers(other_key, BODY), False),
        (right.merge({"Wechatpay-Signature": "!"}), False),
        (headers(platform_key, BODY, NOW - 301), False),
        (Headers({"Wechatpay-Serial": "x"}), False),
    ):
        assert (await checked(verify, POST, status, fields, BODY)).verified is verified


async def test_downloads_are_not_signed(verify: Verify) -> None:
    """What the catalogue knows as unsigned is handed on, and not as verified."""
    response = await checked(verify, BILL, 200, Headers(), b"bill")
    assert (response.verified, response.content) == (False, b"bill")


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="POST", template="/v3/billdownload/file"),
        Request(method="GET", template="/v3/billdownload/file/"),
        Request(method="GET", template="/v3/billdownload/{x}", path="/v3/billdownload/file"),
        Request(method="GET", template="/V3/billdownload/file"),
        Request(method="GET", template="/v3/billdownload/file/../../pay"),
        Request(method="GET", template="/v3/unknown"),
        Request(method="POST", template="/v3/merchant-service/images/upload"),
    ],
)
async def test_an_exemption_is_one_operations_alone(verify: Verify, request_: Request) -> None:
    """Another method, a longer path or a placeholder in place of a word borrow no exemption."""
    with pytest.raises(SignatureError):
        await checked(verify, request_, 200, Headers(), b"bill")


async def test_statements_sign_their_digest(
    verify: Verify, platform_key: RSAPrivateKey, other_key: RSAPrivateKey
) -> None:
    """An overseas statement's signature covers the digest in a header, and the digest the content."""
    content = b"date,amount\n"
    digest = hashlib.sha1(content).hexdigest()
    body = f'{{"sha1":"{digest}"}}'.encode()
    right = headers(platform_key, body).merge({"Wechatpay-Statement-Sha1": digest})
    assert (await checked(verify, STATEMENT, 200, right, content)).verified
    for fields, received in (
        (right, content + b"x"),
        (headers(platform_key, body), content),
        (headers(other_key, body).merge({"Wechatpay-Statement-Sha1": digest}), content),
        (headers(platform_key, content).merge({"Wechatpay-Statement-Sha1": digest}), content),
    ):
        with pytest.raises(SignatureError) as raised:
            await checked(verify, STATEMENT, 200, fields, received)
        assert raised.value.content == received


async def test_the_transport_cannot_vouch_for_itself(verify: Verify) -> None:
    """A handler below that calls its answer verified is not believed."""

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=404 if request is POST else 200, content=b"{}", verified=True)

    for request in (POST, BILL):
        assert not (await verify(request, call_next)).verified


async def test_keys_are_those_of_the_moment(platform_keys: PlatformKeys, platform_key: RSAPrivateKey) -> None:
    """A key that is taken out is not believed any more."""
    trust = TrustStore(platform_keys)
    verify = Verify(trust, lambda: NOW)
    assert (await checked(verify, POST, 200, headers(platform_key, BODY), BODY)).verified
    trust.keys = PlatformKeys([])
    with pytest.raises(SignatureError, match="unknown key"):
        await checked(verify, POST, 200, headers(platform_key, BODY), BODY)


class Endless:
    """A stream that never ends."""

    def __init__(self) -> None:
        self.closed = False

    def __aiter__(self) -> Endless:
        return self

    async def __anext__(self) -> bytes:
        return b"x" * 8_000_000

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("step", ["verify", "verify_v2"])
async def test_an_endless_stream_that_is_to_be_verified(verify: Verify, step: str) -> None:
    """An answer that is read whole to be checked, and is larger than any of the platform's, ends the call."""
    endless = Endless()

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=200, request=request, stream=endless)

    request = POST if step == "verify" else Request(method="POST", template="/v2/pay/orderquery")
    middleware = verify if step == "verify" else VerifyV2(Concealed("k" * 32))
    with pytest.raises(ConnectionFailed, match="larger than 67108864 bytes") as caught:
        await middleware(request.changed(streamed=True), call_next)
    assert (endless.closed, caught.value.outcome, caught.value.attempts) == (True, "unknown", 1)


async def test_a_forged_statement_is_closed(verify: Verify) -> None:
    """A stream whose headers prove nothing is let go of before it is read."""
    endless = Endless()

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=200, request=request, stream=endless)

    with pytest.raises(SignatureError):
        await verify(STATEMENT.changed(streamed=True), call_next)
    assert endless.closed


@pytest.mark.parametrize("at", ["fetching the key", "verifying in a thread"])
async def test_a_stream_is_closed_where_its_call_is_cancelled(
    platform_keys: PlatformKeys, platform_key: RSAPrivateKey, at: str
) -> None:
    """The connection of a file isn't kept until somebody collects the garbage."""
    endless, waiting = Endless(), asyncio.Event()
    in_thread = at == "verifying in a thread"
    serial = PUBLIC_KEY_ID if in_thread else "7" * 40
    fields = headers(platform_key, BODY).merge({"Wechatpay-Statement-Sha1": "0" * 40, "Wechatpay-Serial": serial})

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=200, headers=fields, request=request, stream=endless)

    async def never(*_: object, **__: object) -> Any:
        waiting.set()
        await asyncio.sleep(60)

    trust = TrustStore(platform_keys)
    trust.renewed_by(fetch=never, report=lambda serial: None)
    run: Any = never if in_thread else None
    verify = Verify(trust, lambda: NOW, run=run)
    task = asyncio.create_task(verify(STATEMENT.changed(streamed=True), call_next))
    await asyncio.wait_for(waiting.wait(), 10)
    assert not endless.closed
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert endless.closed
