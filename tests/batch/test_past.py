"""Calls of earlier runs, which count under the rate limit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.batch.counting_platform import items
from tests.fake_time import FakeTime
from tests.punishing import PUNISH
from wechatpay_chain import Request, Response
from wechatpay_chain.batch import Batch, Journal
from wechatpay_chain.batch.past import Past
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.middleware import RateLimit
from wechatpay_chain.policies.ratelimit import RateLimits


class Limited:
    """A client that keeps to 20 calls a minute over a platform that notes when calls arrive."""

    def __init__(self, clock: FakeTime, arrived: list[float], mchid: str = "1900000109") -> None:
        limits = RateLimits(overrides={f"POST /{PUNISH}": "20/min"})
        self._limit = RateLimit(mchid, limits, Timeout(), monotonic=clock, time=clock, sleep=clock.sleep)
        self._clock = clock
        self._arrived = arrived

    async def send(self, request: Request) -> Response[Any]:
        """Call, in its turn."""
        return await self._limit(request, self._transport)

    async def _transport(self, request: Request) -> Response[Any]:
        self._arrived.append(self._clock.now)
        await self._clock.sleep(0.5)
        return Response(status=200, content=b"{}")


def most_in_a_minute(arrived: list[float]) -> int:
    """How many calls the fullest minute has."""
    return max(sum(start <= other < start + 60 for other in arrived) for start in arrived)


async def run_limited(
    clock: FakeTime, arrived: list[float], journal: Path, mchid: str = "1900000109", numbers: range = range(30)
) -> None:
    """A run of 30 or other items by a process of its own, as far as limiter and journal go."""
    client = Limited(clock, arrived, mchid)
    async with Batch(client, journal, time=clock, monotonic=clock, sleep=clock.sleep, concurrency=4) as batch:
        await batch.run([items(30)[number] for number in numbers])


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_restarted_run_knows_the_calls_of_its_last_minute(tmp_path: Path, how: str) -> None:
    """However often a run is stopped or cut off, and started again, no minute has more calls than the limit."""
    clock, arrived = FakeTime(1.7e9), list[float]()
    for count in (5, 14, 19):
        client = Limited(clock, arrived)
        batch = Batch(client, tmp_path / "j", time=clock, monotonic=clock, sleep=clock.sleep, concurrency=4)
        running = asyncio.create_task(batch.run(items(30)))
        async with asyncio.timeout(60):
            while len(arrived) < count:  # noqa: ASYNC110 - the platform tells nobody
                await asyncio.sleep(0)
        if how == "stopped":
            batch.stop()
            await running
        else:
            running.cancel()
            await asyncio.wait([running])
        await batch.aclose()
        clock.now += 2
    await run_limited(clock, arrived, tmp_path / "j")
    assert 15 < most_in_a_minute(arrived) <= 20
    assert len(arrived) >= 30
    # What was cut off counts although it may not have arrived.
    assert clock.now < 1.7e9 + (150 if how == "stopped" else 300), "it waits no longer than it must"


async def test_a_journal_that_is_read_slowly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that ended shortly before a run count under its limit, too, when a slow disk gives them much later."""
    clock, arrived = FakeTime(1.7e9), list[float]()
    await run_limited(clock, arrived, tmp_path / "j", numbers=range(20))
    read = Journal.past

    async def read_slowly(journal: Journal) -> Past:
        past = await read(journal)
        clock.now += 30
        return past

    monkeypatch.setattr(Journal, "past", read_slowly)
    await run_limited(clock, arrived, tmp_path / "j", numbers=range(20, 30))
    assert len(arrived) == 30
    assert most_in_a_minute(arrived) == 20


async def test_calls_of_another_merchant_or_of_long_ago_do_not_count(tmp_path: Path) -> None:
    """A run for another merchant's journal, and one after more than a minute, begin with all their calls."""
    clock, arrived = FakeTime(1.7e9), list[float]()
    async with Batch(Limited(clock, arrived), tmp_path / "j", time=clock, monotonic=clock, sleep=clock.sleep) as batch:
        await batch.run(items(20))
    began = clock.now
    await run_limited(clock, arrived, tmp_path / "j", "1900000108")
    assert clock.now < began + 5
    clock.now += 61
    async with Batch(Limited(clock, arrived), tmp_path / "j", time=clock, monotonic=clock, sleep=clock.sleep) as batch:
        began = clock.now
        await batch.run(items(60)[40:])
    assert clock.now < began + 5
