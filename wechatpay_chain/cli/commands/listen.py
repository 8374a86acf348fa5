"""`listen`: receives notifications on a port, verifies, shows, saves and forwards them with intact signatures."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from ...errors import ConfigurationError, WeChatPayError
from ...http.headers import Headers
from ...http.request import Request
from ...http.response import Response
from ...notifications import Reply, Webhook, saved
from ..exits import Exit
from ..inputs import count, port, write_private
from ..output import show_json
from ..settings import Settings, add_settings
from ..terminal import tell

_SECONDS = 10.0
_HOP = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_SHOWN_CAUSES = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `listen`."""
    parser.add_argument("--port", type=port, default=8000, help="port to listen on (8000); 0 for a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--forward", metavar="URL", help="hand each on, byte for byte, and answer what that answers")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep each as a file that `verify` and tests read")
    parser.add_argument("--count", type=count, metavar="NUMBER", help="end after so many")
    add_settings(parser)
    parser.set_defaults(run=_listen)


def _listen(options: argparse.Namespace) -> int:
    settings = Settings.read(options)
    if options.forward is not None and urlsplit(str(options.forward)).scheme not in {"http", "https"}:
        raise ConfigurationError(
            "--forward", f"{options.forward[:80]!r} is no URL", "Write http://127.0.0.1:8000/notify"
        )
    if options.save is not None:
        options.save.mkdir(mode=0o700, parents=True, exist_ok=True)
    receiver = _Receiver(_webhook(settings), options.forward, options.save, options.count)
    try:
        asyncio.run(receiver.run(options.host, options.port))
    except OSError as error:
        raise ConfigurationError(
            "--port", f"{options.port} can't be listened on ({error.strerror})", "Give another"
        ) from None
    except KeyboardInterrupt:
        pass
    return Exit.DONE


def _webhook(settings: Settings) -> Webhook:
    apiv3_key, apiv2_key = settings.get("apiv3_key"), settings.get("apiv2_key")
    certs, brand = settings.platform_keys(), settings.brand()
    if apiv2_key is None and brand is None:
        apiv3_key = settings.require("apiv3_key")
        if not certs:
            settings.require("public_key_id")
    return Webhook(apiv3_key=apiv3_key, certs=certs or None, apiv2_key=apiv2_key, brand=brand)


class _Receiver:
    """Receives notifications.

    Args:
        webhook: verifies and decrypts them.
        forward: where to hand them on; None to answer them here.
        folder: where to keep them; None to keep none.
        count: ends after so many; None to go on.
    """

    def __init__(self, webhook: Webhook, forward: str | None, folder: Path | None, count: int | None) -> None:
        self._webhook = webhook
        self._forward = forward
        self._folder = folder
        self._left = count
        self._numbers = itertools.count(1)
        self._enough = asyncio.Event()

    async def run(self, host: str, port: int) -> None:
        """Listen until the wanted number has come, or until cancelled."""
        from ...emulator.server import Listening  # aiohttp

        async with Listening(self._receive, host, port) as base_url:
            tell(f"listening on {base_url}: give it as notify_url, through a tunnel where the platform must reach it")
            await self._enough.wait()
            await asyncio.sleep(0.1)  # the last reply goes out

    async def _receive(self, request: Request) -> Response[Any]:
        body = request.body or b""
        received = time.time()
        number = next(self._numbers)
        kept = self._keep(request, body, received)
        shown: dict[str, Any] = {"number": number, "path": request.target, "file": kept}
        try:
            notification = self._webhook.open(dict(request.headers.items()), body)
        except WeChatPayError as error:
            shown["refused"] = error.message
            shown["causes"] = [str(cause) for cause in error.causes[:_SHOWN_CAUSES]]
            reply = Reply.failure(error.message)
        else:
            shown |= {
                "id": notification.id,
                "event_type": notification.event_type,
                "original_type": notification.original_type,
                "summary": notification.summary,
                "resource": notification.resource,
            }
            reply = Reply.success(xml=body.lstrip().startswith(b"<"))
        if self._forward is not None:
            reply = await asyncio.to_thread(_hand_on, self._forward, request, body)
        shown["answered"] = reply.status
        _show({name: value for name, value in shown.items() if value is not None})
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._enough.set()
        return Response(status=reply.status, headers=Headers(reply.headers), content=reply.body)

    def _keep(self, request: Request, body: bytes, received: float) -> str | None:
        if self._folder is None:
            return None
        headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
        content = saved.write(f"{request.method} {request.target} HTTP/1.1", headers, body, received=received)
        path = (
            self._folder
            / f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(received))}-{time.time_ns() % 10**6:06}.http"
        )
        write_private(path, content)
        return str(path)


def _show(members: dict[str, Any]) -> None:
    if sys.stdout.isatty():
        show_json(members)
    else:
        print(orjson.dumps(members).decode(), flush=True)


def _hand_on(url: str, request: Request, body: bytes) -> Reply:
    """The reply of the shop that a notification is forwarded to."""
    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
    try:
        connection = make(parts.netloc, timeout=_SECONDS)
        try:
            connection.request(request.method, target, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            kind = answer.headers.get("Content-Type")
            return Reply(status=answer.status, headers={"Content-Type": kind} if kind else {}, body=content)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        tell(f"{url} did not answer ({error}): the platform is asked to send it again")
        return Reply(status=502)
