"""Server-sent events: a call when it is answered, a record when it changes."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Any, Self

import orjson

from ..controls import Controls
from ..exchange import Exchange
from ..world.world import Happening
from .views import exchange_line

# Events that wait for a slow reader; beyond these, some are dropped, and the reader gets an event that says so.
_BUFFERED = 1000
_HEARTBEAT = 15.0


class Feed:
    """Events from now on; enter it with `async with`, read it with `async for`.

    Args:
        controls: of the world to watch, in any thread.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_BUFFERED)
        self._missed = 0
        self._ending = contextlib.ExitStack()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._ending.callback(self._controls.watch(self._called))
        self._ending.callback(self._controls.world.subscribe(self._happened))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next event, or a comment that keeps the connection alive."""
        if self._missed and self._queue.empty():
            missed, self._missed = self._missed, 0
            return _event("missed", {"count": missed})
        try:
            async with asyncio.timeout(_HEARTBEAT):
                return await self._queue.get()
        except TimeoutError:
            return b": still here\n\n"

    def _called(self, exchange: Exchange) -> None:
        self._send(_event("call", exchange_line(exchange)))

    def _happened(self, happening: Happening) -> None:
        told = {"number": happening.number, "time": happening.time, "mchid": happening.mchid}
        self._send(_event("record", {**told, "kind": happening.kind, "key": happening.key, "state": happening.state}))

    def _send(self, event: bytes) -> None:
        # If the loop was closed meanwhile, there is no reader.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: bytes) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._missed += 1


def _event(name: str, told: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(told) + b"\n\n"
