"""The last so many of something, of which only the newest keep large bodies whole."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol, Self, TypeVar

LARGEST = 256 * 1024
"""Bytes of a body that are kept of all but the newest."""

WHOLE = 16
"""How many of the newest keep their bodies whole, whatever their size."""


class HasBodies(Protocol):
    """What has bodies."""

    def shortened(self) -> Self:
        """The same with at most `LARGEST` bytes of each body; itself where there is no more."""
        ...


_T = TypeVar("_T", bound=HasBodies)


class Kept(deque[_T]):
    """The last so many. It may be appended to from many threads.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        super().__init__(maxlen=most)
        self._lock = Lock()

    def append(self, item: _T, /) -> None:
        """Keep one more, and forget the oldest and the rest of a large body."""
        with self._lock:
            super().append(item)
            if len(self) > WHOLE:
                self[-WHOLE - 1] = self[-WHOLE - 1].shortened()
