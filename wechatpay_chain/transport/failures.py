"""Foreign exceptions of a request, each as one of our errors with its outcome."""

from __future__ import annotations

import re
import ssl
import threading
from typing import Any

import aiohttp
from yarl import URL

from ..errors import ConnectionFailed, Outcome, TimedOut, TransportError
from ..http.value import frozen


@frozen()
class Failure:
    """What an exception means.

    Attributes:
        kind: the class of our error.
        outcome: of the request, if it was handed to the connector.
        text: of the error; `{host}`, `{proxy}`, `{error}`, `{name}`, `{connect}`, `{read}`, `{total}` are filled in.
    """

    kind: type[TransportError]
    outcome: Outcome
    text: str


_NO_CONNECTION = Failure(ConnectionFailed, "not_sent", "no connection to {host}: {error}")
_NO_THREADS = Failure(
    ConnectionFailed, "not_sent", "no connection to {host}: the interpreter is shutting down ({error})"
)
_CLOSED = Failure(ConnectionFailed, "not_sent", "the connection to {host} was closed before the request was written")
_NO_ADDRESS = Failure(ConnectionFailed, "not_sent", "no connection to {host}{proxy}: {error} is no address")
_NO_TIME_TO_ANSWER = Failure(TimedOut, "unknown", "no complete answer from {host} within {total}")
_BROKEN = Failure(ConnectionFailed, "unknown", "the connection to {host} broke: {error}")

FAILURES: dict[type[Exception], Failure] = {
    aiohttp.ClientConnectorError: _NO_CONNECTION,
    aiohttp.ServerFingerprintMismatch: Failure(
        ConnectionFailed, "not_sent", "{host} presents another certificate than the session's fingerprint allows"
    ),
    ssl.SSLCertVerificationError: _NO_CONNECTION,
    aiohttp.ClientProxyConnectionError: Failure(ConnectionFailed, "not_sent", "no connection to the proxy: {error}"),
    aiohttp.ClientHttpProxyError: Failure(
        ConnectionFailed, "not_sent", "no connection to {host}{proxy}, which refused it: {error}"
    ),
    aiohttp.InvalidURL: _NO_ADDRESS,
    aiohttp.NonHttpUrlClientError: _NO_ADDRESS,
    UnicodeError: _NO_CONNECTION,
    aiohttp.ConnectionTimeoutError: Failure(TimedOut, "not_sent", "no connection to {host}{proxy} within {connect}"),
    aiohttp.SocketTimeoutError: Failure(TimedOut, "unknown", "nothing came from {host} within {read}"),
    aiohttp.ServerTimeoutError: _NO_TIME_TO_ANSWER,
    TimeoutError: _NO_TIME_TO_ANSWER,
    aiohttp.ClientPayloadError: Failure(ConnectionFailed, "unknown", "the answer of {host} was cut off"),
    aiohttp.ClientResponseError: Failure(ConnectionFailed, "unknown", "{host} did not answer in HTTP: {error}"),
    aiohttp.ClientError: _BROKEN,
    OSError: _BROKEN,
    # A session's own middlewares and trace configurations may raise anything.
    Exception: Failure(TransportError, "unknown", "the aiohttp session raised {name}: {error}"),
}
"""The nearest class in an exception's ancestry counts; the order of the rows doesn't."""

# What aiohttp's writer says in place of writing. It writes head and body at once, unless the body comes in pieces.
_UNWRITTEN = "Cannot write to closing transport"
# The end of aiohttp's message, where it quotes received bytes.
_QUOTED = re.compile(r":?\s+(?:bytearray\()?b?['\"]")


def failure_of(kind: type[Exception]) -> Failure:
    """The meaning of an exception's class, by the nearest class in the table."""
    return next(FAILURES[base] for base in kind.__mro__ if base in FAILURES)


