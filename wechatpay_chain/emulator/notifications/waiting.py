"""What waits to be sent: by when it is due, and no more at once than there is room for."""

from __future__ import annotations

import heapq
from collections import deque

MOST = 256
"""So many notifications are on their way at once."""
MOST_TO_ONE = 64
"""So many are on their way to one host, so that a shop that never answers doesn't hold up the others."""


class Waiting:
    """Notifications by when they are due, and those on their way. Not safe for threads by itself.

    It holds numbers and times only, so that 100,000 of them are a few megabytes.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        # Entries whose time isn't that of `_due` any more are skipped.
        self._heap: list[tuple[float, str]] = []
        self._lane_of: dict[str, str] = {}
        self._lanes: dict[str, set[str]] = {}
        # Due, but too many are on their way to the same host.
        self._parked: dict[str, deque[str]] = {}

    @property
    def flying(self) -> int:
        """How many are on their way."""
        return len(self._lane_of)

    def add(self, number: str, due: float) -> None:
        """Let a notification wait, or wait until another time; one on its way is left alone.

        Args:
            number: the notification's own.
            due: the world's Unix time in seconds.
        """
        if number not in self._lane_of and self._due.get(number) != due:
            self._due[number] = due
            heapq.heappush(self._heap, (due, number))

    def drop(self, number: str) -> None:
        """Let a notification wait no longer."""
        self._due.pop(number, None)

    def pop(self, now: float) -> str | None:
        """The number of the notification that is due the longest; None where none is due."""
        self._skip()
        if not self._heap or self._heap[0][0] > now:
            return None
        number = heapq.heappop(self._heap)[1]
        del self._due[number]
        return number

    @property
    def next_due(self) -> float | None:
        """When the next is due; None where nothing waits, or there is no room."""
        self._skip()
        return self._heap[0][0] if self._heap and self.flying < MOST else None

    def send(self, number: str, url: str, *, crowded: bool = False) -> bool:
        """Put a notification on its way, or park it until there is room on the way to its host.

        Args:
            number: its own.
            url: where to.
            crowded: however many are on that way.

        Returns:
            Whether it is on its way.
        """
        host = "/".join(url.split("/", 3)[:3])
        lane = self._lanes.setdefault(host, set())
        if len(lane) >= MOST_TO_ONE and not crowded:
            self._parked.setdefault(host, deque()).append(number)
            return False
        lane.add(number)
        self._lane_of[number] = host
        return True

    def landed(self, number: str) -> str:
        """A notification is not on its way any more. Returns the host that it went to, empty for none."""
        host = self._lane_of.pop(number, "")
        if host:
            lane = self._lanes[host]
            lane.discard(number)
            if not lane:
                del self._lanes[host]
        return host

    def unpark(self, host: str) -> str | None:
        """The number of the notification that has been parked for a host the longest, which it is no more."""
        parked = self._parked.get(host)
        if not parked:
            self._parked.pop(host, None)
            return None
        return parked.popleft()

    def _skip(self) -> None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
