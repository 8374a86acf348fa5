"""A proxy that refuses, or that is none: nothing of the call has left."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.tcp import Talk, answering, server, silent
from wechatpay_chain import Merchants, SyncWeChatPay, WeChatPay
from wechatpay_chain.credentials.renewal import Pace, Renewal
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.errors import ConfigurationError, ConnectionFailed, TransportError
from wechatpay_chain.http.attachment import Payload
from wechatpay_chain.http.request import Request
from wechatpay_chain.observing import AttemptStarted, Event
from wechatpay_chain.policies.retry import RetryPolicy
from wechatpay_chain.transport.aiohttp import AiohttpTransport

POST = Request(method="POST", template="/v3/x", body=b"{}")
BASE_URL = "https://api.example.invalid"
UNSUITABLE = [
    "127.0.0.1:3128",
    "proxy:3128",
    "http://999.1.1.1:3128",
    "http://127.1:3128",
    "http://a..b:3128",
    "http://" + "a" * 64 + ":3128",
    "http://nobody.invalid:3128",
    "http://",
    "http://127.0.0.1:99999",
    "http://[",
    "not an address",
]


async def failed(session: aiohttp.ClientSession, base_url: str = BASE_URL) -> TransportError:
    """What a POST over a session ends with."""
    async with session:
        with pytest.raises(TransportError) as caught:
            await AiohttpTransport(base_url, session=session)(POST)
    return caught.value


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 405, 407, 429, 500, 502, 503, 504])
async def test_a_proxy_that_refuses_the_tunnel_sent_nothing(status: int) -> None:
    """CONNECT refused with any status: a connection that wasn't made; the error names the proxy and the status."""
    received: list[bytes] = []
    raw = f"HTTP/1.1 {status} Reason\r\nContent-Length: 0\r\n\r\n".encode()
    async with server(answering(raw, received)) as proxy:
        error = await failed(aiohttp.ClientSession(proxy=proxy))
    assert received[0].startswith(b"CONNECT api.example.invalid:443 ")
    assert (type(error), error.outcome) == (ConnectionFailed, "not_sent")
    assert f"through the proxy {proxy}, which refused it: {status} Reason" in str(error)
    assert ("user and password" in str(error)) is (status == 407)
    assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize("proxy", UNSUITABLE)
