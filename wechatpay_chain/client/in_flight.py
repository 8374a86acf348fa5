"""Counting calls in flight, so that closing a client can wait for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ..errors import ConfigurationError


class InFlight:
    """Counts the calls of a client, each in `with in_flight:`, which first calls `check_open`."""

    def __init__(self) -> None:
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: asyncio.Event | None = None

    def check_open(self) -> None:
        """Refuse calls of a client that is closed, or that belongs to another event loop.

        Raises:
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        if self._idle is not None:
            raise ConfigurationError("WeChatPay", "the client is closed", "Make calls before aclose(), or a new client")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a coroutine that is driven by hand
            return
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "WeChatPay",
                "the client is used in another event loop than before",
                "Make one client per event loop; asyncio.run starts a new one each time",
            )

    def __enter__(self) -> None:
        self.check_open()
        self._count += 1

    def __exit__(self, *error: object) -> None:
        self._count -= 1
        if self._idle is not None and self._count == 0:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Refuse new calls, and wait for those in flight, for so many seconds at most."""
        if self._idle is None:
            self._idle = asyncio.Event()
        # Calls of another loop, which has ended or is another thread's, can't be waited for.
        if self._count and self._loop is asyncio.get_running_loop():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
