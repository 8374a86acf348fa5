"""The file of a journal: who reads it, and what stays in it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from tests.batch.counting_platform import Platform, items, run
from wechatpay_chain import ConfigurationError
from wechatpay_chain.batch import Batch


def contents(folder: Path) -> list[bytes]:
    """Of all files in a folder."""
    return [file.read_bytes() for file in folder.iterdir()]


async def test_secrets_are_erased_once_answered(tmp_path: Path) -> None:
    """Only its owner reads the journal, and no account number is left in it in the end."""
    await run(Platform(), tmp_path / "j", items(50))
    status = await asyncio.to_thread((tmp_path / "j").stat)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert all(b"6222 0000" not in content for content in await asyncio.to_thread(contents, tmp_path))


async def test_a_journal_that_others_could_read(tmp_path: Path) -> None:
    """A file that was there before is made private like a new one, and so is its write-ahead log."""
    (tmp_path / "j").touch(0o644)
    async with Batch(Platform(), tmp_path / "j") as batch:
        await batch.run(items(1))
        files = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
        assert modes == {"j": 0o600, "j-wal": 0o600, "j.lock": 0o600}


async def test_two_batches_dont_share_a_journal(tmp_path: Path) -> None:
    """The second would send everything a second time; and a file that is no journal is none."""
    async with Batch(Platform(), tmp_path / "j"):
        with pytest.raises(ConfigurationError, match=r"journal: .* is in use"):
            Batch(Platform(), tmp_path / "j")
    await asyncio.to_thread((tmp_path / "text").write_text, "x" * 5000)
    with pytest.raises(ConfigurationError, match="can't be used"):
        Batch(Platform(), tmp_path / "text")
    with pytest.raises(ConfigurationError, match="concurrency"):
        Batch(Platform(), tmp_path / "k", concurrency=0)


async def test_the_log_is_empty_after_a_run(tmp_path: Path) -> None:
    """SQLite's log would keep erased secrets until the journal is closed, or for ever after a kill."""
    async with Batch(Platform(), tmp_path / "j") as batch:
        await batch.run(items(50))
        found = await asyncio.to_thread(contents, tmp_path)
    assert all(b"6222 0000" not in content for content in found)
