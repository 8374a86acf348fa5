"""Controls for snapshots of the world, and for resetting it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._arguments import check, instance
from ..world.records import Record, Table
from ..world.settings import SETTINGS
from .core import Core


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of the world's records and time; merchants, keys and calls are no part of it.

    Attributes:
        records: those of each table.
        offset: by how many seconds the world's clock was ahead.
    """

    records: Mapping[str, tuple[Record, ...]] = field(repr=False)
    offset: float


_TAKES = {"snapshot": instance(Snapshot, "Give what emulator.snapshot() returned")}


class Snapshots(Core):
    """Takes and restores snapshots."""

    def snapshot(self) -> Snapshot:
        """Take a snapshot of the world."""
        with self.world.transaction():
            records = {table.kind.name: tuple(table) for table in self._tables()}
            return Snapshot(records, self.world.clock.offset)

    def restore(self, snapshot: Snapshot) -> None:
        """Make the world as it was at a snapshot.

        Raises:
            ConfigurationError: it is none.
        """
        check(_TAKES, snapshot=snapshot)
        with self.world.transaction():
            for table in self._tables():
                for record in table:
                    table.remove(table.kind.key(record))
                for record in snapshot.records.get(table.kind.name, ()):
                    table.put(record)
        self.world.clock.advance(snapshot.offset - self.world.clock.offset)
        self._moved()

    def reset(self) -> None:
        """Forget all records, exchanges and faults, and set the clock to the real time. Merchants and keys stay."""
        self.faults.clear()
        self.notifier.forget()
        self.exchanges.clear()
        self.world.clock.run_at(1.0)
        self.restore(Snapshot({}, 0.0))

    def _tables(self) -> list[Table[Any]]:
        # Settings are merchants and keys, which stay.
        return [table for table in self.world.tables if table.kind.name != SETTINGS.name]
