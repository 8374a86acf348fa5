"""Calls of an earlier process that still count under a rate limit.

The platform counts calls for a minute, whatever becomes of the process that made them; a limiter's own count begins
with its process. A batch knows from its journal what was called before. Batch and limiter don't know each other: they
exchange these counts through a context variable of the task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar

Ended = tuple[float, int]
"""Seconds since some calls ended, and how many calls.

Calls that ended within one second are counted together, as if all had ended at its end (`ROUNDED`).
"""

ROUNDED = 1.0
"""Seconds by which calls may be counted as having ended later than they did."""


class EarlierCalls:
    """Calls of earlier processes, until a limiter takes them into its count.

    Args:
        ended: by the name that a limiter counted them under: number of the merchant, method and path template; without
            the number where it isn't known.
        cut_off: calls that may have been made, by method and path template, with the latest time they may have ended.
        monotonic: a clock that never goes back, in seconds.
        as_of: what that clock showed when the seconds were counted.
    """

    def __init__(
        self,
        ended: Mapping[str, Sequence[Ended]],
        cut_off: Mapping[str, Sequence[Ended]],
        monotonic: Callable[[], float],
        as_of: float,
    ) -> None:
        self._ended = dict(ended)
        self._cut_off = dict(cut_off)
        self._monotonic = monotonic
        self._as_of = as_of

    def take(self, name: str, since: float) -> list[Ended]:
        """The calls of a name that a limiter hasn't counted itself. A second call returns none of them again.

        Args:
            name: that the limiter counts them under.
            since: for how many seconds it has counted.
        """
        if not self._ended and not self._cut_off:
            return []
        passed = self._monotonic() - self._as_of
        operation = name.partition(" ")[2]
        ended = [*self._ended.pop(name, ()), *self._ended.pop(operation, ())]
        found = [(ago + passed, count) for ago, count in ended if ago + passed + ROUNDED > since]
        return found + [(ago + passed, count) for ago, count in self._cut_off.pop(operation, ())]


class Counting:
    """What a task of a batch and its limiter tell each other.

    Args:
        earlier: what was called before.
        time: Unix time in seconds.

    Attributes:
        earlier: what was called before.
        calls: the names that the limiter counted calls under, and when they ended.
    """

    def __init__(self, earlier: EarlierCalls, time: Callable[[], float]) -> None:
        self.earlier = earlier
        self.calls: list[tuple[str, float]] = []
        self._time = time

    def note(self, name: str) -> None:
        """Note that a call ended, which the limiter counted under this name."""
        self.calls.append((name, self._time()))

    def join(self) -> None:
        """Make this what `current` returns in the running task."""
        _counting.set(self)


_counting: ContextVar[Counting | None] = ContextVar("counting", default=None)


def current() -> Counting | None:
    """The `Counting` of the running task; None outside of a batch."""
    return _counting.get()
