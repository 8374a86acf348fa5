"""Waits during which nothing has been sent, and which a batch that is stopped can end early.

A call that waits for its turn under a rate limit has not been sent: a batch that is stopped takes it back at once. The
limiter doesn't know the batch; both find the waits in the context of the task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar


class Waits:
    """The waits under way of a group of tasks, each of which calls `join` first."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Timeout] = set()
        self.is_ended = False

    def __len__(self) -> int:
        """How many tasks wait."""
        return len(self._under_way)

    def join(self) -> None:
        """Make these the waits of the task that runs."""
        _waits.set(self)

    def end(self) -> None:
        """End all waits, as if their time were over, and those that begin from now on."""
        self.is_ended = True
        for timeout in self._under_way:
            _expire(timeout)

    @contextmanager
    def hold(self, timeout: asyncio.Timeout) -> Generator[None]:
        """Count what is waited for inside as a wait.

        Args:
            timeout: what bounds it; it expires when the waits end.
        """
        self._under_way.add(timeout)
        try:
            if self.is_ended:
                _expire(timeout)
            yield
        finally:
            self._under_way.discard(timeout)


_waits: ContextVar[Waits | None] = ContextVar("waits", default=None)


def current() -> Waits:
    """The waits of the task that runs; of a task without any, some that never end."""
    waits = _waits.get()
    return Waits() if waits is None else waits


def _expire(timeout: asyncio.Timeout) -> None:
    if not timeout.expired():
        timeout.reschedule(0.0)
