"""The emulator's state, and the calls that it answered."""

from __future__ import annotations

from math import inf
from typing import Any

from ...._version import __version__
from ...controls import Controls
from ...platform.call import DEFAULT_BASE_URL
from ...platform.keys import usual
from .. import views
from ..action import Action, Arguments
from ..fields import Field
from ..starting import first_steps
from .clock import clock_told
from .common import MANY, MERCHANT
from .problems import Missing


class Calls:
    """Show the state and the calls.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _state(self, _given: Arguments) -> dict[str, Any]:
        world = self._controls.world
        return {
            "version": __version__,
            "clock": clock_told(self._controls),
            "merchants": [
                {"mchid": merchant.mchid, "role": merchant.role, "serial": merchant.key.serial}
                for merchant in world.merchants.values()
            ],
            "default_key": usual(world.platform_keys, "RSA").serial,
            "platform_keys": [key.serial for key in world.platform_keys],
            "records": {table.kind.name: len(table) for table in world.tables},
            "calls": len(self._controls.exchanges),
            "faults": len(self._controls.faults),
            "held": self._controls.notifier.held,
        }

    def _calls(self, given: Arguments) -> list[dict[str, Any]]:
        found = [
            exchange
            for exchange in list(self._controls.exchanges)
            if given.get("since", 0) < exchange.number < given.get("before", inf)
            and given.get("mchid", exchange.mchid) == exchange.mchid
        ]
        return [views.exchange_line(exchange) for exchange in found[-given.get("limit", 100) :]]

    def _call(self, given: Arguments) -> dict[str, Any]:
        for exchange in list(self._controls.exchanges):
            if str(exchange.number) == given["number"]:
                return views.exchange_whole(exchange, self._controls.world)
        raise Missing(f"there is no call {given['number']}, or it was long ago")

    def _start(self, given: Arguments) -> dict[str, Any]:
        world = self._controls.world
        mchid = given.get("mchid", next(iter(world.merchants)))
        if mchid not in world.merchants:
            raise Missing(f"there is no merchant {mchid}")
        return first_steps(world.merchants[mchid], world.platform_keys[0], given.get("base_url", DEFAULT_BASE_URL))

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(method="GET", path="/state", summary="Merchants, keys, clock and counts", do=self._state),
            Action(
                method="GET",
                path="/calls",
                summary="The last calls",
                do=self._calls,
                query={
                    **MANY,
                    "mchid": MERCHANT,
                    "since": Field(type="integer", text="only those after this number", least=0),
                    "before": Field(type="integer", text="only those before this number", least=0),
                },
            ),
            Action(method="GET", path="/calls/{number}", summary="A call and its answer as sent", do=self._call),
            Action(
                method="GET",
                path="/first-steps",
                summary="Settings, key files and the first call of a merchant",
                do=self._start,
                query={"mchid": MERCHANT, "base_url": Field(text="where the emulator is reached")},
            ),
        )
