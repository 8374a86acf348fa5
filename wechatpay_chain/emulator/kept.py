"""`Kept`: holds the latest exchanges or calls; only the newest keep large bodies whole."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol, Self, TypeVar

LARGEST = 256 * 1024
"""How many bytes of a body the older ones keep."""

WHOLE = 16
"""How many of the newest keep their whole bodies, whatever their size."""


class HasBodies(Protocol):
    """Something with bodies that can be shortened."""

    def shortened(self) -> Self:
        """A copy with at most `LARGEST` bytes of each body; the same object if none is longer."""
        ...


_T = TypeVar("_T", bound=HasBodies)


class Kept(deque[_T]):
    """A deque of the latest items. It may be appended to from many threads.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        super().__init__(maxlen=most)
        self._lock = Lock()

    def append(self, item: _T, /) -> None:
        """Add an item; drops the oldest if there are too many, and shortens one that is no longer among the newest."""
        with self._lock:
            super().append(item)
            if len(self) > WHOLE:
                self[-WHOLE - 1] = self[-WHOLE - 1].shortened()
