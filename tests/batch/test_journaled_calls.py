"""The loop over the items of a journal: each is called once, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.counting_platform import Platform, items, lost, order, refused, run
from tests.punishing import PUNISH
from wechatpay_chain import ConfigurationError, Request, Response, WeChatPay
from wechatpay_chain.batch import Batch, Item, Journal, Progress, State
from wechatpay_chain.batch.journal import Entry
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.errors import Outcome
from wechatpay_chain.policies.ratelimit import RateLimits


async def test_every_item_is_sent_once(tmp_path: Path) -> None:
    """A thousand items, at most so many at once; run again, none is sent again, and the answers are kept."""
    platform = Platform()
    progress, results = await run(platform, tmp_path / "j", items(1000), concurrency=7)
    assert (progress.done, progress.waiting, platform.most) == (1000, 0, 7)
    again, results = await run(platform, tmp_path / "j", items(1000))
    assert (again.done, set(platform.sent.values()), len(results)) == (1000, {1}, 1000)
    assert results["B5"].answer == b'{"no": "B5"}'
    assert list(results) == [f"B{number}" for number in range(1000)]


async def test_stopped(tmp_path: Path) -> None:
    """Stopped, a batch hands out no more items and ends what is under way; the next run makes the others."""
    platform = Platform()
    async with Batch(platform, tmp_path / "journal", concurrency=2) as batch:

        def fate(number: str, attempt: int) -> None:
            batch.stop()

        platform._fate = fate
        progress = await batch.run(Item(path=PUNISH, json=order(f"S{number}")) for number in range(30))
        assert 1 <= progress.done <= 4
        assert progress.waiting == 30 - progress.done
        platform._fate = lambda number, attempt: None
        assert (await batch.run()).done == 30
    assert set(platform.sent.values()) == {1}


async def test_final_refusals_are_results(tmp_path: Path) -> None:
    """What was refused is told with code and count, and not sent again."""
    platform = Platform(lambda number, attempt: refused(403, "NO_AUTH") if number == "B1" else None)
    progress, results = await run(platform, tmp_path / "j", items(3))
    assert (progress.refused, progress.codes) == (1, {"NO_AUTH": 1})
    assert (results["B1"].state, results["B1"].status) == ("refused", 403)
    await run(platform, tmp_path / "j", items(3))
    assert platform.sent["B1"] == 1


async def test_a_client_that_cant_call_leaves_everything_waiting(tmp_path: Path) -> None:
    """A closed client, or a missing key, is no refusal of the items: they wait for the next run."""
    mistake = ConfigurationError("WeChatPay", "the client is closed", "Make another")
    progress, results = await run(Platform(lambda number, attempt: mistake), tmp_path / "j", items(2))
    assert (progress.waiting, progress.refused, progress.codes) == (2, 0, {"ConfigurationError": 2})
    assert {result.state for result in results.values()} == {"waiting"}
    progress, _ = await run(Platform(), tmp_path / "j")
    assert (progress.done, progress.codes) == (2, {})


async def test_a_run_that_is_cancelled(tmp_path: Path) -> None:
    """It ends at once and leaves no task; what was under way is in doubt, all else waits."""
    platform = Platform()
    async with Batch(platform, tmp_path / "j", concurrency=3) as batch:
        running = asyncio.create_task(batch.run(items(1000, "v3/new/write")))
        while not platform.sent:  # noqa: ASYNC110 - the platform has no event to wait for
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        states = Counter([result.state async for result in batch.results()])
        progress = await batch.run()
    assert states["sent"] <= 3
    assert progress.unknown == states["sent"]
    # The input comes in pages: of the second nothing may have been read yet.
    assert states.total() in {500, 1000}
    assert progress.done == states.total() - progress.unknown
    assert set(platform.sent.values()) == {1}


async def test_progress_is_told(tmp_path: Path) -> None:
    """The hook hears of it in the end, with rate and codes."""
    told: list[Progress] = []
    async with Batch(Platform(), tmp_path / "j", on_progress=told.append) as batch:
        await batch.run(items(20))
    assert (told[-1].done, told[-1].remaining) == (20, 0.0)
    assert told[-1].rate > 0


async def test_two_runs_of_one_batch(tmp_path: Path) -> None:
    """A second run while one is under way is refused, and every item is sent once; afterwards it may run again."""
    platform = Platform()
    async with Batch(platform, tmp_path / "j", concurrency=8) as batch:
        both = await asyncio.gather(batch.run(items(50)), batch.run(items(50)), return_exceptions=True)
        assert sum(isinstance(one, ConfigurationError) for one in both) == 1
        await batch.run(items(60))
    assert set(platform.sent.values()) == {1}
    assert len(platform.sent) == 60


@pytest.mark.parametrize("raised", [ConnectionResetError("KMS"), OSError(28, "full"), RuntimeError("x"), KeyError("y")])
async def test_an_exception_of_a_stranger_settles_one_item(tmp_path: Path, raised: Exception) -> None:
    """What the caller's own client raises leaves one item unknown, and all others end."""

    class Odd(Platform):
        async def send(self, request: Request) -> Response[Any]:
            if request.json["out_request_no"] == "P7":
                raise raised
            return await super().send(request)

    writes = [Item(path="v3/new/write", json={"out_request_no": f"P{n}"}) for n in range(40)]
    async with Batch(Odd(), tmp_path / "j", concurrency=8) as batch:
        progress = await batch.run(writes)
        results = {result.key: result async for result in batch.results()}
    assert (progress.done, progress.unknown, progress.waiting) == (39, 1, 0)
    assert type(raised).__name__ in (results["P7"].message or "")


