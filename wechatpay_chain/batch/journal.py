"""The journal of a batch: items to be called, what was sent, and the results. It survives crashes.

An item is noted before it is sent and again when its answer has come, each time on the disk (`fsync`), in transactions
of many items. So after a kill or a power cut it is known of every item whether it may have been sent.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigurationError
from ..files.disk import path_of
from .database import Database
from .intake import Added, Conflict, add, conflicts
from .past import Past, counted, read_past
from .result import Result, State

_GIVE_EVERYTHING = (
    "INSERT INTO given (number) SELECT number FROM items WHERE state IN ('waiting', 'sent') AND request IS NOT NULL "
    "ORDER BY state = 'sent' DESC, number"
)
_TAKE_OVER = (
    "INSERT INTO items (key, digest, request, state, status, code, message, request_id, answer) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET state = excluded.state, "
    "status = excluded.status, code = excluded.code, message = excluded.message, request_id = excluded.request_id, "
    "answer = excluded.answer, "
    "request = CASE WHEN excluded.state IN ('sent', 'unknown') THEN coalesce(request, excluded.request) END "
    "WHERE digest = excluded.digest AND state IN ('waiting', 'sent', 'withheld')"
)
_END = (
    "UPDATE items SET state = ?, status = ?, code = ?, message = ?, request_id = ?, answer = ?, "
    "request = CASE WHEN ? IN ('waiting', 'sent', 'unknown') THEN request END "
    "WHERE number = ? AND state IN ('waiting', 'sent')"
)
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item that is to be called.

    Attributes:
        number: its place in the journal.
        place: its place in the line of this run.
        key: names it, unique in the journal.
        request: the call, as JSON.
        was_sent: whether it was sent before, with unknown outcome.
    """

    number: int
    place: int
    key: str
    request: bytes = field(repr=False)
    was_sent: bool = False


class Noted(NamedTuple):
    """The notes of other programs on an item that they called.

    Attributes:
        digest: of the content that was sent, by `digest_of`.
        request: that content, if known.
        result: of the call; its state is `sent` if there is none yet.
    """

    digest: bytes
    request: bytes | None
    result: Result


