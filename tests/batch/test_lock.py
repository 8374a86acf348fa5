"""A journal belongs to one batch at a time, whatever is done to its files."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from wechatpay_chain import ConfigurationError
from wechatpay_chain.batch import Journal
from wechatpay_chain.batch.lock import JournalLock

TRY = """
import sys
from pathlib import Path
from wechatpay_chain.batch.lock import JournalLock
JournalLock(Path(sys.argv[1]))
print("taken", flush=True)
sys.stdin.read()
"""


def is_free_for_another_process(path: Path) -> bool:
    """Whether another process gets the lock."""
    done = subprocess.run(
        [sys.executable, "-c", TRY, path], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or "is in use by another batch" in done.stderr, done.stderr
    return done.returncode == 0


def test_a_refused_second_batch_takes_nothing_off(tmp_path: Path) -> None:
    """The lock holds against other processes after this one has tried to open the journal a second time."""
    journal = tmp_path / "j"
    lock = JournalLock(journal)
    with pytest.raises(ConfigurationError, match="in use by another batch"):
        JournalLock(journal)
    assert not is_free_for_another_process(journal)
    lock.release()
    assert is_free_for_another_process(journal)


def test_reading_and_copying_the_files_takes_nothing_off(tmp_path: Path) -> None:
    """A backup of a running batch, made by the same process, lets nobody else in."""
    journal = tmp_path / "j"
    journal.write_bytes(b"")
    lock = JournalLock(journal)
    shutil.copy(journal, tmp_path / "copy")
    shutil.copy(tmp_path / "j.lock", tmp_path / "copy.lock")
    (tmp_path / "j.lock").read_bytes()
    assert not is_free_for_another_process(journal)
    lock.release()


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_another_name_of_the_journal_is_the_same_journal(tmp_path: Path, link: str) -> None:
    """A link to a journal that is in use is refused."""
    journal = tmp_path / "j"
    journal.write_bytes(b"")
    lock = JournalLock(journal)
    getattr(tmp_path / "other", link)(journal)
    with pytest.raises(ConfigurationError, match="in use by another batch"):
        JournalLock(tmp_path / "other")
    lock.release()


def test_a_relative_path_is_the_same_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process stands changes nothing."""
    lock = JournalLock(tmp_path / "j")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="in use by another batch"):
        JournalLock(Path("j"))
    lock.release()


def test_the_lock_of_a_killed_process_falls(tmp_path: Path) -> None:
    """After kill -9 the journal is free at once; the file that is left doesn't matter."""
    journal = tmp_path / "j"
    with subprocess.Popen(
        [sys.executable, "-c", TRY, journal], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        assert not is_free_for_another_process(journal)
        holder.kill()
    assert (tmp_path / "j.lock").exists()
    JournalLock(journal).release()


def test_a_lock_file_that_is_removed_under_its_holder(tmp_path: Path) -> None:
    """Somebody tidies up: a new lock file is made by the next one, and SQLite's own lock still keeps it out."""
    journal = Journal(tmp_path / "j")
    (tmp_path / "j.lock").unlink()
    code = "import sys; from pathlib import Path; from wechatpay_chain.batch import Journal; Journal(Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "j"], capture_output=True, text=True, check=False)
    assert "can't be used (database is locked)" in done.stderr
    asyncio.run(journal.aclose())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_ends_leaves_the_lock(tmp_path: Path) -> None:
    """A forked child that exits, in whatever way, takes nothing off its parent."""
    lock = JournalLock(tmp_path / "j")
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=time.sleep, args=(0,))
    child.start()
    child.join()
    killed = fork.Process(target=time.sleep, args=(30,))
    killed.start()
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    assert not is_free_for_another_process(tmp_path / "j")
    lock.release()


FORKING = """
import asyncio, os, sys, time
from pathlib import Path
from wechatpay_chain.batch import Journal

def main():
    journal = Journal(Path(sys.argv[1]))
    asyncio.run(journal.add([("a", b"{}")]))
    child = os.fork()
    if child == 0:
        if sys.argv[2] == "ends":
            del journal
            sys.exit(0)
        print(os.getpid(), flush=True)
        time.sleep(60)
        os._exit(0)
    if sys.argv[2] == "ends":
        os.waitpid(child, 0)
        (entry,) = asyncio.run(journal.in_line(0))
        asyncio.run(journal.note(entry, "sent"))
    os.kill(os.getpid(), 9)

main()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_ends_leaves_the_log(tmp_path: Path) -> None:
    """SQLite's log stays the parent's: what is noted after the child's end is known after the parent's crash."""
    done = subprocess.run([sys.executable, "-c", FORKING, tmp_path / "j", "ends"], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(tmp_path / "j")) as database:
        assert database.execute("SELECT key, state FROM items").fetchall() == [("a", "sent")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_survives_its_parent_holds_no_lock(tmp_path: Path) -> None:
    """When the parent is killed its journal is free, though a forked child is still there."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKING, tmp_path / "j", "stays"], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.wait(timeout=60) == -signal.SIGKILL
        try:
            assert is_free_for_another_process(tmp_path / "j")
            os.kill(child, 0)  # it is still there
        finally:
            os.kill(child, signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_may_not_use_the_journal(tmp_path: Path) -> None:
    """In a forked child the parent's journal is taken, for the inherited object and for a new one."""
    journal = Journal(tmp_path / "j")
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:  # pragma: no cover - another process
        told = ""
        for attempt in (lambda: asyncio.run(journal.counts()), lambda: Journal(tmp_path / "j")):
            try:
                attempt()
            except ConfigurationError as error:
                told += error.found + ";"
        os.write(writing, told.encode())
        os._exit(0)
    os.waitpid(child, 0)
    told = os.read(reading, 10_000).decode()
    assert told.startswith("it was opened before a fork;")
    assert "in use by another batch" in told
    assert asyncio.run(journal.counts()) == {}
    asyncio.run(journal.aclose())
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("content", [b"key,out_trade_no\n1,2\n", b"SQLite format 3\0" + bytes(200), b"x"])
def test_a_refused_file_is_left_as_it_was(tmp_path: Path, content: bytes) -> None:
    """A file that is no journal keeps its content and its permissions, through a link too, and nothing is left."""
    file = tmp_path / "orders.csv"
    file.write_bytes(content)
    file.chmod(0o644)
    (tmp_path / "link").symlink_to(file)
    for path in (file, tmp_path / "link"):
        with pytest.raises(ConfigurationError, match="something else than a journal"):
            Journal(path)
    assert file.read_bytes() == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "orders.csv"]


@pytest.mark.parametrize("path", ["no/such/folder/j", "a\0b", "x" * 300])
def test_a_path_that_cant_be_a_journal(tmp_path: Path, path: str) -> None:
    """It is told as our error, and the next journal opens."""
    with pytest.raises(ConfigurationError, match="can't be used"):
        Journal(tmp_path / path)
    with pytest.raises(ConfigurationError, match="can't be used"):
        Journal(tmp_path / path)
