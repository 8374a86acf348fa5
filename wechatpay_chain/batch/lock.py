"""The lock of a journal: one batch at a time, in this process and in all others.

It is a file of its own beside the journal. SQLite's lock on the journal alone is not enough: POSIX drops all of a
process's locks on a file as soon as the process closes any descriptor of it, and reading the journal does that.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from ..errors import ConfigurationError

_SUFFIX = ".lock"
# Between opening and locking the lock file, its holder may have removed it.
_TRIES = 100


class JournalInUseError(ConfigurationError):
    """Another batch has the journal, in this process or another one."""


class JournalLock:
    """Holds a journal until it is released, or the process ends.

    Args:
        path: of the journal.

    Raises:
        ConfigurationError: another batch of this process, or of another one, has it.
        OSError: the lock file can't be made.
    """

    _held: set[Path | tuple[int, int]] = set()  # noqa: RUF012 - the registry of the process, on purpose
    _descriptors: set[int] = set()  # noqa: RUF012 - the same
    _guard = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._file = self._path.with_name(self._path.name + _SUFFIX)
        self._names = self._names_of_journal()
        with self._guard:
            if not self._held.isdisjoint(self._names):
                raise _taken(path)
            self._held.update(self._names)
        try:
            self._descriptor = self._take(path)
        except BaseException:
            self._forget()
            raise
        self._descriptors.add(self._descriptor)

    def release(self) -> None:
        """Release the lock. The file is removed while it is still locked, so that nobody locks a removed file."""
        self._file.unlink(missing_ok=True)
        self._descriptors.discard(self._descriptor)
        os.close(self._descriptor)
        self._forget()

    @classmethod
    def leave_to_parent(cls) -> None:
        """In a forked child: close the inherited descriptors, which would hold the locks when the parent is gone."""
        for descriptor in cls._descriptors:
            os.close(descriptor)
        cls._descriptors.clear()
        cls._held.clear()
        cls._guard = threading.Lock()  # a thread of the parent may hold the old one

    def _names_of_journal(self) -> set[Path | tuple[int, int]]:
        """Its path, and its inode where it exists: a hard link is the same journal."""
        names: set[Path | tuple[int, int]] = {self._path}
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return names
        return names | {(status.st_dev, status.st_ino)}

    def _take(self, path: Path) -> int:
        for _ in range(_TRIES):
            descriptor = os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                if not _lock(descriptor):
                    raise _taken(path)
                if _is_at(descriptor, self._file):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise _taken(path)

    def _forget(self) -> None:
        with self._guard:
            self._held.difference_update(self._names)


def _taken(path: Path) -> JournalInUseError:
    return JournalInUseError(
        "journal",
        f"{str(path)!r} is in use by another batch, in this process or another one",
        "Wait for its end (`wechatpay-chain batch status JOURNAL` tells where a run is), or give each "
        "batch that runs a journal of its own",
    )


def _is_at(descriptor: int, file: Path) -> bool:
    """Whether a descriptor's file still has that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=JournalLock.leave_to_parent)

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        """Lock the open file description: closing other descriptors of the process doesn't unlock it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
