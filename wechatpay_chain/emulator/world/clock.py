"""The world's clock, which can be moved and can run faster than the real one."""

from __future__ import annotations

from collections.abc import Callable


class WorldClock:
    """Gives the world's time. Records carry it; signatures carry the real time, because receivers compare with theirs.

    Args:
        real: gives the real Unix time in seconds.
        offset: seconds that the world is ahead of it at first.
    """

    def __init__(self, real: Callable[[], float], offset: float = 0.0) -> None:
        self._real = real
        self._speed = 1.0
        self._start = real()
        self._world_start = self._start + offset

    def __call__(self) -> float:
        """The world's Unix time in seconds."""
        return self._world_start + (self._real() - self._start) * self._speed

    @property
    def offset(self) -> float:
        """Seconds that the world is ahead of the real time; negative where it is behind."""
        return self() - self._real()

    @property
    def speed(self) -> float:
        """World seconds that pass in a real second."""
        return self._speed

    def run_at(self, speed: float) -> None:
        """Let time pass at another speed from now on.

        Args:
            speed: world seconds in a real second; 0 stops the clock.

        Raises:
            ValueError: the speed is negative.
        """
        if speed < 0:
            raise ValueError(f"the clock can't run backwards: speed {speed}")
        self._rebase(self())
        self._speed = speed

    def advance(self, seconds: float) -> None:
        """Move the clock by some seconds, back where they are negative."""
        self._rebase(self() + seconds)

    def set(self, time: float) -> None:
        """Move the clock to a Unix time in seconds."""
        self._rebase(time)

    def _rebase(self, world: float) -> None:
        self._start, self._world_start = self._real(), world
