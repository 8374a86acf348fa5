"""The intake of a journal: items of an input, compared with those in the journal under the same keys."""

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
"""The remedy for an item that the journal has with other content."""


class Added(NamedTuple):
    """How many items were added.

    Attributes:
        new: items that the journal didn't have.
        mended: refused items that wait again with other content.
        returned: withheld items that wait again.
    """

    new: int
    mended: int
    returned: int


class Conflict(NamedTuple):
    """An item whose key already has other content that must not be replaced, in the journal or earlier in the input.

    Attributes:
        at: its index among the items that were checked.
        state: what is known of the call with the content that the journal has; None where an earlier item has it.
    """

    at: int
    state: State | None


def digest_of(request: bytes) -> bytes:
    """The digest by which contents are compared."""
    return hashlib.sha256(request).digest()


def add(database: sqlite3.Connection, items: list[tuple[str, bytes]]) -> Added:
    """Add items by key and request, and put them in line; see `Journal.add`."""
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
    """The items that can't be added; see `Journal.conflicts`."""
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
    """Whether an item may get other content: it had no effect and isn't about to be sent."""
    return state in {"refused", "withheld"} or (state == "waiting" and not is_in_line)