@pytest.mark.parametrize("in_environment", [False, True])
async def test_an_address_that_is_none(proxy: str, in_environment: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy without scheme, or at no address, given to the session or in a variable: nothing was sent."""
    if in_environment:
        monkeypatch.setenv("https_proxy", proxy)
        error = await failed(aiohttp.ClientSession(trust_env=True))
    else:
        error = await failed(aiohttp.ClientSession(proxy=proxy))
    assert error.outcome == "not_sent"


async def test_a_proxy_without_scheme_is_named() -> None:
    """The error quotes the proxy's address and says how to write it."""
    error = await failed(aiohttp.ClientSession(proxy="127.0.0.1:3128"))
    assert "'127.0.0.1:3128' is no address" in str(error)
    assert "http://host:port" in str(error)


@pytest.mark.parametrize("host", ["999.1.1.1", "127.1", "nobody.invalid"])
async def test_a_base_url_at_no_address(host: str) -> None:
    """A host that is no address, without a proxy: a connection that wasn't made."""
    error = await failed(aiohttp.ClientSession(), f"http://{host}")
    assert (type(error), error.outcome) == (ConnectionFailed, "not_sent")
    assert host in str(error)


async def test_a_proxy_that_is_not_there() -> None:
    """Nobody listens where the proxy should be: the error says that it is the proxy."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = await failed(aiohttp.ClientSession(proxy=f"http://127.0.0.1:{unused.getsockname()[1]}"))
    assert error.outcome == "not_sent"
    assert "no connection to the proxy" in str(error)


async def test_a_refused_tunnel_is_tried_again_and_elsewhere(emulator: Emulator) -> None:
    """A write is repeated, and goes to the backup, like after any connection that wasn't made."""
    events: list[Event] = []
    order: Any = {"out_trade_no": "T1"}
    async with (
        server(answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")) as proxy,
        aiohttp.ClientSession(proxy=proxy) as session,
        WeChatPay(
            **emulator.credentials(),
            session=session,
            base_url="https://one.invalid",
            backups=["https://two.invalid"],
            retry=RetryPolicy(attempts=3, base=0.001),
            observe=events.append,
        ) as wxpay,
    ):
        with pytest.raises(ConnectionFailed, match="503 Busy") as caught:
            await wxpay.v3.pay.transactions.native.post(json=order)
    assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 3)
    hosts = [event.host for event in events if type(event) is AttemptStarted]
    assert hosts[:2] == ["https://one.invalid", "https://two.invalid"]


async def test_a_body_that_fails_shows_no_credentials_of_the_proxy() -> None:
    """What a body raises while it is sent is named; the proxy's credentials, which aiohttp's text shows, are not."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 10
        raise ValueError("the file's own mistake")

    async with (
        server(silent) as address,
        aiohttp.ClientSession(proxy=address.replace("http://", "http://user:pr0xy-p4ss@")) as session,
    ):
        transport = AiohttpTransport("http://api.example.invalid", session=session, timeout=5)
        with pytest.raises(ConnectionFailed, match="the file's own mistake") as caught:
            await transport(Request(method="POST", template="/v3/x", payload=Payload(length=20, chunks=chunks)))
    assert caught.value.outcome == "unknown"
    assert isinstance(caught.value.__cause__, ValueError)
    assert "pr0xy-p4ss" not in "".join(traceback.format_exception(caught.value))


def forwarding(asked: list[str]) -> Talk:
    """A proxy for plain HTTP, which notes what it is asked for."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, url, rest = head.split(b" ", 2)
        parts = urlsplit(url.decode())
        asked.append(parts.path)
        there, here = await asyncio.open_connection(parts.hostname, parts.port)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        rest = rest.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        here.write(b" ".join((method, target.encode(), rest)))
        lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        here.write(await reader.readexactly(int(lengths[0]) if lengths else 0))
        writer.write(await there.read())
        await writer.drain()
        here.close()
        await here.wait_closed()

    return talk


@pytest.mark.parametrize("client", ["blocking", "asyncio", "merchants"])
async def test_demand_14_everything_goes_through_the_proxy(client: str, tmp_path: Path) -> None:
    """Calls, bills and platform certificates, by a session that a function makes where it is used; it is closed."""
    emulator = Emulator(platform_keys=[KeyPair.certified()])
    asked, sessions = list[str](), list[aiohttp.ClientSession]()
    params = {"bill_date": "2026-01-01"}
    bill = "v3/bill/tradebill"

    def make() -> aiohttp.ClientSession:
        sessions.append(aiohttp.ClientSession(proxy=proxy))
        return sessions[-1]

    def blocking(**given: Any) -> None:
        with SyncWeChatPay(**given) as wxpay:
            wxpay.download(wxpay[bill].get(params=params), tmp_path / "bill")

    async with emulator.listen() as base_url, server(forwarding(asked)) as proxy:
        renewal = Renewal(pace=Pace(1e6))
        given = emulator.credentials(certs=None, base_url=base_url, session=make, renewal=renewal)
        if client == "blocking":
            await asyncio.to_thread(blocking, **given)
        elif client == "asyncio":
            async with WeChatPay(**given) as wxpay:
                await wxpay.download(await wxpay[bill].get(params=params), tmp_path / "bill")
        else:
            del given["session"]
            async with Merchants(session=make) as merchants:
                wxpay = merchants.put(**given).client
                await wxpay.download(await wxpay[bill].get(params=params), tmp_path / "bill")
                with pytest.raises(ConfigurationError, match="Give it to Merchants"):
                    merchants.put(**given, session=make)
    assert asked == ["/v3/certificates", "/v3/bill/tradebill", "/v3/billdownload/file"]
    assert [session.closed for session in sessions] == [True]


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("raises", [False, True])
async def test_a_function_that_makes_no_session(emulator: Emulator, blocking: bool, raises: bool) -> None:
    """The call says so, and nothing was sent."""

    def make() -> Any:
        if raises:
            raise ValueError("no proxy")

    given = emulator.credentials(session=make)
    found = "the function raised ValueError" if raises else "the function returned None"
    with SyncWeChatPay(**given) as sync:
        async with WeChatPay(**given) as wxpay:
            call = asyncio.to_thread(lambda: sync["v3/x"].get()) if blocking else wxpay["v3/x"].get()
            with pytest.raises(ConfigurationError, match=found):
                await call


async def test_a_function_that_gives_one_session_to_two_clients(emulator: Emulator) -> None:
    """The first client that is closed closes it; the other one says so, and what to do."""
    async with emulator.listen() as base_url, aiohttp.ClientSession() as session:
        given = emulator.credentials(base_url=base_url, session=lambda: session)
        async with WeChatPay(**given) as first, WeChatPay(**given) as second:
            for client in (first, second):
                assert (await client["v3/security/echo"].post(json={"echo_message": "a"})).verified
            await first.aclose()
            with pytest.raises(ConfigurationError, match="the aiohttp session is closed"):
                await second["v3/security/echo"].post(json={"echo_message": "a"})


@pytest.mark.parametrize("session", [aiohttp.ClientSession, "http://proxy:3128", asyncio.sleep])
async def test_what_is_no_session(emulator: Emulator, session: Any) -> None:
    """A class, a text and a coroutine function are refused where the client is made."""
    for client in (WeChatPay, SyncWeChatPay):
        with pytest.raises(ConfigurationError, match="session"):
            client(**emulator.credentials(session=session))
    with pytest.raises(ConfigurationError, match="session"):
        Merchants(session=session)
