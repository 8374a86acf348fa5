"""The network: the very bytes and the very target that were signed, over aiohttp."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from ssl import SSLContext
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp import ClientSession as ClientSession  # noqa: PLC0414 - the client names its type and never imports aiohttp
from yarl import URL

from .. import catalogue
from .._version import __version__
from ..errors import ConfigurationError, ConnectionFailed, Outcome, TimedOut, TransportError
from ..http.headers import NO_HEADERS, Headers
from ..http.reading import LARGEST, read_whole
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..policies.retry import is_idempotent
from ..wire.hosts import DEFAULT_BASE_URL, check_base_url

_USER_AGENT = f"wechatpay_chain/{__version__} Python/{platform.python_version()} aiohttp/{aiohttp.__version__}"
# The platform closes idle connections after 8 s; a request sent into that moment would be lost.
_KEEPALIVE = 6.0
# By `new_session`: they have no middlewares of their own, which those of a request would replace.
_made_here: WeakSet[ClientSession] = WeakSet()
_UNBOUNDED = nullcontext()
# What goes out with every request. What is held in memory needs no unpacking first.
_HEADERS_OF_STREAMED = Headers({"User-Agent": _USER_AGENT})
_HEADERS = Headers({"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"})
_OK = 200
_LARGEST_REFUSAL = 1024 * 1024
# So much of a streamed answer is handed on at once.
_PIECE = 256 * 1024
_Foreign = aiohttp.ClientError | TimeoutError | OSError


class AiohttpTransport:
    """A `Handler` that sends requests over an aiohttp session.

    Args:
        base_url: scheme and host, and a path prefix where a reverse proxy asks for one. The prefix isn't signed.
        timeout: seconds for a whole request, or all of its times.
        session: a session of the caller's own, for a proxy or a connector with other settings; it stays open.
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
        session: ClientSession | None = None,
        client_tls: Callable[[], SSLContext] | None = None,
    ) -> None:
        self._base_url = check_base_url(base_url)
        self._timeouts = chosen(timeout, Timeout())
        self._timeouts_of = [_client_timeout(self._timeouts, idempotent) for idempotent in (False, True)]
        self._session = session
        self._owns_session = session is None
        self._is_made_here = session is None or session in _made_here
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._client_tls = client_tls
        self._client_context: SSLContext | None = None

    async def __call__(self, request: Request) -> Response[Any]:
        """Send a request.

        Raises:
            ConnectionFailed: the connection could not be made, or broke; `attempts` is 1.
            TimedOut: the time ran out; the same.
            ConfigurationError: the transport is closed, or belongs to another event loop.
        """
        session = self._open_session()
        timeout = self._timeout_of(request)
        url = URL(self.base_url_of(request) + request.target, encoded=True)
        context = await self._certified() if request.security else True
        headers = NO_HEADERS
        try:
            # A file may take as long as it comes, and aiohttp has no limit for what comes before it.
            async with asyncio.timeout(timeout.sock_read) if request.streamed else _UNBOUNDED:
                answer = await session.request(
                    request.method,
                    url,
                    data=request.body or (request.payload and request.payload.chunks()),
                    allow_redirects=False,
                    timeout=timeout,
                    ssl=context,
                    **self._header_arguments(request),
                )
                headers = Headers(answer.headers)
                # A part of a file, or an answer in its place, is none.
                if request.streamed and answer.status == _OK:
                    mapped = partial(_transport_error, host=url.host, timeout=timeout, headers=headers)
                    stream = _Stream(answer, mapped)
                    return Response(status=answer.status, headers=headers, request=request, stream=stream)
                content = await _content_of(answer, request)
        except aiohttp.ClientResponseError as error:
            failure = _transport_error(error, url.host, timeout, headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _transport_error(error, url.host, timeout, headers) from error
        else:
            return Response.of(  # pyright: ignore[reportUnknownVariableType]: what is inside is for the caller to say
                status=answer.status, headers=headers, content=content, request=request
            )
        # Not chained: aiohttp's exception holds the request's headers, Authorization among them.
        raise failure

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
            self._client_context = await asyncio.to_thread(self._client_tls)
        return self._client_context

    def base_url_of(self, request: Request) -> str:
        """Scheme and host that a request goes to: its own, the configured one, or the operation's."""
        if request.origin:
            return request.origin
        if self._base_url != DEFAULT_BASE_URL:
            return self._base_url
        operation = catalogue.find(request.method, request.template)
        return f"https://{operation.host}" if operation and operation.host else self._base_url

    def _header_arguments(self, request: Request) -> dict[str, Any]:
        """The headers of a request, as arguments for aiohttp."""
        headers = (_HEADERS_OF_STREAMED if request.streamed else _HEADERS).merge(request.headers).as_dict()
        # Without it aiohttp would send chunks, whose number of bytes the receiver learns at the end.
        length = {"Content-Length": str(request.payload.length)} if request.payload is not None else {}
        if self._is_made_here:
            return {"headers": length, "middlewares": (partial(_once, headers=headers | length),)}
        return {"headers": headers | length}

    def _timeout_of(self, request: Request) -> aiohttp.ClientTimeout:
        idempotent = is_idempotent(request)
        if request.timeout is None and not request.streamed:
            return self._timeouts_of[idempotent]
        timeouts = chosen(request.timeout, self._timeouts)
        timeout = _client_timeout(timeouts, idempotent)
        return aiohttp.ClientTimeout(connect=timeout.connect, sock_read=timeouts.total) if request.streamed else timeout

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ConfigurationError("WeChatPay", "the client is closed", "Make calls before aclose(), or a new client")
        if self._session is None:
            self._session = new_session()
            self._loop = asyncio.get_running_loop()
        elif self._owns_session and self._loop is not asyncio.get_running_loop():
            raise ConfigurationError(
                "WeChatPay",
                "the client is used in another event loop than before",
                "Make one client per event loop; asyncio.run starts a new one each time",
            )
        return self._session


async def _content_of(answer: aiohttp.ClientResponse, request: Request) -> bytes:
    """The content of an answer, whose connection is free for the next call then, or closed."""
    most = LARGEST if 200 <= answer.status < 300 else _LARGEST_REFUSAL
    try:
        return await read_whole(answer.content.iter_any(), most)
    except BaseException:
        answer.close()
        raise
    finally:
        if request.payload is not None:  # aiohttp may still be reading it
            await answer.wait_for_close()


class _Stream:
    """The content of an answer, read as it comes. It holds the connection until its end, or until it is closed."""

    def __init__(self, answer: aiohttp.ClientResponse, mapped: Callable[[_Foreign], TransportError]) -> None:
        self._chunks = answer.content.iter_chunked(_PIECE)
        self._answer = answer
        self._mapped = mapped

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            await self.aclose()
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await self.aclose()
            raise self._mapped(error) from error

    async def aclose(self) -> None:
        self._answer.release()
        await self._answer.wait_for_close()


def new_session() -> ClientSession:
    """A session with the settings that the platform asks for, to be shared by several clients; the caller closes it."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE, limit=0), cookie_jar=aiohttp.DummyCookieJar()
    )
    _made_here.add(session)
    return session


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType, headers: Mapping[str, str]
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET, a PUT or a DELETE again by itself, unseen and under the same signature.

    The headers come in here, all at once: those of `ClientSession.request` are merged one by one, and twice.
    """
    request.headers.update(headers)
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorCertificateError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _broken(error, request.url.host) from error


def _client_timeout(timeouts: Timeout, idempotent: bool) -> aiohttp.ClientTimeout:
    attempt = timeouts.of_attempt(idempotent=idempotent)
    return aiohttp.ClientTimeout(
        total=attempt,
        # Below the whole, so that a call that never left its machine is known as such.
        connect=min(timeouts.connect, attempt / 2),
        sock_read=timeouts.read if timeouts.read is not None and timeouts.read < attempt else None,
    )


def _transport_error(
    error: _Foreign, host: str | None, timeout: aiohttp.ClientTimeout, headers: Headers
) -> TransportError:
    mapped: TransportError
    outcome: Outcome = "unknown"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        mapped, outcome = TimedOut(f"no connection to {host} within {timeout.connect:g} s"), "not_sent"
    elif isinstance(error, aiohttp.SocketTimeoutError):
        mapped = TimedOut(f"nothing came from {host} within {timeout.sock_read:g} s")
    elif isinstance(error, TimeoutError):
        mapped = TimedOut(f"no complete answer from {host} within {timeout.total or timeout.sock_read:g} s")
    elif isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        mapped, outcome = ConnectionFailed(f"no connection to {host}: {error}"), "not_sent"
    elif isinstance(error, aiohttp.ClientPayloadError):
        mapped = ConnectionFailed(f"the answer of {host} was cut off")
    elif isinstance(error, aiohttp.ClientResponseError):
        mapped = ConnectionFailed(f"{host} did not answer in HTTP: {error.message}")
    else:
        mapped = _broken(error, host)
    mapped.outcome, mapped.attempts = outcome, 1
    mapped.request_id = headers.get("Request-ID")  # of an answer that broke off
    return mapped


def _broken(error: _Foreign, host: str | None) -> ConnectionFailed:
    mapped = ConnectionFailed(f"the connection to {host} broke: {str(error) or type(error).__name__}")
    mapped.outcome, mapped.attempts = "unknown", 1
    return mapped
