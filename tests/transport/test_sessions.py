"""A session of the caller's own: whatever it is set to, an answer is an answer, and a failure is an error of ours."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.tracing import Trace

from tests.tcp import answering, server
from wechatpay_chain import Forbidden, WeChatPay
from wechatpay_chain.emulator import Emulator, Refusal
from wechatpay_chain.errors import ConfigurationError, ConnectionFailed, TimedOut, TransportError
from wechatpay_chain.http import reading
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.transport.aiohttp import AiohttpTransport

SIGNED = Headers({"Authorization": "WECHATPAY2-SHA256-RSA2048 ours", "Accept": "application/json"})
POST = Request(method="POST", template="/v3/x", body=b"{}", headers=SIGNED)
GET = Request(method="GET", template="/v3/x", headers=SIGNED)
ASKS = Headers({"Accept-Encoding": "gzip"})
REFUSAL = b'HTTP/1.1 403 Forbidden\r\nContent-Length: 21\r\n\r\n{"code":"NOT_ENOUGH"}'


async def sent(session: aiohttp.ClientSession, base_url: str, request: Request = POST) -> Response[Any]:
    """The answer to a request over a session, which is closed then."""
    async with session:
        return await AiohttpTransport(base_url, session=session, timeout=5)(request)


async def raising(*given: Any) -> None:
    """Anything that a session calls back, and that has a mistake in it."""
    raise KeyError("theirs")


def traced(signal: str) -> aiohttp.TraceConfig:
    """A trace configuration that raises at one of its signals."""
    trace = aiohttp.TraceConfig()
    getattr(trace, signal).append(raising)
    return trace


async def read_by_theirs(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware that reads the answer, as one that logs does."""
    answer = await send(request)
    assert b"NOT_ENOUGH" in await answer.read()
    return answer


