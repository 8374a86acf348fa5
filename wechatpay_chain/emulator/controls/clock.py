"""The world's clock."""

from __future__ import annotations

from .core import Core


class Clock(Core):
    """Moves the world's time."""

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the world's clock, and let happen what is due by then. Signatures keep the real time.

        Args:
            seconds: how much; negative to move it back.
            minutes: as many more.
            hours: as many more.
            days: as many more.
        """
        self.world.advance(seconds + 60 * (minutes + 60 * (hours + 24 * days)))
        self._moved()

    def set_time(self, time: float) -> None:
        """Move the world's clock to a Unix time in seconds."""
        self.world.clock.set(time)
        self._moved()

    def run_at(self, speed: float) -> None:
        """Let the world's time pass at another speed: 60 makes a minute of a second, 0 stops it.

        Raises:
            ValueError: the speed is negative.
        """
        self.world.clock.run_at(speed)
        self._moved()