def transport_error(
    error: Exception,
    *,
    host: str | None,
    timeout: aiohttp.ClientTimeout,
    proxy: URL | None = None,
    was_handed_over: bool = True,
    in_pieces: bool = False,
) -> TransportError:
    """The error to raise in place of a foreign exception.

    Args:
        error: what was raised.
        host: of the request.
        timeout: of the request.
        proxy: of the request.
        was_handed_over: whether the connector was asked to send it. Before that nothing can have been sent.
        in_pieces: whether its body is written in pieces, some of which may have left before the one that failed.
    """
    if _is_shutting_down(error):
        failure = _NO_THREADS
    elif not in_pieces and _is_unwritten(error):
        failure = _CLOSED
    else:
        failure = failure_of(type(error))
    mapped = failure.kind(
        failure.text.format(
            host=host,
            proxy=_named(proxy),
            error=_text_of(error),
            name=type(error).__name__,
            connect=_seconds(timeout.connect),
            read=_seconds(timeout.sock_read),
            total=_seconds(timeout.total or timeout.sock_read),
        )
    )
    mapped.outcome = failure.outcome if was_handed_over else "not_sent"
    mapped.attempts = 1
    return mapped


def _is_shutting_down(error: Exception) -> bool:
    """Whether a name couldn't be resolved because no threads are left, as in `atexit` functions."""
    return isinstance(error, RuntimeError) and not threading.main_thread().is_alive()


def _is_unwritten(error: Exception) -> bool:
    """Whether the server closed a connection that was kept, and it was noticed just before anything was written."""
    error = _beneath_a_url(error) or error
    return isinstance(error, aiohttp.ClientConnectionResetError) and str(error) == _UNWRITTEN


def cause_of(error: Exception) -> Exception | None:
    """The exception to chain to our error; None for one that may hold headers, those of the request included."""
    holds_headers = isinstance(error, aiohttp.ClientResponseError) or _holds_a_head(error)
    return None if holds_headers else _raised_by_the_body(error) or _beneath_a_url(error) or error


def _holds_a_head(error: Exception) -> bool:
    """Whether its text is the head of an answer that was cut off there."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


def _raised_by_the_body(error: Exception) -> Exception | None:
    """What a body raised while it was sent. aiohttp wraps it in an error whose text shows the proxy's password."""
    cause = error.__cause__
    return cause if type(error) is aiohttp.ClientConnectionError and isinstance(cause, Exception) else None


def _beneath_a_url(error: Exception) -> Exception | None:
    """The cause of an exception whose own text shows the whole URL, with values in its path and query."""
    shows_url = type(error) in {aiohttp.ClientOSError, aiohttp.ConnectionTimeoutError}
    return error.__cause__ if shows_url and isinstance(error.__cause__, Exception) else None


def _text_of(error: Exception) -> str:
    if (raised := _raised_by_the_body(error)) is not None:
        return f"the body could not be sent ({type(raised).__name__}: {raised})"
    if _holds_a_head(error):
        return "Server disconnected"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        login = ". Give the session its user and password" if error.status == 407 else ""
        return f"{error.status} {error.message}{login}"
    if isinstance(error, aiohttp.ClientResponseError):
        # Received bytes may be the content of an answer, which belongs in no log.
        return " ".join(_QUOTED.split(error.message, maxsplit=1)[0].split())
    if isinstance(error, aiohttp.InvalidURL):
        return "what was given" if "@" in str(error.url) else f"{str(error.url)!r}"
    # aiohttp's own texts repeat the host, and say `ssl:default` even without TLS.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientProxyConnectionError):
        return error.strerror or str(error.os_error)
    error = _beneath_a_url(error) or error
    return str(error) or type(error).__name__


def _named(proxy: URL | None) -> str:
    """The proxy, without its user and password."""
    if proxy is None:
        return ""
    if proxy.raw_host is None:
        return " through its proxy, whose URL lacks a scheme or a host (write http://host:port)"
    return f" through the proxy {proxy.scheme}://{proxy.host_port_subcomponent}"


def _seconds(value: Any) -> str:
    return f"{value:g} s" if isinstance(value, int | float) else "the given time"