async def signed_by_theirs(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware that puts another service's token on each request."""
    request.headers["Authorization"] = "Bearer theirs"
    return await send(request)


async def raising_late(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware that fails once the answer is there."""
    await send(request)
    raise KeyError("theirs")


def basic() -> aiohttp.BasicAuth:
    """Credentials for another service."""
    return aiohttp.BasicAuth("user", "password")


SETTINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "raise_for_status": lambda: {"raise_for_status": True},
    "a raise_for_status of their own": lambda: {"raise_for_status": raising},
    "auth": lambda: {"auth": basic()},
    "a base URL": lambda: {"base_url": "http://127.0.0.1:1/prefix/"},
    "default headers": lambda: {"headers": {"Authorization": "Bearer x", "accept-encoding": "br", "X-Y": "z"}},
    "cookies": lambda: {"cookies": {"a": "b"}, "cookie_jar": aiohttp.CookieJar(unsafe=True)},
    "no decompression": lambda: {"auto_decompress": False},
    "a short timeout": lambda: {"timeout": aiohttp.ClientTimeout(total=1e-9)},
    "HTTP/1.0": lambda: {"version": aiohttp.HttpVersion10},
    "a middleware that reads": lambda: {"middlewares": (read_by_theirs,)},
    "a middleware that signs": lambda: {"middlewares": (signed_by_theirs,)},
    "a middleware that fails late": lambda: {"middlewares": (raising_late,)},
    "a trace that fails at the end": lambda: {"trace_configs": [traced("on_request_end")]},
    "a trace that fails at a failure": lambda: {"trace_configs": [traced("on_request_exception")]},
}


@pytest.mark.filterwarnings("ignore:(The 'auth' parameter|BasicAuth) is deprecated:DeprecationWarning")
@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
async def test_an_answer_is_an_answer(settings: Callable[[], dict[str, Any]], request_: Request) -> None:
    """A refusal comes back with its status and its content, under our signature alone, and is asked for once."""
    received: list[bytes] = []
    async with server(answering(REFUSAL, received)) as base_url:
        answer = await sent(aiohttp.ClientSession(**settings()), base_url, request_)
    assert (answer.status, answer.content) == (403, b'{"code":"NOT_ENOUGH"}')
    assert len(received) == 1
    assert received[0].count(b"uthorization: ") == 1
    assert b"\r\nAuthorization: WECHATPAY2-SHA256-RSA2048 ours\r\n" in received[0]
    assert b"\r\nAccept-Encoding: identity\r\n" in received[0]


async def test_a_netrc_does_not_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of a .netrc, which trust_env brings along, neither refuse the call nor replace its signature."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    received: list[bytes] = []
    async with server(answering(REFUSAL, received)) as base_url:
        answer = await sent(aiohttp.ClientSession(trust_env=True), base_url)
    assert answer.status == 403
    assert b"\r\nAuthorization: WECHATPAY2-SHA256-RSA2048 ours\r\n" in received[0]


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, "PARAM_ERROR", "rejected"),
        (403, "NOT_ENOUGH", "rejected"),
        (404, "ORDER_NOT_EXIST", "rejected"),
        (500, "SYSTEM_ERROR", "unknown"),
    ],
)
async def test_a_session_with_raise_for_status_changes_no_refusal(
    emulator: Emulator, status: int, code: str, outcome: str
) -> None:
    """Through the whole client: class, code and outcome are those of any other session, and a GET is sent once."""

    @emulator.on("GET", "/v3/new/thing")
    def refuse(call: Any) -> None:
        raise Refusal(status, code)

    async with (
        emulator.listen() as base_url,
        aiohttp.ClientSession(raise_for_status=True) as session,
        WeChatPay(**emulator.credentials(), base_url=base_url, session=session) as wxpay,
    ):
        with pytest.raises(Exception) as caught:
            await wxpay["v3/new/thing"].get(retry=False)
    error: Any = caught.value
    assert (error.code, error.outcome, error.attempts) == (code, outcome, 1)
    assert isinstance(error, Forbidden) is (status == 403)


@asynccontextmanager
async def closed(kind: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that can't be used any more."""
    connector = aiohttp.TCPConnector()
    session = aiohttp.ClientSession(connector=connector, connector_owner=kind == "session")
    await (session.close() if kind == "session" else connector.close())
    yield session
    await session.close()
    await connector.close()


@pytest.mark.parametrize("kind", ["session", "connector"])
async def test_a_closed_session_is_named(kind: str) -> None:
    """A session, or its connector, that was closed meanwhile: the argument, and nothing was sent."""
    async with closed(kind) as session:
        with pytest.raises(ConfigurationError, match="session") as caught:
            await AiohttpTransport("http://127.0.0.1:1", session=session)(POST)
    assert caught.value.outcome == "not_sent"


async def raising_early(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware that fails before it sends."""
    raise KeyError("theirs")


async def unconnected(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware that fails to reach a service of its own."""
    raise ConnectionResetError("theirs")


async def slow(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware that waits for a service of its own."""
    await asyncio.sleep(60)
    return await send(request)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"middlewares": (raising_early,)}, TransportError),
        ({"middlewares": (unconnected,)}, ConnectionFailed),
        ({"middlewares": (slow,)}, TimedOut),
        ({"trace_configs": ["on_request_start"]}, TransportError),
    ],
    ids=["middleware", "network of a middleware", "slow middleware", "trace"],
)
async def test_what_fails_before_the_connection_was_not_sent(settings: dict[str, Any], kind: type[Exception]) -> None:
    """Whatever the session raises before the request is handed over: an error of ours, and nothing was sent."""
    if "trace_configs" in settings:
        settings = {"trace_configs": [traced(name) for name in settings["trace_configs"]]}
    received: list[bytes] = []
    async with server(answering(REFUSAL, received)) as base_url, aiohttp.ClientSession(**settings) as session:
        transport = AiohttpTransport(base_url, session=session, timeout=0.2)
        with pytest.raises(TransportError) as caught:
            await transport(POST)
    assert isinstance(caught.value, kind)
    assert (caught.value.outcome, received) == ("not_sent", [])


@pytest.mark.parametrize("signal", ["on_request_headers_sent", "on_request_chunk_sent"])
async def test_a_trace_that_fails_on_the_way_leaves_the_outcome_unknown(signal: str) -> None:
    """What the session raises while the request goes out: it may have arrived."""
    async with server(answering(REFUSAL)) as base_url:
        with pytest.raises(TransportError) as caught:
            await sent(aiohttp.ClientSession(trace_configs=[traced(signal)]), base_url)
    assert caught.value.outcome == "unknown"


async def test_a_lost_answer_is_not_asked_for_again_by_the_session() -> None:
    """Aiohttp repeats a GET on a broken connection by itself, under the same signature: not with our requests."""
    received: list[bytes] = []
    async with server(answering(b"", received)) as base_url:
        with pytest.raises(ConnectionFailed) as caught:
            await sent(aiohttp.ClientSession(), base_url, GET)
    assert (caught.value.outcome, len(received)) == ("unknown", 1)


async def test_the_worst_of_what_a_middleware_sent_counts() -> None:
    """A middleware that sends again after a lost answer doesn't turn it into a request that was never sent."""

    async def again(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        try:
            return await send(request)
        except ConnectionFailed:
            raise KeyError("given up") from None

    async with server(answering(b"")) as base_url:
        with pytest.raises(ConnectionFailed) as caught:
            await sent(aiohttp.ClientSession(middlewares=(again,)), base_url)
    assert caught.value.outcome == "unknown"
    assert "Server disconnected" in str(caught.value)


class DownAtFirst(aiohttp.TCPConnector):
    """Makes no connection for the first attempt."""

    asked = 0

    async def connect(self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Any:
        self.asked += 1
        if self.asked == 1:
            raise aiohttp.ClientConnectorError(req.connection_key, ConnectionRefusedError("refused"))
        return await super().connect(req, traces, timeout)


async def test_what_a_middleware_sends_after_a_refused_connection_counts() -> None:
    """The first attempt never left, the second one arrived and its answer was lost: nobody knows what it did."""
    received: list[bytes] = []

    async def again(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        with suppress(ConnectionFailed):
            return await send(request)
        return await send(request)

    async with server(answering(b"", received)) as base_url:
        with pytest.raises(ConnectionFailed, match="Server disconnected") as caught:
            await sent(aiohttp.ClientSession(connector=DownAtFirst(), middlewares=(again,)), base_url)
    assert (caught.value.outcome, len(received)) == ("unknown", 1)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate", "identity"])
async def test_a_gateway_that_compresses_unasked(encoding: str, own: bool) -> None:
    """An answer that comes compressed although that wasn't asked for is unpacked."""
    packed = {"deflate": zlib.compress(b"{}"), "identity": b"{}"}
    content = packed.get(encoding) or gzip.compress(b"{}")
    raw = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )
    async with server(answering(raw)) as base_url, aiohttp.ClientSession(auto_decompress=False) as session:
        transport = AiohttpTransport(base_url, session=None if own else session)
        assert (await transport(GET)).content == b"{}"
        await transport.aclose()


@pytest.mark.parametrize(
    ("encoding", "content", "reason"),
    [
        ("gzip", gzip.compress(bytes(70_000_000), mtime=0), "larger than 67108864 bytes"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-3], "cut off"),
        ("gzip", b"{}", "is not the gzip"),
        ("br", b"\x0b\x01\x80{}\x03", "compressed as 'br'"),
    ],
    ids=["bomb", "cut off", "no gzip", "another"],
)
async def test_a_compressed_answer_that_cannot_be_read(encoding: str, content: bytes, reason: str) -> None:
    """A bomb, a cut or a wrong label ends the call, with the reason, and its outcome is unknown."""
    raw = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )
    async with server(answering(raw)) as base_url:
        transport = AiohttpTransport(base_url)
        with pytest.raises(ConnectionFailed, match=reason) as caught:
            await transport(GET)
        await transport.aclose()
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("in_pieces", [True, False])
@pytest.mark.parametrize(
    ("request_", "status", "size", "reason"),
    [
        # aiohttp before 3.14 breaks off by itself what unpacks to more than 32 MiB at once.
        (GET.changed(headers=ASKS), 200, 70_000_000, "larger than 67108864 bytes|cut off"),
        (GET.changed(headers=ASKS), 502, 2_000_000, "larger than 1048576 bytes"),
        (GET.changed(streamed=True), 502, 2_000_000, "larger than 1048576 bytes"),
    ],
    ids=["answer", "refusal", "in place of a file"],
)
async def test_a_bomb_that_was_asked_for(
    own: bool, in_pieces: bool, request_: Request, status: int, size: int, reason: str
) -> None:
    """What was asked to be compressed may not unpack to more either, whether or not it comes with its headers."""
    content = gzip.compress(bytes(size), mtime=0)
    head = f"HTTP/1.1 {status} X\r\nContent-Encoding: gzip\r\nContent-Length: {len(content)}\r\n\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + content[:100] if in_pieces else head + content)
        await writer.drain()
        if in_pieces:
            await asyncio.sleep(0.02)
            writer.write(content[100:])
            await writer.drain()

    async with server(answer) as base_url, aiohttp.ClientSession() as session:
        transport = AiohttpTransport(base_url, session=None if own else session)
        with pytest.raises(ConnectionFailed, match=reason) as caught:
            await transport(request_)
        await transport.aclose()
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("own", [True, False])
async def test_a_file_that_is_a_bomb(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that aiohttp unpacks may not grow beyond reason; one that is packed well is read to its end."""
    monkeypatch.setattr(reading, "MOST_UNPACKED", 1_000_000)
    row = b"`2026-01-01 08:00:00,`wx1,`1900000109,`T%d,`1.00\r\n"
    # Less than the 32 MiB that aiohttp 3.13 itself refuses.
    packed = [gzip.compress(b"".join(row % n for n in range(50_000))), gzip.compress(bytes(20_000_000))]
    head = b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for content in packed:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head % len(content) + content)
            await writer.drain()
        await reader.read()

    async with server(answer) as base_url, aiohttp.ClientSession() as session:
        transport = AiohttpTransport(base_url, session=None if own else session)
        bill = (await transport(GET.changed(streamed=True))).stream
        assert bill is not None
        assert sum([len(piece) async for piece in bill]) > 2_000_000
        bomb = (await transport(GET.changed(streamed=True))).stream
        assert bomb is not None
        with pytest.raises(ConnectionFailed, match="grows more than 100 times") as caught:
            async for _ in bomb:
                pass
        await transport.aclose()
    assert caught.value.outcome == "unknown"
