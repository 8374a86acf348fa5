"""The network: the very bytes and the very target that were signed, over aiohttp."""

from __future__ import annotations

import asyncio
import platform
import re
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientSession
from yarl import URL

from . import catalogue
from ._version import __version__
from .errors import ConfigurationError, ConnectionFailed, Outcome, TimedOut, TransportError
from .message import Headers, Request, Response

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"
DEFAULT_TIMEOUT = 30.0

_USER_AGENT = f"wechatpay_chain/{__version__} Python/{platform.python_version()} aiohttp/{aiohttp.__version__}"
_CONNECT_TIMEOUT = 10.0
# The platform closes idle connections after 8 s; a request sent into that moment would be lost.
_KEEPALIVE = 6.0
_OFFICIAL_HOST = re.compile(r"(?:.+\.)?(?:weixin\.qq\.com|wechatpay\.cn|tenpay\.com)")


class AiohttpTransport:
    """A `Handler` that sends requests over an aiohttp session.

    Args:
        base_url: scheme and host, and a path prefix where a reverse proxy asks for one. The prefix isn't signed.
        timeout: seconds for a whole call, 30 by default; a connection must be made in 10 of them, and in half of them.
        session: a session of the caller's own, for a proxy or a connector with other settings; it stays open.

    Raises:
        ConfigurationError: `base_url` is no http(s) URL, or `timeout` isn't positive.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_BASE_URL,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        session: ClientSession | None = None,
    ) -> None:
        self._base_url = _check_base_url(base_url)
        self._timeout = _client_timeout(timeout)
        self._session = session
        self._owns_session = session is None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def __call__(self, request: Request) -> Response[Any]:
        """Send a request.

        Raises:
            ConnectionFailed: the connection could not be made, or broke.
            TimedOut: the time ran out.
            ConfigurationError: the transport is closed, or belongs to another event loop.
        """
        session = self._open_session()
        url = URL(self._base_url_of(request) + request.target, encoded=True)
        timeout = self._timeout if request.timeout is None else _client_timeout(request.timeout)
        try:
            async with session.request(
                request.method,
                url,
                data=request.body or None,
                headers={"User-Agent": _USER_AGENT, **request.headers},
                allow_redirects=False,
                timeout=timeout,
            ) as answer:
                content = await answer.read()
                headers = Headers(answer.headers.items())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _transport_error(error, url.host, timeout) from error
        return Response(status=answer.status, headers=headers, content=content, request=request)

    async def aclose(self) -> None:
        """Close the connections, unless the session is the caller's own."""
        self._closed = True
        if self._owns_session and self._session is not None:
            await self._session.close()

    def _base_url_of(self, request: Request) -> str:
        if self._base_url != DEFAULT_BASE_URL:
            return self._base_url
        operation = catalogue.find(request.method, request.template)
        return f"https://{operation.host}" if operation and operation.host else self._base_url

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ConfigurationError("WeChatPay", "the client is closed", "Make calls before aclose(), or a new client")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._loop = asyncio.get_running_loop()
        elif self._owns_session and self._loop is not asyncio.get_running_loop():
            raise ConfigurationError(
                "WeChatPay",
                "the client is used in another event loop than before",
                "Make one client per event loop; asyncio.run starts a new one each time",
            )
        return self._session


def _check_base_url(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(
            "base_url", f"{base_url!r} is not http(s)://host[:port]", f"Leave it out for {DEFAULT_BASE_URL}"
        )
    if parts.scheme == "http" and _OFFICIAL_HOST.fullmatch(parts.hostname):
        raise ConfigurationError("base_url", "the platform is called without TLS", "Write https://")
    return base_url.rstrip("/")


def _client_timeout(seconds: float) -> aiohttp.ClientTimeout:
    if not seconds > 0:
        raise ConfigurationError("timeout", f"{seconds!r} was found", "Give a positive number of seconds")
    # Below the whole, so that a call that never left its machine is known as such.
    return aiohttp.ClientTimeout(total=seconds, connect=min(_CONNECT_TIMEOUT, seconds / 2))


def _transport_error(
    error: aiohttp.ClientError | TimeoutError | OSError, host: str | None, timeout: aiohttp.ClientTimeout
) -> TransportError:
    mapped: TransportError
    outcome: Outcome = "unknown"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        mapped, outcome = TimedOut(f"no connection to {host} within {timeout.connect:g} s"), "not_sent"
    elif isinstance(error, TimeoutError):
        mapped = TimedOut(f"no complete answer from {host} within {timeout.total:g} s")
    elif isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        mapped, outcome = ConnectionFailed(f"no connection to {host}: {error}"), "not_sent"
    elif isinstance(error, aiohttp.ClientPayloadError):
        mapped = ConnectionFailed(f"the answer of {host} was cut off")
    elif isinstance(error, aiohttp.ClientResponseError):
        mapped = ConnectionFailed(f"{host} did not answer in HTTP: {error.message}")
    else:
        mapped = ConnectionFailed(f"the connection to {host} broke: {str(error) or type(error).__name__}")
    mapped.outcome = outcome
    return mapped
