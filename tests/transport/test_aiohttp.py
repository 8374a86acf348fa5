"""The transport, against a bare TCP server that sends and breaks what each test wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress

import aiohttp
import pytest

from tests.tcp import Talk, answering, server, silent
from wechatpay_chain.errors import ConfigurationError, ConnectionFailed, TimedOut, TransportError
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.transport.aiohttp import AiohttpTransport
from wechatpay_chain.wire.hosts import check_base_url

POST = Request(method="POST", template="/v3/x", body=b"{}")


@asynccontextmanager
async def connected(talk: Talk, timeout: float | Timeout = 5) -> AsyncIterator[AiohttpTransport]:
    """A transport that is closed in the end, connected to such a server."""
    async with server(talk) as base_url:
        transport = AiohttpTransport(base_url, timeout=timeout)
        try:
            yield transport
        finally:
            await transport.aclose()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v3/refund/it's_-|*@", ""),
        ("/v3/x/%7E%2A%40%e4%b8%ad%2F", "token=a%2Fb%3A%7e'&x=%7C"),
        ("/v3/a/", "a=b+c"),
        ("/v3/x;y=1", "q="),
    ],
)
async def test_the_very_target_and_body_are_sent(path: str, query: str) -> None:
    """What was signed goes out byte for byte: nothing is quoted, unquoted or folded on the way."""
    received: list[bytes] = []
    async with connected(answering(b"HTTP/1.1 204 No Content\r\n\r\n", received)) as transport:
        body = '{"名":"\\u4e2d\t"}'.encode()
        await transport(Request(method="POST", template=path, query=query, body=body))
    head, _, sent = received[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == f"POST {path}{'?' + query if query else ''} HTTP/1.1".encode()
    assert sent == body


async def test_headers_come_and_go() -> None:
    """The caller's headers and a User-Agent go out; the answer's come back, looked up in any case."""
    received: list[bytes] = []
    raw = b"HTTP/1.1 200 OK\r\nRequest-Id: 08F-0\r\nContent-Length: 2\r\n\r\n{}"
    async with connected(answering(raw, received)) as transport:
        answer = await transport(
            Request(method="GET", template="/v3/x", headers=Headers({"Accept": "application/json"}))
        )
    assert b"\r\nAccept: application/json\r\n" in received[0]
    assert b"\r\nUser-Agent: wechatpay_chain/" in received[0]
    assert (answer.status, answer.content, answer.request_id, answer.verified) == (200, b"{}", "08F-0", False)


async def test_a_redirect_is_not_followed() -> None:
    """A 302 comes back as it is, and no second request leaves with our signature."""
    received: list[bytes] = []
    raw = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with connected(answering(raw, received)) as transport:
        assert (await transport(POST)).status == 302
    assert len(received) == 1


async def test_a_refused_connection_was_not_sent() -> None:
    """Nobody listens: ConnectionFailed, and the outcome is known."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        transport = AiohttpTransport(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ConnectionFailed) as caught:
            await transport(POST)
        await transport.aclose()
    assert caught.value.outcome == "not_sent"


async def test_an_unknown_host_was_not_sent() -> None:
    """A name that can't be resolved: ConnectionFailed, and the outcome is known."""
    transport = AiohttpTransport("http://nobody.invalid")
    with pytest.raises(ConnectionFailed) as caught:
        await transport(POST)
    await transport.aclose()
    assert caught.value.outcome == "not_sent"


