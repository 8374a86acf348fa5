"""The journal of a batch: what is to be called, what was sent, what came of it. It outlives crashes.

An item is written down before it is sent and again when its answer is there, each time to the disk (`fsync`), many
items at once. So after a kill or a power cut it is known of every item whether it may have been sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ConfigurationError
from .result import Result, State

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    request BLOB,
    state TEXT NOT NULL DEFAULT 'waiting',
    status INTEGER,
    code TEXT,
    message TEXT,
    request_id TEXT,
    answer BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS items_by_state ON items (state, number);
"""
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item that is to be called.

    Attributes:
        number: its place in the journal.
        key: names it, unique in the journal.
        request: the call, as JSON.
        was_sent: whether it was sent before, and nobody knows with what outcome.
    """

    number: int
    key: str
    request: bytes = field(repr=False)
    was_sent: bool = False


class Journal:
    """A SQLite file with a thread of its own; only this user may read it.

    It holds the calls with their secrets in plain until each is answered: keep it where the input is kept.

    Args:
        path: the file; made if it isn't there, continued if it is.

    Raises:
        ConfigurationError: it is no journal, can't be opened, or another process has it.
    """

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._pending: list[tuple[str, tuple[Any, ...], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._is_closed = False
        try:
            self._database = self._thread.submit(_open, path).result()
        except (sqlite3.Error, OSError) as error:
            self._thread.shutdown()
            raise ConfigurationError(
                "journal", f"{str(path)!r} can't be used ({error})", "Give a file of its own to each batch that runs"
            ) from None

    async def add(self, items: list[tuple[str, bytes]]) -> int:
        """Add items, by key and request; those that are there already stay as they are.

        Returns:
            How many are new.

        Raises:
            ConfigurationError: a key is there with another request; none of the items is added.
        """
        return await self._run(lambda database: _add(database, items))

    async def waiting(self, after: int, *, sent: bool = False) -> list[Entry]:
        """The next items in line after a number; with `sent` those that a crash cut off."""
        state: State = "sent" if sent else "waiting"

        def select(database: sqlite3.Connection) -> list[Entry]:
            rows = database.execute(
                "SELECT number, key, request FROM items WHERE state = ? AND number > ? ORDER BY number LIMIT ?",
                (state, after, _PAGE),
            )
            return [Entry(number=number, key=key, request=request, was_sent=sent) for number, key, request in rows]

        return await self._run(select)

    async def note(self, entry: Entry, state: State) -> None:
        """An item is about to be `sent`, or is `waiting` again because it certainly had no effect."""
        await self._write("UPDATE items SET state = ? WHERE number = ?", (state, entry.number))

    async def ended(self, entry: Entry, result: Result) -> None:
        """An item came to its end, or waits for the next run. Of one that is done or refused the request is erased."""
        await self._write(
            "UPDATE items SET state = ?, status = ?, code = ?, message = ?, request_id = ?, answer = ?, "
            "request = CASE WHEN ? IN ('waiting', 'sent', 'unknown') THEN request END WHERE number = ?",
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

    async def reopen(self) -> None:
        """Take up again what was left `unknown`, as if it had been cut off."""
        await self._write("UPDATE items SET state = 'sent' WHERE state = 'unknown'", ())

    async def counts(self) -> dict[str, int]:
        """How many items there are in each state."""
        return await self._run(
            lambda database: dict(database.execute("SELECT state, count(*) FROM items GROUP BY state").fetchall())
        )

    async def codes(self) -> dict[str, int]:
        """How many items ended with each error code."""
        return await self._run(
            lambda database: dict(
                database.execute(
                    "SELECT code, count(*) FROM items WHERE state IN ('refused', 'unknown') GROUP BY code"
                ).fetchall()
            )
        )

    async def results(self) -> AsyncIterator[Result]:
        """All items with what came of them, in the order of the input."""
        after = 0
        while page := await self._run(partial(_results, after)):
            for _, result in page:
                yield result
            after = page[-1][0]

    async def aclose(self) -> None:
        """Close the file, after whatever is being written. Closing twice does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._writer is not None:
            await self._writer
        await self._run(sqlite3.Connection.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._database)
        except sqlite3.Error as error:
            raise ConfigurationError(
                "journal", f"it can't be read or written any more ({error})", "Make room, and start the batch again"
            ) from None

    async def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        """Write with whatever else is to be written at the moment, in one transaction."""
        future = asyncio.get_running_loop().create_future()
        self._pending.append((statement, values, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_pending())
        await future

    async def _write_pending(self) -> None:
        while self._pending:
            pending, self._pending = self._pending, []
            error: Exception | None = None
            try:
                await self._run(partial(_execute, [(statement, values) for statement, values, _ in pending]))
            except Exception as raised:  # noqa: BLE001 - it is raised where each of them waits
                error = raised
            for _, _, future in pending:
                if future.done():
                    continue  # who waited for it was cancelled
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)


def _execute(statements: list[tuple[str, tuple[Any, ...]]], database: sqlite3.Connection) -> None:
    with database:
        for statement, values in statements:
            database.execute(statement, values)


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # One that was there already, too; SQLite gives its mode to the file of the write-ahead log.
    path.chmod(stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXU)
    # Another process with the same journal would send everything a second time.
    database = sqlite3.connect(path, timeout=0.5)
    try:
        database.executescript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
            "PRAGMA secure_delete = ON;" + _SCHEMA
        )
        with database:  # takes the lock
            database.execute("UPDATE items SET state = state WHERE number = 0")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _add(database: sqlite3.Connection, items: list[tuple[str, bytes]]) -> int:
    added = 0
    with database:
        for key, request in items:
            digest = hashlib.sha256(request).digest()
            cursor = database.execute(
                "INSERT INTO items (key, digest, request) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, digest, request),
            )
            added += cursor.rowcount
            if not cursor.rowcount:
                (known,) = database.execute("SELECT digest FROM items WHERE key = ?", (key,)).fetchone()
                if known != digest:
                    raise ConfigurationError(
                        "items",
                        f"{key!r} is in the journal with other content",
                        "A number is used once: give the item another one, or the content that it had",
                    )
    return added


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
