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
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

from ..errors import ConfigurationError
from .lock import JournalLock
from .result import Result, State

T = TypeVar("T")
_Statement = tuple[str, tuple[Any, ...]]

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
CREATE TABLE IF NOT EXISTS counted (counted_as TEXT NOT NULL, at REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS last_write (once INTEGER PRIMARY KEY, at REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS last_run (once INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TEMP TABLE given (place INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL UNIQUE) STRICT;
CREATE TEMP TABLE compared (key TEXT PRIMARY KEY, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
_MEND = (
    "UPDATE items SET digest = ?, request = ?, state = 'waiting', status = NULL, code = NULL, message = NULL, "
    "request_id = NULL, answer = NULL WHERE key = ?"
)
_GIVE = "INSERT INTO given (number) VALUES (?) ON CONFLICT (number) DO NOTHING"
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
_KNOWN = "SELECT number, digest, state, number IN (SELECT number FROM given) FROM items WHERE key = ?"
REMEDY = (
    "A number is used once: give the item the content that it had, or, if it is another call, a number of its own; "
    "of one that is sent or unknown find out first what became of it"
)
"""What to do about an item that the journal has with other content."""

_END = (
    "UPDATE items SET state = ?, status = ?, code = ?, message = ?, request_id = ?, answer = ?, "
    "request = CASE WHEN ? IN ('waiting', 'sent', 'unknown') THEN request END "
    "WHERE number = ? AND state IN ('waiting', 'sent')"
)
_COUNT = "INSERT INTO counted (counted_as, at) VALUES (?, ?)"
_WRITTEN = "INSERT OR REPLACE INTO last_write (once, at) VALUES (1, ?)"
# Seconds for which calls are remembered that count under a rate limit: the longest that limits are made of.
_REMEMBERED = 24 * 3600.0

# What tells a journal from other SQLite files, and where SQLite keeps it: https://www.sqlite.org/fileformat.html
_APPLICATION_ID = 0x57586A6C
_APPLICATION_ID_AT = 68
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


class Past(NamedTuple):
    """What earlier runs called within a day.

    Attributes:
        ended: seconds since calls ended and how many did then, by what a rate limiter counted them as.
        cut_off: calls that are `sent`, by key and request.
        silence: seconds since an earlier run last wrote that a call began or ended; None where none ever did.
    """

    ended: dict[str, list[tuple[float, int]]]
    cut_off: list[tuple[str, bytes]]
    silence: float | None


class Journal:
    """A SQLite file with a thread of its own; only this user may read it.

    It holds the calls with their secrets in plain until each is answered: keep it where the input is kept.

    Args:
        path: the file; made if it isn't there, continued if it is.
        time: Unix time in seconds; kept as an attribute.

    Raises:
        ConfigurationError: it is no journal, can't be opened, or another batch has it. The file is left as it was.
    """

    def __init__(self, path: Path, *, time: Callable[[], float] = time.time) -> None:
        self.time = time
        self._pending: list[tuple[list[_Statement], asyncio.Future[int]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._is_closed = False
        self._pid = os.getpid()
        try:
            self._lock = JournalLock(path)
        except ConfigurationError:
            raise
        except (OSError, ValueError, RuntimeError) as error:  # a NUL in the path; links that lead to one another
            raise _unusable(path, error) from None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        try:
            self._database = self._thread.submit(_open, path).result()
        except BaseException as error:
            self._thread.shutdown()
            self._lock.release()
            if isinstance(error, sqlite3.Error | OSError):
                raise _unusable(path, error) from None
            if isinstance(error, RuntimeError):
                raise _no_threads(error) from None
            raise
        _open_ones.add(self)

    async def begin(self, *, everything: bool, run: str = "") -> None:
        """Begin a run: empty its line.

        Args:
            everything: puts all items in line that have not ended, those that a crash cut off first; else `add` puts
                in line what the input gives.
            run: names a run that others make the calls of.
        """

        def fill(database: sqlite3.Connection) -> None:
            with database:
                database.execute("DELETE FROM given")
                database.execute("DELETE FROM compared")
                database.execute("INSERT OR REPLACE INTO last_run (once, name) VALUES (1, ?)", (run,))
                if everything:
                    database.execute(_GIVE_EVERYTHING)

        await self._run(fill)

    async def add(self, items: list[tuple[str, bytes]]) -> Added:
        """Add items, by key and request, and put them in line unless they have ended.

        One that certainly had no effect may come with other content, unless it is in line already: it waits again.

        Raises:
            ConfigurationError: a key is there with another request; none of the items is added.
        """
        return await self._run(lambda database: _add(database, items))

    async def conflicts(self, items: list[tuple[str, bytes]]) -> list[Conflict]:
        """Those of the items, by key and request, that `add` would refuse after those that were asked about before.

        Nothing is written to the journal; `begin` forgets what was asked about.
        """
        return await self._run(lambda database: list(_conflicts(database, items)))

    async def withhold(self) -> None:
        """Withhold what waits: it is not sent before an input gives it again."""
        await self._write(("UPDATE items SET state = 'withheld' WHERE state = 'waiting'", ()))

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

        return await self._run(select)

    async def note(self, entry: Entry, state: State) -> None:
        """An item is about to be `sent`, or is `waiting` again because it certainly had no effect.

        Raises:
            ConfigurationError: it isn't in the state that this follows on: somebody else has taken it.
        """
        before = "waiting" if state == "sent" else "sent"
        statement = "UPDATE items SET state = ? WHERE number = ? AND state = ?"
        self._check_taken(entry, await self._write((statement, (state, entry.number, before))))

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
        self._check_taken(entry, await self._write(ended, *((_COUNT, call) for call in calls)))

    async def past(self) -> Past:
        """What earlier runs called; what is older than a day is forgotten."""
        now = self.time()
        return await self._run(partial(_past, now))

    async def count(self, calls: Sequence[tuple[str, float]]) -> None:
        """Remember calls that may have been made: what a rate limiter counts them as, and how many seconds ago."""
        now = self.time()

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.executemany(_COUNT, [(counted_as, now - ago) for counted_as, ago in calls])

        await self._run(write)

    async def truncate_log(self) -> None:
        """Write everything into the file itself and empty SQLite's log, which also holds what has been erased."""
        await self._run(lambda database: database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def reopen(self) -> None:
        """Take up again what was left `unknown`, as if it had been cut off."""
        await self._write(("UPDATE items SET state = 'sent' WHERE state = 'unknown'", ()))

    async def last_run(self) -> str:
        """What the last run was named; empty where others made none of its calls."""

        def select(database: sqlite3.Connection) -> str:
            found = database.execute("SELECT name FROM last_run").fetchone()
            return "" if found is None else str(found[0])

        return await self._run(select)

    async def cut_off(self) -> list[str]:
        """The keys of the items that are `sent`."""

        def select(database: sqlite3.Connection) -> list[str]:
            return [key for (key,) in database.execute("SELECT key FROM items WHERE state = 'sent' ORDER BY number")]

        return await self._run(select)

    async def take_over(self, noted: list[Noted]) -> None:
        """Take over what others noted of items that are not here, or not ended, with the same content."""

        def write(database: sqlite3.Connection) -> None:
            with database:
                for digest, request, result in noted:
                    values = (result.status, result.code, result.message, result.request_id, result.answer)
                    database.execute(_TAKE_OVER, (result.key, digest, request, result.state, *values))

        await self._run(write)

    async def take_back(self, keys: list[str]) -> None:
        """Let items wait again that are `sent`, and of which it has turned out that they certainly were not."""

        def write(database: sqlite3.Connection) -> None:
            with database:
                statement = "UPDATE items SET state = 'waiting' WHERE key = ? AND state = 'sent'"
                database.executemany(statement, [(key,) for key in keys])

        await self._run(write)

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
        self._check_process()
        self._is_closed = True
        try:
            if self._writer is not None:
                await self._writer
            await self._run(sqlite3.Connection.close)
        finally:
            self._thread.shutdown()
            self._lock.release()
            _open_ones.discard(self)

    def _check_taken(self, entry: Entry, written: int) -> None:
        if not written:
            raise ConfigurationError(
                "journal", f"the item {entry.key!r} was taken by somebody else", "Give each batch a journal of its own"
            )

    def leave_to_parent(self) -> None:
        """Keep the inherited connection from ever being closed, at the child's end either."""
        import ctypes  # needed by forked children alone

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._database))

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise ConfigurationError("journal", "it was opened before a fork", "Make a batch in each process")

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._check_process()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, work, self._database)
        except RuntimeError as error:
            raise _no_threads(error) from None
        try:
            return await running
        except sqlite3.Error as error:
            raise ConfigurationError(
                "journal", f"it can't be read or written any more ({error})", "Make room, and start the batch again"
            ) from None

    async def _write(self, *statements: _Statement) -> int:
        """Write with whatever else is to be written at the moment, in one transaction; how many rows the first met."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending.append(([*statements], future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_pending())
        return await future

    async def _write_pending(self) -> None:
        while self._pending:
            pending, self._pending = self._pending, []
            error: Exception | None = None
            written: list[int] = []
            try:
                written = await self._run(partial(_execute, [statements for statements, _ in pending], self.time()))
            except Exception as raised:  # noqa: BLE001 - it is raised where each of them waits
                error = raised
            for index, (_, future) in enumerate(pending):
                if future.done():
                    continue  # who waited for it was cancelled
                if error is None:
                    future.set_result(written[index])
                else:
                    future.set_exception(error)


def digest_of(request: bytes) -> bytes:
    """What stands for a content when two are compared."""
    return hashlib.sha256(request).digest()


def _unusable(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        "journal", f"{str(path)!r} can't be used ({error})", "Give a file of its own to each batch that runs"
    )


def _no_threads(error: RuntimeError) -> ConfigurationError:
    return ConfigurationError("journal", f"it has no thread ({error})", "Run the batch before its program ends")


_open_ones: WeakSet[Journal] = WeakSet()


def _leave_to_parent() -> None:
    """In a forked child: see that SQLite never closes what it inherited.

    It believes that it holds the locks, and would write and delete the log that the parent goes on with: after a crash
    of the parent, items that were sent would be sent again.
    """
    for journal in _open_ones:
        journal.leave_to_parent()
    _open_ones.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _execute(work: list[list[_Statement]], now: float, database: sqlite3.Connection) -> list[int]:
    with database:
        database.execute(_WRITTEN, (now,))
        counts = list[int]()
        for first, *others in work:
            counts.append(database.execute(*first).rowcount)
            for statement in others:
                database.execute(*statement)
        return counts


def _past(now: float, database: sqlite3.Connection) -> Past:
    with database:
        database.execute("DELETE FROM counted WHERE at < ?", (now - _REMEMBERED,))
    ended: dict[str, list[tuple[float, int]]] = {}
    # By seconds (`ROUNDED`), and each as if it were at its second's end: of many calls few numbers are read.
    statement = "SELECT counted_as, CAST(at AS INTEGER) + 1, count(*) FROM counted GROUP BY 1, 2"
    for counted_as, at, count in database.execute(statement):
        ended.setdefault(counted_as, []).append((max(now - at, 0.0), count))
    cut_off = database.execute("SELECT key, request FROM items WHERE state = 'sent' AND request IS NOT NULL")
    written = database.execute("SELECT at FROM last_write").fetchone()
    return Past(ended, cut_off.fetchall(), None if written is None else max(now - written[0], 0.0))


def _open(path: Path) -> sqlite3.Connection:
    if path.exists() and path.stat().st_size:
        _check_is_journal(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # SQLite gives the file's mode to its write-ahead log.
    path.chmod(stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXU)
    database = sqlite3.connect(path, timeout=0.5)
    try:
        database.executescript(
            # The first before the log is there, so that it is in the file itself whenever the process ends.
            f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;" + _SCHEMA
        )
        with database:  # takes the lock
            database.execute("UPDATE items SET state = state WHERE number = 0")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _check_is_journal(path: Path) -> None:
    """Look before anything is changed.

    Raises:
        sqlite3.DatabaseError: it is another file.
    """
    with path.open("rb") as file:
        head = file.read(_APPLICATION_ID_AT + 4)
    if not head.startswith(b"SQLite format 3\0") or head[_APPLICATION_ID_AT:] != _APPLICATION_ID.to_bytes(4):
        raise sqlite3.DatabaseError("it is something else than a journal")


def _add(database: sqlite3.Connection, items: list[tuple[str, bytes]]) -> Added:
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


def _conflicts(database: sqlite3.Connection, items: list[tuple[str, bytes]]) -> Iterator[Conflict]:
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
