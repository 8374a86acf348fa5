"""The platform's clock, measured from its answers.

Requests and answers more than 300 s away from the receiver's clock are refused.
https://pay.weixin.qq.com/doc/v3/merchant/4012365336
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache

from ..http.dates import unix_time
from ..wire.v3.signature import MAX_AGE, TIMESTAMP_HEADER

# Answers state whole seconds, and take a while to arrive.
_ACCURACY = 2.0
# 2020 to 2120: another time in an answer is ignored.
_EARLIEST, _LATEST = 1_577_836_800.0, 4_733_510_400.0


class PlatformClock:
    """A clock that knows how far the platform's is ahead.

    Args:
        time: returns Unix time in seconds, by this machine's clock.
        corrects: whether calling it returns the platform's time instead of this machine's.

    Attributes:
        skew: seconds that the platform's clock is ahead; None until an answer has told the time.
        corrects: as given.
        corrections: how often an answer has set it. A request that was signed before the last correction was signed
            with another time.
    """

    def __init__(self, time: Callable[[], float] = time.time, *, corrects: bool = False) -> None:
        self._time = time
        self._correction = 0.0
        self.corrects = corrects
        self.corrections = 0
        self.skew: float | None = None

    def __call__(self) -> float:
        """Unix time in seconds."""
        return self._time() + self._correction

    @property
    def is_off(self) -> bool:
        """Whether the clocks differ so much that the platform refuses requests signed with this machine's time."""
        return self.skew is not None and abs(self.skew) > MAX_AGE

    def measure(self, headers: Mapping[str, str]) -> bool:
        """Compare the time in an answer with this machine's.

        Args:
            headers: of an answer that just came, looked up in any case.

        Returns:
            Whether the difference has changed.
        """
        date = headers.get("Date")
        told = _told(date, "" if date else headers.get(TIMESTAMP_HEADER, ""))
        if told is None:
            return False
        skew = told + 0.5 - self._time()
        if abs(skew - (self.skew or 0.0)) <= _ACCURACY:
            if self.skew is None:
                self.skew = skew
            return False
        self.skew = skew
        if self.corrects:
            self._correction = skew
            self.corrections += 1
        return True


# All answers of one second have the same Date.
@lru_cache(maxsize=8)
def _told(date: str | None, timestamp: str) -> float | None:
    told = unix_time(date) if date else _timestamp(timestamp)
    return told if told is not None and _EARLIEST <= told <= _LATEST else None


def _timestamp(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None