async def test_a_hook_that_raises_harms_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error of on_progress is logged, and the calls go on."""

    def broken(progress: Progress) -> None:
        raise ValueError(progress)

    async with Batch(Platform(), tmp_path / "j", on_progress=broken) as batch:
        assert (await batch.run(items(20))).done == 20
    assert "on_progress failed" in caplog.text


async def test_a_journal_that_fails_lets_the_others_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an item can't be written down, calls under way come to their end before the run does."""
    ended = list[str]()

    class Slow(Platform):
        async def send(self, request: Request) -> Response[Any]:
            await asyncio.sleep(0.02)
            ended.append(request.json["out_request_no"])
            return await super().send(request)

    original = Journal.note

    async def note(self: Journal, entry: Entry, state: State) -> None:
        if entry.key == "B3":
            raise ConfigurationError("journal", "it can't be written any more", "Make room")
        await original(self, entry, state)

    monkeypatch.setattr(Journal, "note", note)
    async with Batch(Slow(), tmp_path / "j", concurrency=4) as batch:
        with pytest.raises(ConfigurationError, match="can't be written"):
            await batch.run(items(100))
        states = Counter([result.state async for result in batch.results()])
    assert ended == ["B0", "B1", "B2"]
    assert (states["done"], states["sent"]) == (3, 0)


async def test_stopped_while_items_wait_for_their_turn(tmp_path: Path, emulator: Emulator) -> None:
    """Those that wait for the rate limit are given back at once, with no code; the next run makes them."""
    limits = RateLimits(overrides={f"POST /{PUNISH}": "2/h"})
    options = {**emulator.credentials(), "transport": emulator}
    async with WeChatPay(**options, rate_limits=limits) as wxpay, Batch(wxpay, tmp_path / "j") as batch:
        running = asyncio.create_task(batch.run(items(5)))
        async with asyncio.timeout(60):
            while batch.progress.done < 2:  # noqa: ASYNC110 - progress is what the batch tells
                await asyncio.sleep(0.01)
        batch.stop()
        progress = await asyncio.wait_for(running, 60)
        results = [(result.state, result.code) async for result in batch.results()]
        assert (progress.done, progress.waiting, batch.on_the_wire) == (2, 3, 0)
        assert Counter(results) == {("done", None): 2, ("waiting", None): 3}
    async with WeChatPay(**options, rate_limits=None) as wxpay, Batch(wxpay, tmp_path / "j") as batch:
        assert (await batch.run(items(5))).done == 5


@pytest.mark.parametrize("failing", ["journal", "input"])
async def test_a_failure_while_items_wait_for_their_turn(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A run that can't go on gives back at once what waits for the rate limit, and says why it ended."""
    limits = RateLimits(overrides={f"POST /{PUNISH}": "2/h"})
    mistake = ConfigurationError(failing, "it can't be used any more", "Make room")
    write = Journal.ended

    async def ended(self: Journal, entry: Entry, *more: Any) -> None:
        if entry.key == "B1":
            async with asyncio.timeout(60):
                while len(batch._waits) < 3:  # noqa: ASYNC110 - nobody tells that calls wait
                    await asyncio.sleep(0.01)
            raise mistake
        await write(self, entry, *more)

    async def input_that_fails() -> AsyncIterator[Item]:
        for item in items(5):
            yield item
        async with asyncio.timeout(60):
            while len(batch._waits) < 3:  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.01)
        raise mistake

    if failing == "journal":
        monkeypatch.setattr(Journal, "ended", ended)
    options = {**emulator.credentials(), "transport": emulator}
    async with WeChatPay(**options, rate_limits=limits) as wxpay, Batch(wxpay, tmp_path / "j") as batch:
        with pytest.raises(ConfigurationError, match="can't be used any more"):
            await asyncio.wait_for(batch.run(items(5) if failing == "journal" else input_that_fails()), 60)
        states = Counter([result.state async for result in batch.results()])
    assert states == ({"done": 1, "sent": 1, "waiting": 3} if failing == "journal" else {"done": 2, "waiting": 3})


@pytest.mark.parametrize(("outcome", "state"), [("not_sent", "waiting"), ("unknown", "sent")])
async def test_stopped_while_items_wait_for_the_next_try(tmp_path: Path, outcome: Outcome, state: State) -> None:
    """A pause before the next try ends at once: what may have taken effect stays `sent`, all else waits."""
    platform = Platform(lambda number, attempt: lost(outcome))
    slept = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.set()
        await asyncio.Event().wait()

    async with Batch(platform, tmp_path / "j", sleep=sleep) as batch:
        running = asyncio.create_task(batch.run(items(1)))
        await slept.wait()
        batch.stop()
        await asyncio.wait_for(running, 60)
        assert [result.state async for result in batch.results()] == [state]
    assert platform.sent == {"B0": 1}


async def test_closing_twice(tmp_path: Path, emulator: Emulator) -> None:
    """A batch that is closed may be closed again."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        batch = Batch(wxpay, tmp_path / "j")
        await batch.aclose()
        await batch.aclose()
