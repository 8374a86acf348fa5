"""Delivering to an ASGI or WSGI app in this process, without a port."""

from __future__ import annotations

import inspect
import io
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from .messages import Message

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
App = Asgi | Wsgi
"""An ASGI or a WSGI app."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A merchant's answer to a notification.

    Attributes:
        status: HTTP status; None where no answer came.
        content_type: of the answer.
        body: the beginning of its content.
        error: why no answer came.
        seconds: how long it took.
    """

    status: int | None = None
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    error: str = ""
    seconds: float = 0.0


def is_asgi(app: App) -> bool:
    """Whether an app is ASGI, and not WSGI."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004 - what it is, not whether


async def call_asgi(app: Any, url: str, message: Message) -> Answer:
    """Hand a notification to an ASGI app, and take its answer."""
    scope = _scope(url, message)
    sent: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": message.body, "more_body": False},
    ]

    async def receive() -> dict[str, Any]:
        return asked.pop() if len(asked) > 1 else asked[0]

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    begun = time.monotonic()
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - a server answers 500 to whatever its app raises
        return _raised(error, begun)
    start = next((event for event in sent if event["type"] == "http.response.start"), None)
    if start is None:
        return Answer(error="the app answered nothing", seconds=time.monotonic() - begun)
    headers = {bytes(name).lower(): bytes(value) for name, value in start.get("headers", ())}
    return Answer(
        status=start["status"],
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        body=b"".join(event.get("body", b"") for event in sent if event["type"] == "http.response.body"),
        seconds=time.monotonic() - begun,
    )


def call_wsgi(app: Any, url: str, message: Message) -> Answer:
    """Hand a notification to a WSGI app in the calling thread, and take its answer."""
    environ = _environ(url, message)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
        started.append((status, headers))
        return lambda _written: None

    begun = time.monotonic()
    try:
        answered = app(environ, start_response)
        try:
            body = b"".join(answered)
        finally:
            if hasattr(answered, "close"):
                answered.close()
    except Exception as error:  # noqa: BLE001 - a server answers 500 to whatever its app raises
        return _raised(error, begun)
    status, headers = started[-1]
    found = {name.lower(): value for name, value in headers}
    return Answer(
        status=int(status.split()[0]),
        content_type=found.get("content-type", ""),
        body=body,
        seconds=time.monotonic() - begun,
    )


def _scope(url: str, message: Message) -> dict[str, Any]:
    """The scope of a request, for an ASGI app."""
    parts = urlsplit(url)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": parts.scheme,
        "path": unquote(parts.path) or "/",
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in _headers(url, message).items()],
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname, parts.port or _PORTS[parts.scheme]),
    }


def _environ(url: str, message: Message) -> dict[str, Any]:
    """The environ of a request, for a WSGI app."""
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        # As in PEP 3333: each byte of the UTF-8 becomes a character.
        "PATH_INFO": unquote(parts.path, "latin-1") or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or _PORTS[parts.scheme]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(message.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in _headers(url, message).items():
        plain = name.upper().replace("-", "_")
        environ[plain if plain in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{plain}"] = value
    return environ


def _raised(error: Exception, begun: float) -> Answer:
    text = f"the app raised {type(error).__name__}: {error}"
    return Answer(status=500, error=text, seconds=time.monotonic() - begun)


def _headers(url: str, message: Message) -> Mapping[str, str]:
    return {"Host": urlsplit(url).netloc, "Content-Length": str(len(message.body)), **message.headers}
