"""The journal of a batch: what is to be called, what was sent, what came of it. It outlives crashes.

An item is written down before it is sent and again when its answer is there, each time to the disk (`fsync`), many
items at once. So after a kill or a power cut it is known of every item whether it may have been sent.
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
        was_sent: whether it was sent before, and nobody knows with what outcome.
    """

    number: int
    place: int
    key: str
    request: bytes = field(repr=False)
    was_sent: bool = False


class Noted(NamedTuple):
    """What others have noted of an item that they called.

    Attributes:
        digest: of the content that they called it with, by `digest_of`.
        request: that content, where it is known.
        result: what came of it; `sent` where nothing has come yet.
    """

    digest: bytes
    request: bytes | None
    result: Result


class Journal:
    """A SQLite file with a thread of its own; only this user may read it.

    It holds the calls with their secrets in plain until each is answered: keep it where the input is kept.

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
            everything: puts all items in line that have not ended, those that a crash cut off first; else `add` puts
                in line what the input gives.
            run: names a run that others make the calls of.
        """

        def fill(database: sqlite3.Connection) -> None:
            _begin_input(database)
            with database:
                database.execute("INSERT OR REPLACE INTO last_run (once, name) VALUES (1, ?)", (run,))
                if everything:
                    database.execute(_GIVE_EVERYTHING)

        await self._database.run(fill)

    async def begin_check(self) -> None:
        """Begin to ask for the conflicts of an input: forget what was asked about before."""
        await self._database.run(_begin_input)

    async def add(self, items: list[tuple[str, bytes]]) -> Added:
        """Add items, by key and request, and put them in line unless they have ended.

        One that certainly had no effect may come with other content, unless it is in line already: it waits again.

        Raises:
            ConfigurationError: a key is there with another request; none of the items is added.
        """
        return await self._database.run(lambda database: add(database, items))

    async def conflicts(self, items: list[tuple[str, bytes]]) -> list[Conflict]:
        """Those of the items, by key and request, that `add` would refuse after those that were asked about before.

        Nothing of them is written to the file.
        """
        return await self._database.run(lambda database: list(conflicts(database, items)))

    async def withhold(self) -> None:
        """Withhold what waits: it is not sent before an input gives it again."""
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
        """An item is about to be `sent`, or is `waiting` again because it certainly had no effect.

        Raises:
            ConfigurationError: it isn't in the state that this follows on: somebody else has taken it.
        """
        before = "waiting" if state == "sent" else "sent"
        statement = "UPDATE items SET state = ? WHERE number = ? AND state = ?"
        self._check_taken(entry, await self._database.write((statement, (state, entry.number, before))))

    async def ended(self, entry: Entry, result: Result, calls: Sequence[tuple[str, float]] = ()) -> None:
        """An item came to its end, or waits for the next run. Of one that is done or refused the request is erased.

        Args:
            entry: the item.
            result: what came of it.
            calls: what a rate limiter has counted its calls as, and when they ended, in Unix time.

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
        """Remember calls that may have been made: what a rate limiter counts them as, and how many seconds ago."""
        now = self.time()

        def write(database: sqlite3.Connection) -> None:
            with database:
                for statement in counted([(counted_as, now - ago) for counted_as, ago in calls]):
                    database.execute(*statement)

        await self._database.run(write)

    async def truncate_log(self) -> None:
        """Write everything into the file itself and empty SQLite's log, which also holds what has been erased."""
        await self._database.run(lambda database: database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def reopen(self) -> None:
        """Take up again what was left `unknown`, as if it had been cut off."""
        await self._database.write(("UPDATE items SET state = 'sent' WHERE state = 'unknown'", ()))

    async def last_run(self) -> str:
        """What the last run was named; empty where others made none of its calls."""

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
        """Take over what others noted of items that are not here, or not ended, with the same content."""

        def write(database: sqlite3.Connection) -> None:
            with database:
                for digest, request, result in noted:
                    values = (result.status, result.code, result.message, result.request_id, result.answer)
                    database.execute(_TAKE_OVER, (result.key, digest, request, result.state, *values))

        await self._database.run(write)

    async def take_back(self, keys: list[str]) -> None:
        """Let items wait again that are `sent`, and of which it has turned out that they certainly were not."""

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
        """All items with what came of them, in the order of the input."""
        after = 0
        while page := await self._database.run(partial(_results, after)):
            for _, result in page:
                yield result
            after = page[-1][0]

    async def aclose(self) -> None:
        """Close the file, after whatever is being written. Closing twice does nothing."""
        await self._database.aclose()

    def _check_taken(self, entry: Entry, written: int) -> None:
        if not written:
            raise ConfigurationError(
                "journal", f"the item {entry.key!r} was taken by somebody else", "Give each batch a journal of its own"
            )


def _begin_input(database: sqlite3.Connection) -> None:
    """Forget the line, and what was asked about: both are in temporary tables, for one input."""
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
