"""Threads for handlers that are plain functions, and the queue for them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from .._threads import in_thread_of

T = TypeVar("T")

THREADS = min(32, (os.cpu_count() or 1) + 4)
"""As many as asyncio has for `asyncio.to_thread`."""

# The weight of the newest duration in the average.
_NEWEST = 0.2


class HandlerThreads:
    """Runs functions in threads. A turn guarantees a thread, so that no claimed notification waits for one.

    Args:
        threads: how many functions run at once.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(self, threads: int = THREADS, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._monotonic = monotonic
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="wechatpay_chain.handler")
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._waiting = 0
        self._average: float | None = None

    def delay(self) -> float:
        """The expected wait for a turn in seconds, from the durations so far; 0 if there are none."""
        if self._average is None or not self._turn_of_loop().locked():
            return 0.0
        return (self._waiting + 1) * self._average / self._threads

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None, None]:
        """Wait for a turn, and keep it for as long as the block lasts."""
        turns = self._turn_of_loop()
        self._waiting += 1
        try:
            await turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            turns.release()

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in a thread; it sees the caller's context variables."""
        begun = self._monotonic()
        try:
            return await in_thread_of(self._pool, function, *arguments)
        finally:
            seconds = self._monotonic() - begun
            average = seconds if self._average is None else self._average
            self._average = average + _NEWEST * (seconds - average)

    def _turn_of_loop(self) -> asyncio.Semaphore:
        return self._turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._threads))
