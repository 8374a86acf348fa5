"""Records of the world, and the tables that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, Self, TypeVar, cast

import orjson

from ..._arguments import is_number

History = tuple[tuple[float, str], ...]
"""The states that a record has been in: for each, the time when it began, and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of the platform, such as an order. Members are plain JSON values, so that it can be saved on disk.

    Attributes:
        mchid: the merchant that it belongs to, which signs the calls about it.
        made: when it was made, the world's Unix time in seconds.
        state: its state, by the platform's name for it.
        due: when it changes by itself, by `Kind.ripen`; None for never.
        history: its states so far.
    """

    mchid: str
    made: float
    state: str
    due: float | None = None
    history: History = ()

    def moved(self, state: str, now: float, **changes: Any) -> Self:
        """The record in another state. Its `due` is removed, unless that is among the changes."""
        return replace(self, **{"due": None, **changes, "state": state, "history": (*self.history, (now, state))})

    def to_json(self) -> bytes:
        """The record as it is saved on disk."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The record that `to_json` wrote.

        Raises:
            ValueError: it isn't one, or one of another version.
        """
        loaded: object = orjson.loads(text)
        members = cast("dict[str, Any]", loaded if isinstance(loaded, dict) else {})
        if members.keys() != {member.name for member in fields(cls)}:
            raise ValueError(f"not a {cls.__name__} of this version")
        members["history"] = tuple((time, state) for time, state in members["history"])
        record = cls(**members)
        times = [record.made, *(time for time, _ in record.history), *([] if record.due is None else [record.due])]
        texts: list[object] = [record.mchid, record.state, *(state for _, state in record.history)]
        if not all(map(is_number, times)) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"a time or a state of a {cls.__name__} is none")
        return record


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind(Generic[R]):
    """A kind of records.

    Attributes:
        name: the name of its table, such as `orders`.
        record: its class.
        key: gives a record's unique key.
        indexes: by name, functions that give a record's value in the index; None leaves the record out.
        ripen: changes a record whose `due` has come. Takes the `World`, which this module can't name, and the record.
    """

    name: str
    record: type[R]
    key: Callable[[R], str]
    indexes: Mapping[str, Callable[[R], str | None]] = field(default_factory=dict[str, Callable[[R], str | None]])
    ripen: Callable[[Any, R], None] | None = None


class Table(Generic[R]):
    """The records of a kind, the oldest first.

    Args:
        kind: of the records that it holds.
        changed: called before each change, with the kind, the key, the old record and the new one.
    """

    def __init__(self, kind: Kind[R], changed: Callable[[Kind[R], str, R | None, R | None], None]) -> None:
        self.kind = kind
        self._records: dict[str, R] = {}
        self._indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in kind.indexes}
        self._changed = changed

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._records.values()))

    def get(self, key: str) -> R | None:
        """The record with a key; None if there is none."""
        return self._records.get(key)

    def by(self, index: str, value: str) -> list[R]:
        """The records that an index has under a value, the oldest first."""
        return [self._records[key] for key in self._indexes[index].get(value, ())]

    def one(self, index: str, value: str) -> R | None:
        """The oldest record that an index has under a value; None if there is none."""
        return next((self._records[key] for key in self._indexes[index].get(value, ())), None)

    def put(self, record: R) -> R:
        """Store a record; it replaces one with the same key. Returns it."""
        key = self.kind.key(record)
        self._changed(self.kind, key, self._records.get(key), record)
        self.restore(key, record)
        return record

    def remove(self, key: str) -> None:
        """Remove a record."""
        self._changed(self.kind, key, self._records.get(key), None)
        self.restore(key, None)

    def restore(self, key: str, record: R | None) -> None:
        """Set what is under a key, without announcing a change. The world does it to load and to undo."""
        old = self._records.get(key)
        for name, index_of in self.kind.indexes.items():
            index = self._indexes[name]
            before = None if old is None else index_of(old)
            after = None if record is None else index_of(record)
            if before == after:
                continue
            if before is not None:
                del index[before][key]
                if not index[before]:
                    del index[before]
            if after is not None:
                index.setdefault(after, {})[key] = None
        if record is None:
            self._records.pop(key, None)
        else:
            self._records[key] = record
