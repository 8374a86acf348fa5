"""Time for the tests, which passes when it is slept through."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class FakeTime:
    """A clock, and a sleep that moves it once nobody has anything else to do."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._driver: asyncio.Task[None] | None = None

    def __call__(self) -> float:
        """Seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock says so."""
        self.slept.append(seconds)
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self.now + seconds, next(self._order), future))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        await future

    async def _drive(self) -> None:
        while self._sleeping:
            for _ in range(20):  # let everyone else go on first
                await asyncio.sleep(0)
            until, _, future = heapq.heappop(self._sleeping)
            self.now = max(self.now, until)
            if not future.done():
                future.set_result(None)