class Journal:
    """A SQLite file with a thread of its own; only its owner may read it.

    It holds calls, with secrets in plain, until they are answered: keep it where the input is kept.

    Args:
        path: the file; made if it isn't there, continued if it is.
        time: Unix time in seconds; kept as an attribute.

    Raises:
        ConfigurationError: it is no journal, can't be opened, or another batch has it. The file is left as it was.
    """

    def __init__(self, path: str | Path, *, time: Callable[[], float] = time.time) -> None:
        self.time = time
        self._database = Database(path_of(path, "journal", "Give the path of its file"), time=time)

    async def begin(self, *, everything: bool, run: str = "") -> None:
        """Begin a run: empty its line.

        Args:
            everything: put all items in line that have not ended, those interrupted by a crash first; otherwise `add`
                puts the items of the input in line.
            run: the name of a run whose calls other programs make.
        """

        def fill(database: sqlite3.Connection) -> None:
            _begin_input(database)
            with database:
                database.execute("INSERT OR REPLACE INTO last_run (once, name) VALUES (1, ?)", (run,))
                if everything:
                    database.execute(_GIVE_EVERYTHING)

        await self._database.run(fill)

    async def begin_check(self) -> None:
        """Begin to check an input for conflicts: forget items that were checked before."""
        await self._database.run(_begin_input)

    async def add(self, items: list[tuple[str, bytes]]) -> Added:
        """Add items, by key and request, and put them in line unless they have ended.

        An item that certainly had no effect, and isn't in line yet, may have other content: it waits again.

        Raises:
            ConfigurationError: a key is there with another request; none of the items is added.
        """
        return await self._database.run(lambda database: add(database, items))

    async def conflicts(self, items: list[tuple[str, bytes]]) -> list[Conflict]:
        """The items, by key and request, that `add` would refuse after those that were checked before.

        Nothing is written to the file.
        """
        return await self._database.run(lambda database: list(conflicts(database, items)))

    async def withhold(self) -> None:
        """Withhold all waiting items: they are not sent until an input has them again."""
        await self._database.write(("UPDATE items SET state = 'withheld' WHERE state = 'waiting'", ()))

    async def in_line(self, after: int) -> list[Entry]:
        """The next items of this run after a place in its line."""

        def select(database: sqlite3.Connection) -> list[Entry]:
            rows = database.execute(
                # A CROSS JOIN reads the line in its order: https://www.sqlite.org/optoverview.html#crossjoin
                "SELECT items.number, place, key, request, state FROM given CROSS JOIN items USING (number) "
                "WHERE place > ? AND state IN ('waiting', 'sent') ORDER BY place LIMIT ?",
                (after, _PAGE),
            )
            return [
                Entry(number=number, place=place, key=key, request=request, was_sent=state == "sent")
                for number, place, key, request, state in rows
            ]

        return await self._database.run(select)

    async def note(self, entry: Entry, state: State) -> None:
        """Note that an item is about to be `sent`, or `waiting` again because it certainly had no effect.

        Raises:
            ConfigurationError: its state isn't the preceding one: another program has taken it.
        """
        before = "waiting" if state == "sent" else "sent"
        statement = "UPDATE items SET state = ? WHERE number = ? AND state = ?"
        self._check_taken(entry, await self._database.write((statement, (state, entry.number, before))))

    async def ended(self, entry: Entry, result: Result, calls: Sequence[tuple[str, float]] = ()) -> None:
        """Note an item's result, or that it waits for the next run. The request of a done or refused item is erased.

        Args:
            entry: the item.
            result: what came of it.
            calls: the names that a rate limiter counted its calls under, and when they ended, in Unix time.

        Raises:
            ConfigurationError: it has come to an end already.
        """
        ended = (
            _END,
            (
                result.state,
                result.status,
                result.code,
                result.message,
                result.request_id,
                result.answer,
                result.state,
                entry.number,
            ),
        )
        self._check_taken(entry, await self._database.write(ended, *counted(calls)))

    async def past(self) -> Past:
        """What earlier runs called; what is older than a day is forgotten."""
        now = self.time()
        return await self._database.run(lambda database: read_past(database, now))

    async def count(self, calls: Sequence[tuple[str, float]]) -> None:
        """Note calls that may have been made: the names that they count under, and how many seconds ago they ended."""
        now = self.time()

        def write(database: sqlite3.Connection) -> None:
            with database:
                for statement in counted([(counted_as, now - ago) for counted_as, ago in calls]):
                    database.execute(*statement)

        await self._database.run(write)

    async def truncate_log(self) -> None:
        """Move everything from SQLite's log into the file and empty the log, which still holds erased data."""
        await self._database.run(lambda database: database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def reopen(self) -> None:
        """Treat `unknown` items like those interrupted by a crash, so that they are resolved."""
        await self._database.write(("UPDATE items SET state = 'sent' WHERE state = 'unknown'", ()))

    async def last_run(self) -> str:
        """The name of the last run; empty if other programs made none of its calls."""

        def select(database: sqlite3.Connection) -> str:
            found = database.execute("SELECT name FROM last_run").fetchone()
            return "" if found is None else str(found[0])

        return await self._database.run(select)

    async def cut_off(self) -> list[str]:
        """The keys of the items that are `sent`."""

        def select(database: sqlite3.Connection) -> list[str]:
            return [key for (key,) in database.execute("SELECT key FROM items WHERE state = 'sent' ORDER BY number")]

        return await self._database.run(select)

    async def take_over(self, noted: list[Noted]) -> None:
        """Adopt notes of other programs on items that are missing here, or haven't ended, with the same content."""

        def write(database: sqlite3.Connection) -> None:
            with database:
                for digest, request, result in noted:
                    values = (result.status, result.code, result.message, result.request_id, result.answer)
                    database.execute(_TAKE_OVER, (result.key, digest, request, result.state, *values))

        await self._database.run(write)

    async def take_back(self, keys: list[str]) -> None:
        """Let `sent` items wait again that certainly were not sent after all."""

        def write(database: sqlite3.Connection) -> None:
            with database:
                statement = "UPDATE items SET state = 'waiting' WHERE key = ? AND state = 'sent'"
                database.executemany(statement, [(key,) for key in keys])

        await self._database.run(write)

    async def counts(self) -> dict[str, int]:
        """How many items there are in each state."""
        return await self._database.run(
            lambda database: dict(database.execute("SELECT state, count(*) FROM items GROUP BY state").fetchall())
        )

    async def codes(self) -> dict[str, int]:
        """How many items ended with each error code."""
        return await self._database.run(
            lambda database: dict(
                database.execute(
                    "SELECT code, count(*) FROM items WHERE state IN ('refused', 'unknown') GROUP BY code"
                ).fetchall()
            )
        )

    async def results(self) -> AsyncIterator[Result]:
        """The results of all items, in the order of the input."""
        after = 0
        while page := await self._database.run(partial(_results, after)):
            for _, result in page:
                yield result
            after = page[-1][0]

    async def aclose(self) -> None:
        """Close the file after pending writes. A second call does nothing."""
        await self._database.aclose()

    def _check_taken(self, entry: Entry, written: int) -> None:
        if not written:
            raise ConfigurationError(
                "journal", f"the item {entry.key!r} was taken by somebody else", "Give each batch a journal of its own"
            )


def _begin_input(database: sqlite3.Connection) -> None:
    """Empty the line and the checked items, which are in temporary tables."""
    with database:
        database.execute("DELETE FROM given")
        database.execute("DELETE FROM compared")


def _results(after: int, database: sqlite3.Connection) -> list[tuple[int, Result]]:
    rows: Iterator[tuple[Any, ...]] = database.execute(
        "SELECT number, key, state, status, code, message, request_id, answer FROM items WHERE number > ? "
        "ORDER BY number LIMIT ?",
        (after, _PAGE),
    )
    return [
        (
            number,
            Result(
                key=key, state=state, status=status, code=code, message=message, request_id=request_id, answer=answer
            ),
        )
        for number, key, state, status, code, message, request_id, answer in rows
    ]
