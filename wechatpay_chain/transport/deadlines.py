"""Deadlines of calls with the same timeout, kept by one timer.

aiohttp sets and cancels a timer for each request, which is a thirtieth of a call (`python -m benchmarks.share`).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class Deadlines:
    """Bounds the time of the block in `with deadlines:`, as `asyncio.timeout` does.

    Several tasks may be in such a block at once, each of them once.

    Args:
        seconds: how long each may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Task -> when its time ends, and how often it had been cancelled when it entered; in the order of their ends,
        # because the timeout is the same for all.
        self._inside: dict[asyncio.Task[Any], tuple[float, int]] = {}
        self._late: dict[asyncio.Task[Any], int] = {}

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task: await the call in one")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # timers and tasks of an ended loop are gone
            self._loop, self._timer = loop, None
            self._inside.clear()
            self._late.clear()
        when = loop.time() + self._seconds
        self._inside[task] = when, task.cancelling()
        if self._timer is None:
            self._timer = loop.call_at(when, self._end)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise TimeoutError in place of the cancellation with which the time ended."""
        if kind is GeneratorExit:
            return  # a call that nobody waits for any more is thrown away, whatever task that is in, if any
        task = asyncio.current_task()
        if task is None or self._inside.pop(task, None) is not None:
            return
        cancelled_before = self._late.pop(task)
        # If the task was cancelled for another reason too, that counts.
        if task.uncancel() <= cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self) -> None:
        """Cancel the tasks whose time is over, and set the timer for the next."""
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._inside:
            task, (when, cancelled_before) = next(iter(self._inside.items()))
            if when > now:
                self._timer = loop.call_at(when, self._end)
                return
            del self._inside[task]
            self._late[task] = cancelled_before
            task.cancel()


class Deadline(Deadlines):
    """Bounds the time of a single block, in `with deadline:`, and leaves no timer behind.

    Args:
        seconds: how long it may take.
    """

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise TimeoutError in place of the cancellation with which the time ended."""
        if self._timer is not None:
            self._timer.cancel()
        super().__exit__(kind, error, traceback)
