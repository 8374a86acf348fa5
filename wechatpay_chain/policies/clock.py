"""The platform's clock, as its answers tell it.

Requests and answers more than 300 s away from the receiver's clock are refused.
https://pay.weixin.qq.com/doc/v3/merchant/4012365336
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from ..wire.v3.signature import MAX_AGE, TIMESTAMP_HEADER

# Answers tell whole seconds, and are on their way for a while.
_ACCURACY = 2.0


class PlatformClock:
    """A clock that knows how far the platform's is ahead.

    Args:
        clock: this machine's, Unix time in seconds.
        corrects: whether calling it gives the platform's time instead of this machine's.

    Attributes:
        skew: seconds that the platform's clock is ahead; None as long as no answer told the time.
        corrects: as given.
    """

    def __init__(self, clock: Callable[[], float], *, corrects: bool = False) -> None:
        self._clock = clock
        self._correction = 0.0
        self.corrects = corrects
        self.skew: float | None = None

    def __call__(self) -> float:
        """Unix time in seconds."""
        return self._clock() + self._correction

    @property
    def is_off(self) -> bool:
        """Whether the clocks differ so much that the platform refuses what this machine's clock stamps."""
        return self.skew is not None and abs(self.skew) > MAX_AGE

    def measure(self, headers: Mapping[str, str]) -> bool:
        """Compare the time that an answer tells with this machine's.

        Args:
            headers: of an answer that just came, looked up in any case.

        Returns:
            Whether the difference is another than was known.
        """
        told = _told(headers)
        if told is None:
            return False
        skew = told + 0.5 - self._clock()
        known = 0.0 if self.skew is None else self.skew
        if abs(skew - known) <= _ACCURACY:
            if self.skew is None:
                self.skew = skew
            return False
        self.skew = skew
        if self.corrects:
            self._correction = skew
        return True


def _told(headers: Mapping[str, str]) -> float | None:
    if date := headers.get("Date"):
        return _date(date)
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    return float(timestamp) if timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12 else None


@lru_cache(maxsize=4)
def _date(text: str) -> float | None:
    # All answers of a second have the same one.
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
