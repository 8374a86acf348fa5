"""The world's clock, which can be moved and can run faster than the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class WorldClock:
    """Gives the world's time. Records have it; signatures have the real time, as receivers compare it with theirs.

    Args:
        real: gives the real Unix time in seconds.
        moved: called after every move and every change of speed.
    """

    def __init__(self, real: Callable[[], float], moved: Callable[[], None] = lambda: None) -> None:
        self._real = real
        self._moved = moved
        self._speed = 1.0
        self._start = self._world_start = real()

    def __call__(self) -> float:
        """The world's Unix time in seconds."""
        return self._world_start + (self._real() - self._start) * self._speed

    @property
    def offset(self) -> float:
        """By how many seconds the world is ahead of the real time; negative if it is behind."""
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
        self._moved()

    def advance(self, seconds: float) -> None:
        """Move the clock forward by some seconds; back if they are negative."""
        self._rebase(self() + seconds)
        self._moved()

    def set(self, time: float) -> None:
        """Move the clock to a Unix time in seconds."""
        self._rebase(time)
        self._moved()

    def to_json(self) -> dict[str, float]:
        """Its state: a real time, the world's time at that moment, and the speed."""
        return {"real": self._start, "world": self._world_start, "speed": self._speed}

    def resume(self, kept: Mapping[str, float]) -> None:
        """Continue from a state of `to_json`, as if the clock had run all the time.

        Raises:
            ValueError: these are no numbers.
        """
        self._start, self._world_start = float(kept["real"]), float(kept["world"])
        self._speed = float(kept["speed"])

    def _rebase(self, world: float) -> None:
        self._start, self._world_start = self._real(), world
