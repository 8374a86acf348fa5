"""An input that comes slowly, or breaks off."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.counting_platform import Platform, items, order, run
from tests.punishing import PUNISH
from wechatpay_chain import ConfigurationError, Request, Response
from wechatpay_chain.batch import Batch, Item, read_jsonl


async def test_an_asynchronous_source_that_is_slow(tmp_path: Path) -> None:
    """Items are sent as they come, long before the source ends."""
    platform = Platform()
    seen: list[int] = []

    async def source() -> AsyncIterator[Item]:
        for item in items(30):
            yield item
        async with asyncio.timeout(60):
            while len(platform.sent) < 30:  # noqa: ASYNC110 - the platform of this test has no event to wait for
                await asyncio.sleep(0.01)
        seen.append(len(platform.sent))
        yield items(31)[-1]

    progress, _ = await run(platform, tmp_path / "j", source())
    assert (progress.done, seen) == (31, [30])


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_malformed_item_is_named_and_nothing_is_lost(tmp_path: Path, asynchronous: bool) -> None:
    """What came before it is in the journal, what was under way ends, and the next run goes on."""
    file = tmp_path / "orders.jsonl"
    file.write_text("".join(json.dumps(order(f"B{number}")) + "\n" for number in range(40)) + '{"amount": 1}\n')

    async def lines() -> AsyncIterator[Item]:
        for item in read_jsonl(file, "v3/new/write"):
            await asyncio.sleep(0.001)
            yield item

    platform = Platform()
    given = lines() if asynchronous else read_jsonl(file, "v3/new/write")
    async with Batch(platform, tmp_path / "j") as batch:
        with pytest.raises(ConfigurationError, match=r"line 41 of orders\.jsonl .* no number"):
            await batch.run(given)
        states = Counter([result.state async for result in batch.results()])
        assert (states.total(), states["sent"], states["unknown"]) == (40, 0, 0)
        progress = await batch.run()
    assert (progress.done, set(platform.sent.values())) == (40, {1})


async def test_a_mistake_in_the_input_holds_back_what_is_in_line(tmp_path: Path) -> None:
    """Once the input has failed, what was handed out and isn't under way yet waits for the next run."""
    under_way, failed = asyncio.Event(), asyncio.Event()

    async def items() -> AsyncIterator[Item]:
        for number in range(20):
            yield Item(path=PUNISH, json=order(str(number)))
        await under_way.wait()
        failed.set()
        raise RuntimeError("the source broke")

    class Slow(Platform):
        async def send(self, request: Request) -> Response[Any]:
            under_way.set()
            await failed.wait()
            while batch.progress.waiting < 20 - len(self.sent):  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0.001)
            for _ in range(20):  # turns of the loop, in which the mistake is noticed
                await asyncio.sleep(0)
            return await super().send(request)

    platform = Slow()
    async with Batch(platform, tmp_path / "journal", concurrency=2) as batch:
        with pytest.raises(RuntimeError, match="the source broke"):
            await batch.run(items())
        # Two were under way, unless only one had been handed out so far.
        assert len(platform.sent) <= 2
        assert batch.progress.waiting == 20 - len(platform.sent)
        assert (await batch.run()).done == 20
    assert set(platform.sent.values()) == {1}
