"""Controls of the world's clock."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from ..._arguments import ANY_TIME, Takes, a_number, check
from .core import Core

_TIMES: Mapping[str, Takes] = dict.fromkeys(("seconds", "minutes", "hours", "days", "time"), ANY_TIME)
_SPEED = {"speed": a_number(0, inf, "Give a number: 60 makes a minute of a second, 0 stops the time")}


class Clock(Core):
    """Moves the world's time."""

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the world's clock, and let happen what is due by then. Signatures still carry the real time.

        Args:
            seconds: how much; negative to move it back.
            minutes: added to that.
            hours: added to that.
            days: added to that.

        Raises:
            ConfigurationError: one is no number.
        """
        check(_TIMES, seconds=seconds, minutes=minutes, hours=hours, days=days)
        self.world.advance(seconds + 60 * (minutes + 60 * (hours + 24 * days)))
        self._moved()

    def set_time(self, time: float) -> None:
        """Move the world's clock to a Unix time in seconds.

        Raises:
            ConfigurationError: it is no number.
        """
        check(_TIMES, time=time)
        self.world.clock.set(time)
        self._moved()

    def run_at(self, speed: float) -> None:
        """Let the world's time pass at another speed: 60 makes a minute of a second, 0 stops it.

        Raises:
            ConfigurationError: the speed is negative, or no number.
        """
        check(_SPEED, speed=speed)
        self.world.clock.run_at(speed)
        self._moved()
