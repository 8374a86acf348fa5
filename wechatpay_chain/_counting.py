"""Calls of an earlier process that still count under a rate limit.

The platform counts calls for a minute, whatever becomes of the process that made them; a limiter begins anew with each
process. A batch knows from its journal what was called before. It doesn't know the limiter, nor the limiter the batch:
both find what they tell each other in the context of the task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar

Ended = tuple[float, int]
"""How many seconds ago calls ended, and how many.

Where the calls of a second are counted together, they ended up to `ROUNDED` seconds earlier than it says.
"""

ROUNDED = 1.0
"""Seconds by which calls may be counted as later than they were."""


class EarlierCalls:
    """What was called before, until a limiter takes it into its count.

    Args:
        ended: by what a limiter counted them as (number of the merchant, method, path template); by method and path
            template alone where nobody knows for whom they were.
        cut_off: calls that may have been made, by method and path template, with the latest time they may have ended.
        monotonic: a clock that never goes back, in seconds.
        as_of: what it showed when the calls had ended so many seconds ago.
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
        """The calls of a name that a limiter hasn't counted itself; they are given out once.

        Args:
            name: what the limiter counts them as.
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
    """What a task that calls items one after the other and its limiter tell each other.

    Args:
        earlier: what was called before.
        time: Unix time in seconds.

    Attributes:
        earlier: what was called before.
        calls: what the limiter counted calls as, and when they ended.
    """

    def __init__(self, earlier: EarlierCalls, time: Callable[[], float]) -> None:
        self.earlier = earlier
        self.calls: list[tuple[str, float]] = []
        self._time = time

    def note(self, name: str) -> None:
        """A call ended that the limiter counted as this."""
        self.calls.append((name, self._time()))

    def join(self) -> None:
        """Make this what the task that runs and its limiter find."""
        _counting.set(self)


_counting: ContextVar[Counting | None] = ContextVar("counting", default=None)


def current() -> Counting | None:
    """What the task that runs tells its limiter; None outside of a batch."""
    return _counting.get()
