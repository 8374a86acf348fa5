"""Foreign exceptions as errors of ours: all that aiohttp, ssl and the operating system can raise."""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import client_exceptions
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from aiohttp.http import HttpVersion11, RawResponseMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from wechatpay_chain.errors import ConnectionFailed, Outcome, TimedOut, TransportError
from wechatpay_chain.transport.failures import FAILURES, cause_of, failure_of, transport_error

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5, sock_read=10)

KEY = ConnectionKey("h", 443, True, True, None, None, None)

BROKEN_OFF = RawResponseMessage(
    HttpVersion11, 200, "OK", CIMultiDictProxy(CIMultiDict({"X": "private"})), (), False, None, False, False
)
"""The head of an answer that broke off in it."""

UNSENT = {
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientConnectorDNSError,
    aiohttp.ClientConnectorSSLError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientSSLError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.InvalidUrlClientError,
    aiohttp.InvalidUrlRedirectClientError,
    aiohttp.NonHttpUrlClientError,
    aiohttp.NonHttpUrlRedirectClientError,
    aiohttp.ServerFingerprintMismatch,
    client_exceptions.UnixClientConnectorError,
    ssl.SSLCertVerificationError,
    UnicodeError,
}
LATE = {aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError, aiohttp.SocketTimeoutError, TimeoutError}


def subclasses_of(kind: type[Exception]) -> Iterator[type[Exception]]:
    """A class and all below it that the standard library defines."""
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ in {"builtins", "socket", "ssl", "asyncio.exceptions"}:
            yield from subclasses_of(below)


OF_AIOHTTP = {
    found
    for module in (aiohttp, client_exceptions)
    for found in vars(module).values()
    if inspect.isclass(found) and issubclass(found, aiohttp.ClientError)
}
OF_THE_SYSTEM = {*subclasses_of(OSError), *subclasses_of(ssl.SSLError), socket.gaierror, socket.herror, UnicodeError}


KINDS = {kind.__qualname__: kind for kind in OF_AIOHTTP | OF_THE_SYSTEM}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_exception_has_its_error(name: str) -> None:
    """What can't have left says so, what ran out of time is a TimedOut, and all else may have taken effect."""
    kind = KINDS[name]
    failure = failure_of(kind)
    expected: Outcome = "not_sent" if kind in UNSENT else "unknown"
    assert failure.outcome == expected
    assert failure.kind is (TimedOut if kind in LATE else ConnectionFailed)


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, AssertionError, EOFError, asyncio.QueueFull])
def test_anything_else_is_the_sessions(kind: type[Exception]) -> None:
    """An exception of no network is the session's own, and says nothing of the connection."""
    assert failure_of(kind) == FAILURES[Exception]
    assert FAILURES[Exception].kind is TransportError


@pytest.mark.parametrize("kind", [OSError, aiohttp.ClientError, TimeoutError, ValueError, aiohttp.ClientPayloadError])
def test_what_the_connector_never_had_was_not_sent(kind: type[Exception]) -> None:
    """Whatever is raised before the connector was asked, nothing left this machine."""
    error = transport_error(kind("x"), host="h", timeout=TIMEOUT, was_handed_over=False)
    assert (error.outcome, error.attempts) == ("not_sent", 1)


