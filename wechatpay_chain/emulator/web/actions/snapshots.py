"""Actions on snapshots, and resetting the world."""

from __future__ import annotations

from typing import Any

from ...controls import Controls, Snapshot
from ...platform.refusal import Refusal
from ..action import Action, Arguments
from ..fields import Field
from .problems import Missing

_MOST = 100


class Snapshots:
    """Keep snapshots in memory by name, and restore them.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._kept: dict[str, Snapshot] = {}

    def _list(self, _given: Arguments) -> list[dict[str, Any]]:
        return [_told(name, snapshot) for name, snapshot in list(self._kept.items())]

    def _keep(self, given: Arguments) -> dict[str, Any]:
        name = given["name"]
        if len(self._kept) >= _MOST and name not in self._kept:
            raise Refusal(409, "TOO_MANY", f"{_MOST} snapshots are kept: remove one first")
        self._kept[name] = self._controls.snapshot()
        return _told(name, self._kept[name])

    def _restore(self, given: Arguments) -> dict[str, Any]:
        snapshot = self._find(given)
        self._controls.restore(snapshot)
        return _told(given["name"], snapshot)

    def _remove(self, given: Arguments) -> dict[str, Any]:
        self._find(given)
        del self._kept[given["name"]]
        return {}

    def _find(self, given: Arguments) -> Snapshot:
        snapshot = self._kept.get(given["name"])
        if snapshot is None:
            raise Missing(f"there is no snapshot {given['name']}")
        return snapshot

    def _reset(self, _given: Arguments) -> dict[str, Any]:
        self._controls.reset()
        return {}

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(method="GET", path="/snapshots", summary="The snapshots that are kept", do=self._list),
            Action(
                method="POST",
                path="/snapshots",
                summary="Keep how the world is now, in place of a snapshot of the same name",
                do=self._keep,
                body={"name": Field(text="a name of your own", required=True)},
                status=201,
            ),
            Action(
                method="POST",
                path="/snapshots/{name}/restore",
                summary="Make the world as it was at a snapshot",
                do=self._restore,
                body={},
            ),
            Action(method="DELETE", path="/snapshots/{name}", summary="Forget a snapshot", do=self._remove),
            Action(method="POST", path="/reset", summary="Forget all records, calls and faults", do=self._reset),
        )


def _told(name: str, snapshot: Snapshot) -> dict[str, Any]:
    records = {kind: len(records) for kind, records in snapshot.records.items() if records}
    return {"name": name, "offset": snapshot.offset, "records": records}
