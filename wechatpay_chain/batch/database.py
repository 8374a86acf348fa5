"""The SQLite file of a journal: its tables, its thread, and transactions that many items share.

`write` returns when the data is on the disk (`fsync`).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from ..errors import ConfigurationError
from .lock import JournalLock

T = TypeVar("T")
Statement = tuple[str, tuple[Any, ...]]
"""A statement of SQL, and its values."""

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
_WRITTEN = "INSERT OR REPLACE INTO last_write (once, at) VALUES (1, ?)"

# The mark of a journal among SQLite files, and its place in the file: https://www.sqlite.org/fileformat.html
_APPLICATION_ID = 0x57586A6C
_APPLICATION_ID_AT = 68


class Database:
    """A journal's file, locked while it is open; only its owner may read it.

    Args:
        path: the file; made if it isn't there.
        time: Unix time in seconds.

    Raises:
        ConfigurationError: it is no journal, can't be opened, or another batch has it. The file is left as it was.
            Later, of each method: it can't be read or written any more.
    """

    def __init__(self, path: Path, *, time: Callable[[], float]) -> None:
        self._time = time
        self._pending: list[tuple[list[Statement], asyncio.Future[int]]] = []
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
            self._connection = self._thread.submit(_open, path).result()
        except BaseException as error:
            self._thread.shutdown()
            self._lock.release()
            if isinstance(error, sqlite3.Error | OSError):
                raise _unusable(path, error) from None
            if isinstance(error, RuntimeError):
                raise _no_threads(error) from None
            raise
        _open_ones.add(self)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function with the connection, in the thread, and return its result."""
        self._check_process()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, work, self._connection)
        except RuntimeError as error:
            raise _no_threads(error) from None
        try:
            return await running
        except sqlite3.Error as error:
            raise ConfigurationError(
                "journal", f"it can't be read or written any more ({error})", "Make room, and start the batch again"
            ) from None

    async def write(self, *statements: Statement) -> int:
        """Write in one transaction with other pending writes; returns how many rows the first statement changed."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending.append(([*statements], future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_pending())
        return await future

    async def aclose(self) -> None:
        """Close and unlock the file after pending writes. A second call does nothing."""
        if self._is_closed:
            return
        self._check_process()
        self._is_closed = True
        try:
            if self._writer is not None:
                await self._writer
            await self.run(sqlite3.Connection.close)
        finally:
            self._thread.shutdown()
            self._lock.release()
            _open_ones.discard(self)

    def leave_to_parent(self) -> None:
        """Keep a forked child from ever closing the inherited connection, also at its end."""
        import ctypes  # only in forked children

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise ConfigurationError("journal", "it was opened before a fork", "Make a batch in each process")

    async def _write_pending(self) -> None:
        while self._pending:
            pending, self._pending = self._pending, []
            error: Exception | None = None
            written: list[int] = []
            try:
                written = await self.run(partial(_execute, [statements for statements, _ in pending], self._time()))
            except Exception as raised:  # noqa: BLE001 - it is raised where each of them waits
                error = raised
            for index, (_, future) in enumerate(pending):
                if future.done():
                    continue  # the waiting task was cancelled
                if error is None:
                    future.set_result(written[index])
                else:
                    future.set_exception(error)


def _unusable(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        "journal", f"{str(path)!r} can't be used ({error})", "Give a file of its own to each batch that runs"
    )


def _no_threads(error: RuntimeError) -> ConfigurationError:
    return ConfigurationError("journal", f"it has no thread ({error})", "Run the batch before its program ends")


_open_ones: WeakSet[Database] = WeakSet()


def _leave_to_parent() -> None:
    """In a forked child: keep SQLite from closing the connections that it inherited.

    SQLite would believe that it holds the locks, and delete the write-ahead log that the parent still uses: after a
    crash of the parent, items that were sent would be sent again.
    """
    for database in _open_ones:
        database.leave_to_parent()
    _open_ones.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _execute(work: list[list[Statement]], now: float, connection: sqlite3.Connection) -> list[int]:
    with connection:
        connection.execute(_WRITTEN, (now,))
        counts = list[int]()
        for first, *others in work:
            counts.append(connection.execute(*first).rowcount)
            for statement in others:
                connection.execute(*statement)
        return counts


def _open(path: Path) -> sqlite3.Connection:
    if path.exists() and path.stat().st_size:
        _check_is_journal(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # SQLite gives the file's mode to its write-ahead log.
    path.chmod(stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXU)
    connection = sqlite3.connect(path, timeout=0.5)
    try:
        connection.executescript(
            # application_id before the write-ahead log exists, so that it is in the file itself at any time.
            f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;" + _SCHEMA
        )
        with connection:  # takes the lock
            connection.execute("UPDATE items SET state = state WHERE number = 0")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check_is_journal(path: Path) -> None:
    """Check a file before anything in it is changed.

    Raises:
        sqlite3.DatabaseError: it is another file.
    """
    with path.open("rb") as file:
        head = file.read(_APPLICATION_ID_AT + 4)
    if not head.startswith(b"SQLite format 3\0") or head[_APPLICATION_ID_AT:] != _APPLICATION_ID.to_bytes(4):
        raise sqlite3.DatabaseError("it is something else than a journal")
