"""A run that is stopped by equal refusals."""

from __future__ import annotations

from pathlib import Path

from tests.batch.counting_platform import Platform, items, lost, refused
from wechatpay_chain.batch import Batch


async def test_equal_refusals_stop_the_run(tmp_path: Path) -> None:
    """A file that is wrong as a whole is not refused line by line; a run that may go on does."""
    platform = Platform(lambda number, attempt: refused(403, "NO_AUTH"))
    async with Batch(platform, tmp_path / "j", concurrency=2, most_equal_refusals=10) as batch:
        progress = await batch.run(items(200))
    assert progress.stopped_by == "NO_AUTH"
    assert 10 <= progress.refused <= 12
    async with Batch(platform, tmp_path / "j", concurrency=2, most_equal_refusals=None) as batch:
        progress = await batch.run(items(200))
    assert (progress.refused, progress.stopped_by) == (200, "")


async def test_refusals_that_leave_it_open_stop_the_run(tmp_path: Path) -> None:
    """Or all payouts of a file would become `unknown` one after the other. Lost answers aren't refusals."""
    refusal = refused(403, "NEVER_HEARD_OF")
    refusal.outcome = "unknown"
    platform = Platform(lambda number, attempt: refusal)
    async with Batch(platform, tmp_path / "j", concurrency=2, most_equal_refusals=10) as batch:
        progress = await batch.run(items(200, "v3/new/write"))
    assert progress.stopped_by == "NEVER_HEARD_OF"
    assert 10 <= progress.unknown <= 12
    platform = Platform(lambda number, attempt: lost("unknown"))
    async with Batch(platform, tmp_path / "k", concurrency=2, most_equal_refusals=10) as batch:
        progress = await batch.run(items(200, "v3/new/write"))
    assert (progress.unknown, progress.stopped_by) == (200, "")


async def test_refusals_between_successes_stop_nothing(tmp_path: Path) -> None:
    """Only refusals in a row count, and only equal ones."""
    fates = {0: None, 1: refused(400, "PARAM_ERROR"), 2: refused(403, "NO_AUTH")}
    platform = Platform(lambda number, attempt: fates[int(number[1:]) % 3])
    async with Batch(platform, tmp_path / "j", concurrency=1, most_equal_refusals=2) as batch:
        progress = await batch.run(items(90))
    assert (progress.done, progress.refused, progress.stopped_by) == (30, 60, "")
