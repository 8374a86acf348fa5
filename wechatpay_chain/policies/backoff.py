"""Pauses between attempts, which grow during an outage. Waiting is done elsewhere."""

from __future__ import annotations

from .._arguments import SECONDS, Takes, check_attributes, is_number
from ..errors import ConfigurationError
from ..http.value import frozen

# 2.0 ** 1024 would be an OverflowError.
_MOST_DOUBLINGS = 60
_TAKES = {
    "first": SECONDS,
    "longest": SECONDS,
    "jitter": Takes(lambda value: is_number(value) and 0 <= value <= 1, "Give a share from 0 to 1"),
}


@frozen()
class Backoff:
    """Pauses that double from `first` up to `longest`, each shortened at random.

    Without jitter, callers that failed at the same time would all retry at the same time.

    Attributes:
        first: seconds of the first pause.
        longest: seconds that no pause exceeds.
        jitter: the part of a pause that chance may take off: 0 for none, 1 for all of it ("full jitter").

    Raises:
        ConfigurationError: a value is out of range.
    """

    first: float
    longest: float
    jitter: float = 1.0

    def __post_init__(self) -> None:
        check_attributes(_TAKES, "backoff.", self)
        if self.first > self.longest:
            raise ConfigurationError(
                "backoff.first", f"{self.first!r} was found", "Give more than 0, at most `longest`"
            )

    def pause(self, made: int, chance: float = 1.0) -> float:
        """Seconds to wait before the next attempt.

        Args:
            made: how many attempts have failed so far, from 1.
            chance: a random number from 0 to 1; 1 gives the whole pause.
        """
        whole = min(self.longest, self.first * 2.0 ** min(made - 1, _MOST_DOUBLINGS))
        return whole * (1 - self.jitter * (1 - chance))
