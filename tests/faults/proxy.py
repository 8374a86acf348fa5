"""A TCP proxy that breaks connections where it is told to."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

Fate = Literal[
    "fine",
    "reset before",
    "reset in the middle",
    "reset after",
    "close after",
    "slow headers",
    "slow body",
    "cut body",
    "garbage",
    "429",
    "503",
]
"""What becomes of one request. Of a fate that comes `after`, and of those of the answer, the request arrives."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"
_REFUSALS = {
    "429": b'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 29\r\n\r\n{"code":"RATELIMIT_EXCEEDED"}',
    "503": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 6\r\n\r\n<html>",
}


class FaultyProxy:
    """Passes requests on to another port of this machine, as `fate` says.

    Args:
        target: base URL to pass requests on to.
        fate: is asked what is to become of each request; None lets all pass.
        slow: seconds that something slow takes.
        idle: seconds after which an idle connection is closed.

    Attributes:
        fate: may be set anew at any time.
        connections: how many were accepted.
        passed: the requests that were passed on.
        talks: the tasks of connections.
    """

    def __init__(
        self, target: str, fate: Callable[[], Fate] | None = None, *, slow: float = 5.0, idle: float = 60.0
    ) -> None:
        self.fate = fate
        self.connections = 0
        self.passed: list[bytes] = []
        self._target_port = int(target.rpartition(":")[2])
        self._slow = slow
        self._idle = idle
        self._server: asyncio.Server | None = None
        self._port = 0
        self.talks: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, the second time at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and break all that there are."""
        if self._server is not None:
            self._server.close()
        for task in list(self.talks):
            task.cancel()
        await asyncio.gather(*self.talks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        self.connections += 1
        try:
            # Who goes away, or is told to stop, ends the talk; that is what this server is there for.
            with suppress(OSError, EOFError, TimeoutError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            self.talks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(self._idle):
                head = await reader.readuntil(b"\r\n\r\n")
            fate = self.fate() if self.fate is not None else "fine"
            if fate == "reset before":
                return _reset(writer)
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if fate == "reset in the middle":
                await reader.read(size // 2)
                return _reset(writer)
            body = await reader.readexactly(size)
            if fate in _REFUSALS:
                writer.write(_REFUSALS[fate])
                continue
            if fate == "garbage":
                writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
                return None
            answer = await self._pass_on(head + body)
            if not await self._answer(writer, answer, fate):
                return None

    async def _answer(self, writer: asyncio.StreamWriter, answer: bytes, fate: Fate) -> bool:
        """Whether the connection stays."""
        if fate == "reset after":
            _reset(writer)
            return False
        if fate == "close after":
            return False
        end = answer.index(b"\r\n\r\n") + 4
        if fate == "slow headers":
            await asyncio.sleep(self._slow)
        elif fate == "slow body":
            writer.write(answer[: end + 1])
            await asyncio.sleep(self._slow)
            answer = answer[end + 1 :]
        elif fate == "cut body":
            writer.write(answer[: end + 5])
            await writer.drain()
            return False
        writer.write(answer)
        await writer.drain()
        return True

    async def _pass_on(self, request: bytes) -> bytes:
        self.passed.append(request)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            return head + await reader.readexactly(int(length[1]) if length else 0)
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