@pytest.mark.parametrize("text", ["Cannot write to closing transport", "Connection lost"])
@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_connection_that_was_closed_before_anything_was_written(text: str, in_pieces: bool, wrapped: bool) -> None:
    """What was refused whole by aiohttp's writer did not leave; of a body in pieces some may have left."""
    error: Exception = aiohttp.ClientConnectionResetError(text)
    if wrapped:  # as it comes where there is a body
        error, cause = aiohttp.ClientOSError(None, "Can not write request body for http://h/"), error
        error.__cause__ = cause
    mapped = transport_error(error, host="h", timeout=TIMEOUT, in_pieces=in_pieces)
    is_unsent = text.startswith("Cannot") and not in_pieces
    assert (type(mapped), mapped.outcome) == (ConnectionFailed, "not_sent" if is_unsent else "unknown")
    assert ("before the request was written" in str(mapped)) is is_unsent


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiohttp.ConnectionTimeoutError(), "no connection to h within 5 s"),
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), "no connection to h: refused"),
        (aiohttp.ClientConnectorError(KEY, OSError("several")), "no connection to h: several"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError(1, "its own")),
            "no connection to h: its own",
        ),
        (aiohttp.ClientConnectorCertificateError(KEY, ValueError("odd")), "no connection to h: odd"),
        (aiohttp.SocketTimeoutError(), "nothing came from h within 10 s"),
        (TimeoutError(), "no complete answer from h within 30 s"),
        (ConnectionResetError(104, "reset"), "the connection to h broke: [Errno 104] reset"),
        (aiohttp.ServerDisconnectedError(), "the connection to h broke: Server disconnected"),
        (aiohttp.ServerDisconnectedError(BROKEN_OFF), "the connection to h broke: Server disconnected"),
        (OSError(), "the connection to h broke: OSError"),
        (aiohttp.InvalidURL("proxy:80"), "no connection to h: 'proxy:80' is no address"),
        (KeyError("{x}"), "the aiohttp session raised KeyError: '{x}'"),
    ],
)
def test_what_an_error_says(error: Exception, expected: str) -> None:
    """The host, the time that ran out, and the reason."""
    assert str(transport_error(error, host="h", timeout=TIMEOUT)) == expected


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('Data after `Connection: close`:\n\n  b\'{"name":"private"}\'\n    ^', "Data after `Connection: close`"),
        ('Bad status line:\n  Expected HTTP/:\n\n  b"it\'s private"\n    ^', "Bad status line: Expected HTTP/"),
        ("Bad status line 'private'", "Bad status line"),
        ("Invalid HTTP header: b'X: private'", "Invalid HTTP header"),
        ("Got more than 8190 bytes when reading: b'private'.", "Got more than 8190 bytes when reading"),
        ("Got more than 8190 bytes when reading: bytearray(b'private').", "Got more than 8190 bytes when reading"),
        ("Content-Length can't be present with Transfer-Encoding", "Content-Length can't be present with Transfer-Enc"),
    ],
)
def test_what_came_is_not_quoted(message: str, said: str) -> None:
    """Of aiohttp's words about an answer those remain that are its own, whichever of its parsers said them."""
    info = RequestInfo(URL("http://h"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://h"))
    error = transport_error(aiohttp.ClientResponseError(info, (), message=message), host="h", timeout=TIMEOUT)
    assert str(error).startswith(f"h did not answer in HTTP: {said}")
    assert "private" not in str(error)


@pytest.mark.parametrize("url", ["user:password@proxy:80", "http://user:password@[", "//user:password@proxy"])
def test_credentials_of_a_proxy_are_not_shown(url: str) -> None:
    """An address that aiohttp doesn't take may hold a password, which no error shows."""
    proxy = URL("http://user:password@proxy:8080")
    error = transport_error(aiohttp.InvalidURL(url), host="h", timeout=TIMEOUT, proxy=proxy)
    assert "password" not in str(error)
    assert "through the proxy http://proxy:8080" in str(error)


def test_exceptions_with_headers_are_not_chained() -> None:
    """Aiohttp's exceptions about answers hold the request, so they are never the cause of ours."""
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": "secret"}))
    info = RequestInfo(URL("http://h"), "GET", headers, URL("http://h"))
    assert cause_of(aiohttp.ClientResponseError(info, ())) is None
    assert cause_of(aiohttp.ClientHttpProxyError(info, ())) is None
    assert cause_of(aiohttp.ServerDisconnectedError(BROKEN_OFF)) is None
    for error in (OSError(), aiohttp.ServerDisconnectedError()):
        assert cause_of(error) is error


@pytest.mark.parametrize(
    ("kind", "cause", "said"),
    [
        (
            aiohttp.ClientOSError,
            ConnectionResetError("closing transport"),
            "the connection to h broke: closing transport",
        ),
        (aiohttp.ClientOSError, BrokenPipeError(32, "broken"), "the connection to h broke: [Errno 32] broken"),
        (aiohttp.ClientOSError, OSError(), "the connection to h broke: OSError"),
        (aiohttp.ConnectionTimeoutError, TimeoutError(), "no connection to h within 5 s"),
    ],
)
def test_no_url_is_shown(kind: type[Exception], cause: Exception, said: str) -> None:
    """Aiohttp's texts with the request's URL, whose path and query hold values, are in no error and no traceback."""
    error = kind(None, "Can not write request body for http://h/v3/x/A1?openid=private")
    error.__cause__ = cause
    assert str(transport_error(error, host="h", timeout=TIMEOUT)) == said
    assert cause_of(error) is cause
