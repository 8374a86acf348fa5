"""Counts calls, and compares them with the documented rates."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from threading import Lock

from ...catalogue import Rate


class RateWindows:
    """The times of the calls accepted in the last period, by operation and rate."""

    def __init__(self) -> None:
        self._times: defaultdict[Hashable, deque[float]] = defaultdict(deque)
        self._lock = Lock()

    def admit(self, name: Hashable, rates: Iterable[Rate], now: float) -> bool:
        """Whether a call is within all rates; if so, it is counted.

        Args:
            name: calls of the same name are counted together.
            rates: the rates that apply.
            now: Unix time in seconds.
        """
        with self._lock:
            windows = [(rate, self._times[name, rate]) for rate in rates]
            for rate, times in windows:
                while times and times[0] <= now - rate.seconds:
                    times.popleft()
            if any(len(times) >= rate.n for rate, times in windows):
                return False
            for _, times in windows:
                times.append(now)
            return True
