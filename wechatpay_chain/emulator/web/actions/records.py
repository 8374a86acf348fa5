"""Actions on the world's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...controls import Controls
from ...world.announcements import ANNOUNCEMENTS
from ...world.records import Table
from .. import views
from ..action import Action, Arguments
from ..fields import Field
from .common import MANY, MERCHANT
from .problems import Missing

# By kind of record: the index by which other tables find the records that belong to it.
_POINTERS: Mapping[str, str] = {"orders": "order", "sharings": "sharing"}


class Records:
    """Show records, and make an order without a client.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _records(self, given: Arguments) -> list[dict[str, Any]]:
        table = self._find_table(given["kind"])
        return [views.keyed(found, table.kind) for found in list(table)[-given.get("limit", 100) :]]

    def _record(self, given: Arguments) -> dict[str, Any]:
        table = self._find_table(given["kind"])
        found = table.get(given["key"])
        if found is None:
            raise Missing(f"there is no {given['key']} among the {given['kind']}")
        about = f"{given['kind']}/{given['key']}"
        announced = self._controls.world.of(ANNOUNCEMENTS).by("about", about)
        return {
            **views.keyed(found, table.kind),
            "notifications": [views.notification(announcement) for announcement in announced],
            "related": self._related(given["kind"], given["key"]),
        }

    def _related(self, kind: str, key: str) -> list[dict[str, Any]]:
        """The refunds, sharings and complaints of an order, the returns of a sharing."""
        pointer = _POINTERS.get(kind, "")
        return [
            {"kind": table.kind.name, "key": table.kind.key(found), "state": found.state}
            for table in self._controls.world.tables
            if pointer in table.kind.indexes
            for found in table.by(pointer, key)
        ]

    def _find_table(self, kind: str) -> Table[Any]:
        table = next((table for table in self._controls.world.tables if table.kind.name == kind), None)
        # Settings are keys.
        if table is None or table.kind.name == "settings":
            raise Missing(f"there are no records named {kind}")
        return table

    def _add_order(self, given: Arguments) -> dict[str, Any]:
        return views.record(self._controls.add_order(**given))

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(
                method="GET",
                path="/records/{kind}",
                summary="Records of a kind: orders, refunds, ...",
                do=self._records,
                query=MANY,
            ),
            Action(
                method="GET",
                path="/records/{kind}/{key}",
                summary="A record, the notifications about it, and the records that belong to it",
                do=self._record,
            ),
            Action(
                method="POST",
                path="/orders",
                summary="Make an order without a client",
                do=self._add_order,
                body={
                    "out_trade_no": Field(text="the merchant's number", required=True),
                    "total": Field(type="integer", text="in fen", required=True, least=1, most=10**10),
                    "mchid": MERCHANT,
                    "notify_url": Field(text="where its notifications go"),
                },
                status=201,
            ),
        )