async def test_a_failed_tls_handshake_was_not_sent() -> None:
    """A server that speaks no TLS: ConnectionFailed before anything was sent."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with server(plain) as base_url:
        transport = AiohttpTransport(base_url.replace("http:", "https:"))
        with pytest.raises(ConnectionFailed) as caught:
            await transport(POST)
        await transport.aclose()
    assert caught.value.outcome == "not_sent"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="closed without a word"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", id="cut off body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", id="cut off chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="cut off headers"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", id="bad header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", id="not gzip"),
    ],
)
async def test_a_broken_answer_leaves_the_outcome_unknown(raw: bytes) -> None:
    """Whatever breaks after the request was sent is a ConnectionFailed of unknown outcome."""
    async with connected(answering(raw)) as transport:
        with pytest.raises(ConnectionFailed) as caught:
            await transport(POST)
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize(
    "raw",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{"a":"private"}\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a":"private"}\r\n0\r\n\r\n',
        b"HTTP/1.1 200 OK\r\nX : private\r\n\r\n",
        b"private\r\n\r\n",
    ],
)
async def test_no_error_quotes_what_came(raw: bytes) -> None:
    """An answer that isn't HTTP may be the content of one that is, and errors are logged."""
    async with connected(answering(raw)) as transport:
        with pytest.raises(ConnectionFailed, match=r"did not answer in HTTP: \w.*[\w/]$") as caught:
            await transport(POST)
    assert "private" not in str(caught.value)
    assert "private" not in caught.value.brief


async def test_an_answer_that_switches_protocols() -> None:
    """Nobody asked for another protocol: the answer is a refusal as any other, and its connection is closed."""
    raw = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    asyncio.get_running_loop().set_debug(True)  # so that aiohttp warns of what is left open
    async with connected(answering(raw)) as transport:
        assert (await transport(POST)).status == 101


