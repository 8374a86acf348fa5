"""Sending requests over aiohttp: the very bytes and the very target that were signed."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import AsyncIterable, Callable
from contextlib import nullcontext
from ssl import SSLContext
from typing import Any, Self, cast
from weakref import WeakSet

import aiohttp
from aiohttp import ClientSession as ClientSession  # noqa: PLC0414 - the client names its type and never imports aiohttp
from yarl import URL

from .._threads import in_thread
from .._version import __version__
from ..errors import ConfigurationError, type_of
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..http.value import frozen
from ..policies.retry import is_idempotent
from ..wire.hosts import DEFAULT_BASE_URL, check_base_url
from .connections import Connections
from .deadlines import Deadline, Deadlines
from .exchange import Exchange

_USER_AGENT = f"wechatpay_chain/{__version__} Python/{platform.python_version()} aiohttp/{aiohttp.__version__}"
# The platform closes idle connections after 8 s; a request sent into that moment would be lost.
_KEEPALIVE = 6.0
# Thirty years in seconds, for infinity, which aiohttp can't round to a whole number.
_LONGEST = 1e9
# Sessions from `new_session`, which have no settings of callers.
_made_here: WeakSet[ClientSession] = WeakSet()
# Headers of every request. Small answers are read into memory, so uncompressed ones are asked for.
_HEADERS_OF_STREAMED = {"User-Agent": _USER_AGENT}
_HEADERS = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
_log = logging.getLogger(__name__)

SessionSource = ClientSession | Callable[[], ClientSession]
"""An aiohttp session, or a function that makes one in the event loop that will use it."""


class AiohttpTransport:
    """A `Handler` that sends requests over an aiohttp session.

    Args:
        base_url: scheme and host, and a path prefix where a reverse proxy asks for one. The prefix isn't signed.
        timeout: seconds for a whole request, or all of its times.
        session: a session of the caller's own, for a proxy or a connector with other settings; it stays open. One that
            a function makes is closed here.
        client_tls: makes the TLS context that presents the merchant certificate. aiohttp keeps connections apart by
            their context, so those that present it are used by no other call.

    Raises:
        ConfigurationError: `base_url` is no http(s) URL, or `timeout` isn't positive.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_BASE_URL,
        *,
        timeout: float | Timeout = Timeout(),  # noqa: B008 - it is immutable
        session: SessionSource | None = None,
        client_tls: Callable[[], SSLContext] | None = None,
    ) -> None:
        self._base_url = check_base_url(base_url)
        self._timeouts = chosen(timeout, Timeout())
        self._session = session if isinstance(session, ClientSession) else None
        self._make_session = None if isinstance(session, ClientSession) else session
        self._is_given = session is not None
        self._owns_session = self._session is None
        self._is_made_here = session is None or self._session in _made_here
        # Into a session of the caller's own aiohttp puts middlewares, which may make calls themselves.
        times_of = _Times.shared if self._is_made_here else _Times.of
        self._times = [times_of(_client_timeout(self._timeouts, idempotent)) for idempotent in (False, True)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._client_tls = client_tls
        self._client_context: SSLContext | None = None

    async def __call__(self, request: Request) -> Response[Any]:
        """Send a request.

        Raises:
            ConnectionFailed: the connection could not be made, or broke; `attempts` is 1.
            TimedOut: the time ran out; the same.
            TransportError: a setting of a caller's session raised; the same.
            ConfigurationError: the transport or its session is closed, or belongs to another event loop.
        """
        session = self._open_session()
        times = self._times_of_call(request)
        url = URL(self.base_url_of(request) + request.target, encoded=True)
        context = await self._certified() if request.security else True
        common = _HEADERS_OF_STREAMED if request.streamed else _HEADERS
        exchange = Exchange(request, common, url.host, session, times.timeout, is_ours=self._is_made_here)
        try:
            with times.deadlines:
                answer = await session.request(
                    request.method,
                    url,
                    data=_data(request),
                    ssl=context,
                    timeout=times.by_aiohttp,
                    allow_redirects=False,
                    raise_for_status=False,
                    **exchange.arguments(),
                )
                return exchange.response or await exchange.answer(answer)
        except Exception as error:  # noqa: BLE001 - the settings of a caller's session may raise anything
            if exchange.response is not None:
                _log.warning("the aiohttp session raised %s after the answer had come", type(error).__name__)
                return exchange.response
            failure = exchange.failure(error)
        raise failure  # outside of the handler: aiohttp's exception, which may hold headers, must not be its context

    async def aclose(self) -> None:
        """Close the connections, unless the session is the caller's own."""
        self._closed = True
        if self._owns_session and self._session is not None:
            await self._session.close()

    async def _certified(self) -> SSLContext:
        if self._client_tls is None:
            raise ConfigurationError(
                "merchant_cert", "none was given to present", "Give WeChatPay(merchant_cert=Path('apiclient_cert.pem'))"
            )
        if self._client_context is None:
            self._client_context = await in_thread(self._client_tls)
        return self._client_context

    def base_url_of(self, request: Request) -> str:
        """Scheme and host that a request goes to: its own, the configured one, or the operation's."""
        if request.origin:
            return request.origin
        if self._base_url != DEFAULT_BASE_URL:
            return self._base_url
        operation = request.operation
        return f"https://{operation.host}" if operation and operation.host else self._base_url

    def _times_of_call(self, request: Request) -> _Times:
        idempotent = is_idempotent(request)
        if request.timeout is None and not request.streamed:
            return self._times[idempotent]
        timeouts = chosen(request.timeout, self._timeouts)
        times = _client_timeout(timeouts, idempotent)
        if not request.streamed:
            return _Times.of(times)
        # The content of a file may take any time, and aiohttp can't limit only the time until it begins.
        total = min(timeouts.total, _LONGEST)
        times = aiohttp.ClientTimeout(connect=times.connect, sock_read=total)
        return _Times(times, times, Deadline(total))

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ConfigurationError("WeChatPay", "the client is closed", "Make calls before aclose(), or a new client")
        if self._session is None:
            self._session = new_session() if self._make_session is None else made(self._make_session)
            self._loop = asyncio.get_running_loop()
        elif self._is_given and self._session.closed:
            raise ConfigurationError(
                "session",
                "the aiohttp session is closed, or its connector is",
                "Keep it open as long as the client is used, or leave it out: the client then makes its own",
            )
        elif self._owns_session and self._loop is not asyncio.get_running_loop():
            raise ConfigurationError(
                "WeChatPay",
                "the client is used in another event loop than before",
                "Make one client per event loop; asyncio.run starts a new one each time",
            )
        return self._session


def new_session() -> ClientSession:
    """A session with the settings that the platform asks for, to be shared by several clients; the caller closes it."""
    connections = Connections(keepalive_timeout=_KEEPALIVE, limit=0)
    session = aiohttp.ClientSession(connector=connections, cookie_jar=aiohttp.DummyCookieJar())
    _made_here.add(session)
    return session


def made(make_session: Callable[[], ClientSession]) -> ClientSession:
    """The session that a function makes; the caller closes it.

    Raises:
        ConfigurationError: the function raised something, or returned something else.
    """
    remedy = "Let it return a new aiohttp.ClientSession(...)"
    try:
        session = make_session()
    except Exception as error:
        raise ConfigurationError("session", f"the function raised {type(error).__name__}", remedy) from error
    if not isinstance(session, ClientSession):  # pyright: ignore[reportUnnecessaryIsInstance]: it may be untyped
        raise ConfigurationError("session", f"the function returned {type_of(session)}", remedy)
    return session


def _data(request: Request) -> aiohttp.BytesPayload | AsyncIterable[bytes] | None:
    if request.body:
        # aiohttp makes the same of bytes, but searches for the class first (`python -m benchmarks.share`).
        return aiohttp.BytesPayload(request.body)
    return None if request.payload is None else request.payload.chunks()


@frozen()
class _Times:
    """The times of an attempt.

    Attributes:
        timeout: all of them, as errors name them.
        by_aiohttp: those that aiohttp keeps.
        deadlines: keeps the total time in aiohttp's place; None if aiohttp keeps it.
    """

    timeout: aiohttp.ClientTimeout
    by_aiohttp: aiohttp.ClientTimeout
    deadlines: Deadlines | nullcontext[None]

    @classmethod
    def of(cls, times: aiohttp.ClientTimeout) -> Self:
        """All of them kept by aiohttp."""
        return cls(times, times, nullcontext())

    @classmethod
    def shared(cls, times: aiohttp.ClientTimeout) -> Self:
        """The total time kept by one timer for all calls with the same total."""
        by_aiohttp = aiohttp.ClientTimeout(connect=times.connect, sock_read=times.sock_read)
        return cls(times, by_aiohttp, Deadlines(cast("float", times.total)))  # every call has an end


def _client_timeout(timeouts: Timeout, idempotent: bool) -> aiohttp.ClientTimeout:
    attempt = min(timeouts.of_attempt(idempotent=idempotent), _LONGEST)
    return aiohttp.ClientTimeout(
        total=attempt,
        # Less than the total, so that a call that was never sent is known as such.
        connect=min(timeouts.connect, attempt / 2),
        sock_read=timeouts.read if timeouts.read is not None and timeouts.read < attempt else None,
    )
