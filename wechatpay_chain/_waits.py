"""Waits before a call is sent, which a batch that is stopped can end early.

A call that waits for its turn under a rate limit has not been sent: a batch that is stopped takes it back at once.
Batch and limiter don't know each other: they find the waits in a context variable of the task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar


class Waits:
    """The waits of a group of tasks. Each task calls `join` first."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Timeout] = set()
        self.is_ended = False

    def __len__(self) -> int:
        """How many tasks wait."""
        return len(self._under_way)

    def join(self) -> None:
        """Make these what `current` returns in the running task."""
        _waits.set(self)

    def end(self) -> None:
        """End all waits, as if their time were over; waits that begin later end at once."""
        self.is_ended = True
        for timeout in self._under_way:
            _expire(timeout)

    @contextmanager
    def hold(self, timeout: asyncio.Timeout) -> Generator[None]:
        """Count the block as a wait.

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
    """The `Waits` that the running task has joined; a new one, which nobody ends, where it has joined none."""
    waits = _waits.get()
    return Waits() if waits is None else waits


def _expire(timeout: asyncio.Timeout) -> None:
    if not timeout.expired():
        timeout.reschedule(0.0)
