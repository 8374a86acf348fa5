"""Actions on faults and on their random numbers."""

from __future__ import annotations

from typing import Any

from ... import faults
from ...controls import Controls
from ..action import Action, Arguments
from ..fields import Field, Fields
from .problems import Missing

_FAULT: Fields = {
    "effect": Field(text="what happens", choices=tuple(faults.EFFECTS), required=True),
    "operation": Field(text="pattern over method and path template, or NOTIFY and a kind"),
    "merchant": Field(text="number of the merchant"),
    "share": Field(type="number", text="of the calls", least=0, most=1),
    "times": Field(type="integer", text="after so many strikes it is over", least=1),
    "after": Field(type="integer", text="so many calls pass first", least=0),
    "status": Field(type="integer", text="of refuse and page: HTTP status", least=200, most=599),
    "code": Field(text="of refuse: the platform's code"),
    "message": Field(text="of refuse: text for people"),
    "seconds": Field(type="number", text="of delay and skew-clock", least=-(10**6), most=10**6),
    "kept": Field(type="integer", text="of cut-body: bytes that still come", least=0),
    "flaw": Field(text="of forge", choices=faults.FLAWS),
    "serial": Field(text="of other-key: which key"),
}


class Faults:
    """Set and remove faults.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _faults(self, _given: Arguments) -> list[dict[str, Any]]:
        return [fault.to_dict() for fault in self._controls.faults]

    def _add_fault(self, given: Arguments) -> dict[str, Any]:
        effect, where = faults.from_dict(given)
        return self._controls.faults.add(effect, **where).to_dict()

    def _remove_fault(self, given: Arguments) -> dict[str, Any]:
        number = given["number"]
        if not (number.isascii() and number.isdecimal() and self._controls.faults.remove(int(number))):
            raise Missing(f"there is no fault {number}")
        return {}

    def _remove_faults(self, _given: Arguments) -> dict[str, Any]:
        self._controls.faults.clear()
        return {}

    def _seed(self, given: Arguments) -> dict[str, Any]:
        self._controls.faults.seed(given["seed"])
        return dict(given)

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(method="GET", path="/faults", summary="The faults in force", do=self._faults),
            Action(method="POST", path="/faults", summary="Add a fault", do=self._add_fault, body=_FAULT, status=201),
            Action(method="DELETE", path="/faults", summary="Remove all faults", do=self._remove_faults),
            Action(method="DELETE", path="/faults/{number}", summary="Remove a fault", do=self._remove_fault),
            Action(
                method="POST",
                path="/seed",
                summary="Begin the chance behind faults anew, so that a run can be repeated",
                do=self._seed,
                body={"seed": Field(type="integer", required=True)},
            ),
        )