async def test_a_reset_connection_leaves_the_outcome_unknown() -> None:
    """A connection reset after the request was sent is a ConnectionFailed of unknown outcome."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        writer.transport.abort()

    async with connected(reset) as transport:
        with pytest.raises(ConnectionFailed) as caught:
            await transport(POST)
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("per_call", [False, True])
async def test_a_silent_server_times_out(per_call: bool) -> None:
    """No answer within the client's or the call's own time: TimedOut of unknown outcome."""
    async with connected(silent, timeout=60 if per_call else 1.0) as transport:
        with pytest.raises(TimedOut, match="within 1 s") as caught:
            await transport(Request(method="POST", template="/v3/x", body=b"{}", timeout=1.0 if per_call else None))
    assert caught.value.outcome == "unknown"


async def test_a_connection_that_is_never_made_times_out_unsent() -> None:
    """A listener that accepts nothing: TimedOut, and the outcome is known."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        # Two connections that nobody accepts fill the queue; a third waits for ever.
        waiting = [socket.socket() for _ in range(2)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(address)
        transport = AiohttpTransport(f"http://127.0.0.1:{address[1]}", timeout=0.2)
        with pytest.raises(TransportError) as caught:
            await transport(POST)
        await transport.aclose()
        for connection in waiting:
            connection.close()
    assert isinstance(caught.value, TimedOut)
    assert caught.value.outcome == "not_sent"


@pytest.mark.parametrize("own", [True, False])
async def test_headers_in_any_case(own: bool) -> None:
    """Each header goes out once, the caller's in place of the client's own, however its name is spelled; over a session
    of the caller's too, whose own middlewares run.
    """
    received: list[bytes] = []
    seen: list[str] = []

    async def middleware(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        seen.append(request.headers["Authorization"])
        return await send(request)

    headers = Headers({"user-agent": "a", "ACCEPT-ENCODING": "gzip", "content-TYPE": "b/c", "Authorization": "d"})
    async with (
        server(answering(b"HTTP/1.1 204 No Content\r\n\r\n", received)) as base_url,
        aiohttp.ClientSession(middlewares=(middleware,)) as session,
    ):
        transport = AiohttpTransport(base_url, session=None if own else session)
        await transport(Request(method="POST", template="/v3/x", body=b"{}", headers=headers))
        await transport.aclose()
    lines = received[0].partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")[1:]
    sent = dict(line.split(": ") for line in lines)
    assert len(sent) == len(lines)
    assert (sent["user-agent"], sent["accept-encoding"]) == ("a", "gzip")
    assert (sent["content-type"], sent["authorization"], sent["content-length"]) == ("b/c", "d", "2")
    assert seen == ([] if own else ["d"])


async def test_a_session_of_the_callers_own_stays_open() -> None:
    """`session=` is used, and closing the transport leaves it to its owner."""
    async with aiohttp.ClientSession() as session, server(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as base_url:
        transport = AiohttpTransport(base_url, session=session)
        assert (await transport(POST)).status == 204
        await transport.aclose()
        assert not session.closed


async def test_a_closed_transport_says_so() -> None:
    """A call after closing is a ConfigurationError, not a stray RuntimeError."""
    transport = AiohttpTransport()
    await transport.aclose()
    await transport.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await transport(POST)


def test_another_event_loop_is_refused() -> None:
    """One client in two event loops would hang or crash; it is told instead."""

    async def call(transport: AiohttpTransport) -> None:
        with pytest.raises(ConnectionFailed):
            await transport(POST)

    async def again(transport: AiohttpTransport) -> None:
        with pytest.raises(ConfigurationError, match="another event loop"):
            await transport(POST)
        await transport.aclose()

    transport = AiohttpTransport("http://127.0.0.1:1")
    asyncio.run(call(transport))
    asyncio.run(again(transport))


@pytest.mark.parametrize(
    "base_url",
    [
        "api.mch.weixin.qq.com",
        "ftp://host",
        "https://",
        "https://h/?q=1",
        "https://h/#f",
        "https://u:p@h",
        "http://api.mch.weixin.qq.com",
        "http://api2.wechatpay.cn",
        "http://api.mch.weixin.qq.com.",
        "http://API.mch.weixin.qq.com.:80/x",
        "https://[/x",
        "https://[1:2",
        "https://[::g]",
        "https://x:99999/x",
        "https://x:abc/x",
        "https://a\\.b/x",
        "https://bücher.example",
        "https://api.wechatpay.c\N{FULLWIDTH LATIN SMALL LETTER N}",
        "https://" + "a" * 64 + ".example",
        "https://a..b",
        "https://@x",
        "https://x ",
        "https://x\n.y",
        "https://h?",
        "https://h#",
        "https://api.mch.weixin.qq.com/v3",
        "https://api2.wechatpay.cn:443/v3/",
        "https://apihk.mch.weixin.qq.com/hk/v3",
    ],
)
def test_base_urls_are_checked(base_url: str) -> None:
    """Only http(s) hosts are taken, and the platform's own only with TLS."""
    with pytest.raises(ConfigurationError, match="base_url"):
        AiohttpTransport(base_url)


@pytest.mark.parametrize(
    "base_url",
    ["http://[::1]:80", "http://my_proxy:8080/x", "http://proxy/v3/", "https://" + "a" * 63, "http://h./"],
)
def test_unusual_base_urls(base_url: str) -> None:
    """An address, a prefix, a long label and a dot at the end are taken."""
    assert check_base_url(base_url) == base_url.rstrip("/")


async def test_an_attempt_ends_in_its_time() -> None:
    """A server that says nothing is given up after the attempt's time, long before the call's."""
    async with connected(silent, timeout=Timeout(total=60, attempt=1.0)) as transport:
        with pytest.raises(TimedOut, match="within 1 s") as caught:
            await transport(POST)
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeouts_are_positive(timeout: float) -> None:
    """A timeout that would never or always fire is refused."""
    with pytest.raises(ConfigurationError, match="timeout"):
        AiohttpTransport(timeout=timeout)


@pytest.mark.parametrize(
    "timeout", [float("inf"), Timeout(total=float("inf"), connect=float("inf"), read=1e308), 1e308]
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_time_that_never_ends(timeout: float | Timeout, streamed: bool) -> None:
    """Whoever wants no bound gives infinity, for a client or for a call."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    for of_client, of_call in ((timeout, None), (5, timeout)):
        async with connected(answering(raw), timeout=of_client) as transport:
            answer = await transport(POST.changed(timeout=of_call, streamed=streamed))
            assert answer.status == 200
            if answer.stream is not None:
                assert [piece async for piece in answer.stream] == [b"{}"]


async def test_a_path_prefix_of_a_reverse_proxy_is_kept() -> None:
    """`base_url` may hold a prefix, which goes out before the signed target."""
    received: list[bytes] = []
    async with server(answering(b"HTTP/1.1 204 No Content\r\n\r\n", received)) as base_url:
        transport = AiohttpTransport(base_url + "/wechat/")
        await transport(POST)
        await transport.aclose()
    assert received[0].startswith(b"POST /wechat/v3/x HTTP/1.1\r\n")


async def test_no_authorization_in_the_chain_of_exceptions() -> None:
    """The exception of aiohttp holds the request's headers, so it is not chained to ours."""
    async with connected(answering(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")) as transport:
        request = Request(method="POST", template="/v3/x", headers=Headers({"Authorization": "WECHATPAY2 secret"}))
        with pytest.raises(ConnectionFailed) as caught:
            await transport(request)
    chained: BaseException | None = caught.value
    while chained is not None:
        assert "WECHATPAY2" not in repr(chained)
        chained = chained.__cause__ or chained.__context__


async def test_an_endless_answer_is_cut_short() -> None:
    """An answer larger than any of the platform's ends the call instead of filling the memory."""
    raw = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000
    async with connected(answering(raw)) as transport:
        with pytest.raises(ConnectionFailed, match="larger than 1048576 bytes") as caught:
            await transport(POST)
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("started", [b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
async def test_what_comes_before_a_file_may_not_drip(started: bytes) -> None:
    """A refusal, or headers, that come byte by byte in place of a file end with the time of a call."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(started)
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)

    async with connected(drip) as transport:
        with pytest.raises(TimedOut, match="no complete answer") as caught:
            await transport(Request(method="GET", template="/v3/x", streamed=True, timeout=1.0))
    assert caught.value.outcome == "unknown"


async def test_what_is_known_of_a_refusal_that_stalls() -> None:
    """The Request-ID of an answer that came in place of a file, and stopped, is on the error."""

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nRequest-ID: r1\r\nContent-Length: 5\r\n\r\n")
        await reader.read()

    async with connected(stall) as transport:
        with pytest.raises(TimedOut) as caught:
            await transport(Request(method="GET", template="/v3/x", streamed=True, timeout=1.0))
    assert caught.value.request_id == "r1"


async def test_no_packed_answers_are_asked_for() -> None:
    """What is held in memory needs no unpacking, so no small answer can become a large one."""
    received: list[bytes] = []
    async with connected(answering(b"HTTP/1.1 204 No Content\r\n\r\n", received)) as transport:
        await transport(POST)
    assert b"\r\nAccept-Encoding: identity\r\n" in received[0]


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    "begun",
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"],
    ids=["headers", "trailers"],
)
async def test_endless_headers_are_cut_short(begun: bytes, own: bool) -> None:
    """A server that never ends its headers, or its trailers, ends the call instead of filling the memory."""
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        with suppress(ConnectionError):
            while not writer.is_closing() and written < 50_000_000:
                line = b"X-%d: %s\r\n" % (written, b"x" * 4000)
                written += len(line)
                writer.write(line)
                await writer.drain()

    async with server(endless) as base_url, aiohttp.ClientSession() as session:
        transport = AiohttpTransport(base_url, session=None if own else session)
        with pytest.raises(ConnectionFailed) as caught:
            await transport(POST)
        await transport.aclose()
    assert caught.value.outcome == "unknown"
    assert written < 20_000_000


@pytest.mark.parametrize("raw", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b""], ids=["file", "failure"])
async def test_no_timer_outlives_a_download(raw: bytes) -> None:
    """However long a file's answer may take to come, nothing waits for that time once it has come, or failed."""
    an_hour = asyncio.get_running_loop().time() + 3600
    async with connected(answering(raw)) as transport:
        with nullcontext() if raw else pytest.raises(ConnectionFailed):
            answer = await transport(Request(method="GET", template="/v3/x", streamed=True, timeout=7200.0))
            assert answer.stream is not None
            assert [piece async for piece in answer.stream] == [b"{}"]
    scheduled: list[asyncio.TimerHandle] = getattr(asyncio.get_running_loop(), "_scheduled")  # noqa: B009 - untyped
    assert not [timer for timer in scheduled if timer.when() > an_hour and not timer.cancelled()]
