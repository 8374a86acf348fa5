"""Actions on the world's clock."""

from __future__ import annotations

from typing import Any

from ...controls import Controls
from ..action import Action, Arguments
from ..fields import Field


class Clock:
    """Move the clock.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _move_clock(self, given: Arguments) -> dict[str, Any]:
        if "speed" in given:
            self._controls.run_at(given["speed"])
        if "time" in given:
            self._controls.set_time(given["time"])
        if "advance" in given:
            self._controls.advance(given["advance"])
        return clock_told(self._controls)

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(
                method="POST",
                path="/clock",
                summary="Move the world's clock, or change its speed",
                do=self._move_clock,
                body={
                    "advance": Field(type="number", text="seconds", least=-(10**8), most=10**8),
                    "time": Field(type="number", text="Unix time in seconds", least=0, most=10**10),
                    "speed": Field(type="number", text="seconds in a real second; 0 stops it", least=0, most=10**6),
                },
            ),
        )


def clock_told(controls: Controls) -> dict[str, Any]:
    """The clock in JSON."""
    clock = controls.world.clock
    return {"time": clock(), "offset": clock.offset, "speed": clock.speed}
