"""The intake of a journal: what an input gives, compared with what the journal has under the same keys."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ConfigurationError
from .result import State

_MEND = (
    "UPDATE items SET digest = ?, request = ?, state = 'waiting', status = NULL, code = NULL, message = NULL, "
    "request_id = NULL, answer = NULL WHERE key = ?"
)
_GIVE = "INSERT INTO given (number) VALUES (?) ON CONFLICT (number) DO NOTHING"
_KNOWN = "SELECT number, digest, state, number IN (SELECT number FROM given) FROM items WHERE key = ?"
REMEDY = (
    "A number is used once: give the item the content that it had, or, if it is another call, a number of its own; "
    "of one that is sent or unknown find out first what became of it"
)
"""What to do about an item that the journal has with other content."""


class Added(NamedTuple):
    """How many items were added.

    Attributes:
        new: items that the journal had not.
        mended: items that had been refused, and wait again with other content.
        returned: items that had been withheld, and wait again.
    """

    new: int
    mended: int
    returned: int


class Conflict(NamedTuple):
    """An item whose key stands for other content, which must not be replaced: in the journal, or in the same input.

    Attributes:
        at: its place among those that were asked about.
        state: what is known of the call with the content that the journal has; None where an earlier item has it.
    """

    at: int
    state: State | None


def digest_of(request: bytes) -> bytes:
    """What stands for a content when two are compared."""
    return hashlib.sha256(request).digest()


def add(database: sqlite3.Connection, items: list[tuple[str, bytes]]) -> Added:
    """Add items, by key and request, and put them in line, as `Journal.add` says."""
    new = mended = returned = 0
    with database:
        for key, request in items:
            digest = digest_of(request)
            cursor = database.execute(
                "INSERT INTO items (key, digest, request) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, digest, request),
            )
            if cursor.rowcount:
                new += 1
                database.execute(_GIVE, (cursor.lastrowid,))
                continue
            number, known, state, is_in_line = database.execute(_KNOWN, (key,)).fetchone()
            if known != digest:
                if not _is_replaceable(state, is_in_line=is_in_line):
                    raise ConfigurationError("items", f"{key!r} is in the journal with other content ({state})", REMEDY)
                database.execute("DELETE FROM given WHERE number = ?", (number,))
                database.execute(_MEND, (digest, request, key))
                mended += state == "refused"
            elif state == "withheld":
                database.execute("UPDATE items SET state = 'waiting' WHERE number = ?", (number,))
            returned += state == "withheld"
            if known != digest or state in {"waiting", "sent", "withheld"}:
                database.execute(_GIVE, (number,))
    return Added(new, mended, returned)


def conflicts(database: sqlite3.Connection, items: list[tuple[str, bytes]]) -> Iterator[Conflict]:
    """Those of the items that can't be added, as `Journal.conflicts` says."""
    with database:
        for index, (key, request) in enumerate(items):
            digest = digest_of(request)
            cursor = database.execute(
                "INSERT INTO compared (key, digest) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, digest)
            )
            if not cursor.rowcount:
                ((first,),) = database.execute("SELECT digest FROM compared WHERE key = ?", (key,))
                if first != digest:
                    yield Conflict(index, None)
                    continue
            row = database.execute(_KNOWN, (key,)).fetchone()
            if row is not None:
                _, known, state, is_in_line = row
                if known != digest and not _is_replaceable(state, is_in_line=is_in_line):
                    yield Conflict(index, state)


def _is_replaceable(state: State, *, is_in_line: bool) -> bool:
    """Whether an item may get other content: it certainly had no effect, and is not about to be sent."""
    return state in {"refused", "withheld"} or (state == "waiting" and not is_in_line)
