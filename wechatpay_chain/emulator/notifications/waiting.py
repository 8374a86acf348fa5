"""The queue of notifications to send: in order of their due times, with a limit on how many are sent at once."""

from __future__ import annotations

import heapq
from collections import deque

MOST = 256
"""How many notifications may be on their way at once."""
MOST_TO_ONE = 64
"""How many may be on their way to one host, so that a shop that never answers doesn't delay the others."""


class Waiting:
    """Notifications in order of their due times, and those on their way. It isn't thread-safe by itself.

    It holds numbers and times only, so that 100,000 of them are a few megabytes.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        # Entries whose time is no longer that in `_due` are skipped.
        self._heap: list[tuple[float, str]] = []
        self._lane_of: dict[str, str] = {}
        self._lanes: dict[str, set[str]] = {}
        # Due, while too many are on their way to the same host.
        self._parked: dict[str, deque[str]] = {}

    @property
    def flying(self) -> int:
        """How many are on their way."""
        return len(self._lane_of)

    def add(self, number: str, due: float) -> None:
        """Schedule a notification, or change its due time; one on its way is left alone.

        Args:
            number: the notification's own.
            due: the world's Unix time in seconds.
        """
        if number not in self._lane_of and self._due.get(number) != due:
            self._due[number] = due
            heapq.heappush(self._heap, (due, number))

    def drop(self, number: str) -> None:
        """Remove a notification from the schedule."""
        self._due.pop(number, None)

    def pop(self, now: float) -> str | None:
        """Take the notification that is due the longest, and return its number; None if none is due."""
        self._skip()
        if not self._heap or self._heap[0][0] > now:
            return None
        number = heapq.heappop(self._heap)[1]
        del self._due[number]
        return number

    @property
    def next_due(self) -> float | None:
        """When the next is due; None if nothing is scheduled, or the limit is reached."""
        self._skip()
        return self._heap[0][0] if self._heap and self.flying < MOST else None

    def send(self, number: str, url: str, *, crowded: bool = False) -> bool:
        """Mark a notification as on its way, or park it while too many are on their way to its host.

        Args:
            number: its own.
            url: where to.
            crowded: ignore the limit for its host.

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
        """Mark a notification as arrived. Returns the host that it went to, empty for none."""
        host = self._lane_of.pop(number, "")
        if host:
            lane = self._lanes[host]
            lane.discard(number)
            if not lane:
                del self._lanes[host]
        return host

    def unpark(self, host: str) -> str | None:
        """Take the notification that was parked for a host the longest, and return its number; None if none was."""
        parked = self._parked.get(host)
        if not parked:
            self._parked.pop(host, None)
            return None
        return parked.popleft()

    def _skip(self) -> None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
