"""The world on disk: one SQLite file, committed before an answer is sent."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from ...errors import ConfigurationError

FILE = "world.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (kind, key)
)
"""
_VERSION = 1
_PUT = (
    "INSERT INTO records (kind, key, value) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value=excluded.value"
)
_DELETE = "DELETE FROM records WHERE kind = ? AND key = ?"


class State:
    """The records in a folder. Only one process can use it: it is locked until `close`, or the end of the process.

    Args:
        folder: made if it doesn't exist, readable by its owner only.

    Raises:
        ConfigurationError: another process has the folder, it can't be written, or the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._refusals():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / FILE
            path.touch(mode=0o600)
            if not os.access(path, os.W_OK) or not os.access(folder, os.W_OK):
                raise PermissionError(f"{folder} may not be written")
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            with self._refusals():
                self._open()
        except BaseException:
            self._connection.close()
            raise

    def _open(self) -> None:
        execute = self._connection.execute
        # The lock is taken with the first write and kept: a second process finds the file locked.
        execute("PRAGMA locking_mode=EXCLUSIVE")
        execute("PRAGMA journal_mode=WAL")
        # What was committed survives when this process is killed; only a loss of power could lose it.
        execute("PRAGMA synchronous=NORMAL")
        version = execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"it is of version {version}, this program knows {_VERSION}")
        execute("BEGIN IMMEDIATE")
        execute(_SCHEMA)
        execute(f"PRAGMA user_version={_VERSION}")
        execute("COMMIT")

    def load(self) -> Iterator[tuple[str, str, bytes]]:
        """The records, the oldest first: kind, key and value.

        Raises:
            ConfigurationError: the file is damaged.
        """
        with self._refusals():
            yield from self._connection.execute("SELECT kind, key, value FROM records ORDER BY sequence")

    def save(self, changes: Iterable[tuple[str, str, bytes | None]]) -> None:
        """Save records, all or none; a value of None removes one.

        Args:
            changes: kind, key and value of each.

        Raises:
            OSError: they can't be written, because the disk is full for instance.
        """
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            for kind, key, value in changes:
                if value is None:
                    execute(_DELETE, (kind, key))
                else:
                    execute(_PUT, (kind, key, value))
            execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                execute("ROLLBACK")
            raise OSError(f"the state in {self._folder} can't be written: {error}") from error

    def close(self) -> None:
        """Close and unlock the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _refusals(self) -> Generator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._refusal(error) from error
        except ValueError as error:
            raise self.damaged(error) from error
        except OSError as error:
            raise ConfigurationError(
                "state",
                f"the folder {self._folder} can't be used: {error.strerror or error}",
                "Name a folder that this user may write, or keep the state in memory.",
            ) from error

    def _refusal(self, error: sqlite3.DatabaseError) -> ConfigurationError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return ConfigurationError(
                "state",
                f"another emulator uses the folder {self._folder}",
                "End it, or name another folder.",
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM):
            return ConfigurationError(
                "state",
                f"the folder {self._folder} can't be written: {error}",
                "Name a folder that this user may write, or keep the state in memory.",
            )
        return self.damaged(error)

    def damaged(self, error: Exception) -> ConfigurationError:
        """The error to raise if the file can't be read."""
        return ConfigurationError(
            "state",
            f"the file {self._folder / FILE} is damaged: {error}",
            "Restore it, or move it away to begin anew.",
        )
