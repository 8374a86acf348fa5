"""Rate limits shared through a real Redis."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.redis_server import redis_server
from wechatpay_chain import ConfigurationError, RateLimited, WeChatPay
from wechatpay_chain.contrib.limits import RedisTurns
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.observing import Event, LimiterDegraded
from wechatpay_chain.policies.ratelimit import RateLimits, SharedTurns, Unreachable, Window

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def limited(
    emulator: Emulator, turns: SharedTurns, events: list[Event], *, wait: bool = True
) -> AsyncIterator[WeChatPay]:
    """A client that shares a limit of 600 a minute for an operation."""
    emulator.on("POST", "/v3/new/thing")(lambda call: {"ok": True})
    limits = RateLimits(overrides={"POST /v3/new/thing": "600/min"}, shared=turns, wait=wait)
    options: dict[str, Any] = {"transport": emulator, "rate_limits": limits, "observe": events.append}
    async with WeChatPay(**emulator.credentials(), **options) as wxpay:
        yield wxpay


@asynccontextmanager
async def silent_redis() -> AsyncIterator[Redis]:
    """A client of a Redis that accepts connections and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server, Redis(port=server.sockets[0].getsockname()[1]) as redis:
        yield redis


async def test_three_processes_together_keep_to_the_limit(tmp_path: Path) -> None:
    """Of 40 turns in a second three processes take no more in any second, less the margin for their way."""
    with redis_server(tmp_path) as (url, _):
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.contrib.fleet", url, "30", cwd=ROOT, stdout=subprocess.PIPE
            )
            for _ in range(3)
        ]
        outputs = [(await process.communicate())[0] for process in processes]
    taken = [tuple(map(float, line.split())) for output in outputs for line in output.splitlines()]
    assert len(taken) == 90
    for start, _ in taken:
        assert sum(start <= asked and told < start + 1 for asked, told in taken) <= 36


async def test_a_redis_that_dies(tmp_path: Path, emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """Calls go on within the process's share, with one warning and one event."""
    events: list[Event] = []
    with redis_server(tmp_path) as (url, process):
        async with Redis.from_url(url) as redis, limited(emulator, RedisTurns(redis, among=2), events) as wxpay:
            for _ in range(3):
                await wxpay["v3/new/thing"].post(json={})
            assert not caplog.records
            process.kill()
            process.wait()
            for _ in range(3):
                await wxpay["v3/new/thing"].post(json={})
    assert "keeps to its share, 1/2" in caplog.text
    assert sum(isinstance(event, LimiterDegraded) for event in events) == 1


async def test_a_redis_that_never_answers(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """It is as good as none: the calls wait for it once, not one after the other."""
    events: list[Event] = []
    async with silent_redis() as redis:
        turns = RedisTurns(redis, among=1, timeout=0.1)
        with pytest.raises(Unreachable, match=r"more than 0\.1 s"):
            await turns.take("x", [Window(1, 1)])
        async with limited(emulator, turns, events) as wxpay, asyncio.timeout(20):
            await asyncio.gather(*(wxpay["v3/new/thing"].post(json={}) for _ in range(30)))
    assert sum(isinstance(event, LimiterDegraded) for event in events) == 1
    assert len(caplog.records) == 1


async def test_without_waiting(tmp_path: Path, emulator: Emulator) -> None:
    """With `wait=False` a turn that another process took is refused at once."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            turns = RedisTurns(redis, among=2)
            async with limited(emulator, turns, [], wait=False) as wxpay:
                await wxpay["v3/new/thing"].post(json={})
                name = f"{emulator.credentials()['mchid']} POST /v3/new/thing"
                for _ in range(599):
                    assert await turns.take(name, [Window(600, 60)]) == 0
                with pytest.raises(RateLimited, match="it isn't its turn") as caught:
                    await wxpay["v3/new/thing"].post(json={})
    assert caught.value.outcome == "not_sent"


async def test_several_windows(tmp_path: Path) -> None:
    """All of them hold, and what is refused for a long one takes little from a short one."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            turns = RedisTurns(redis, among=1)
            windows = [Window(3, 60), Window(100, 1)]
            assert [await turns.take("x", windows) for _ in range(3)] == [0, 0, 0]
            assert 50 < await turns.take("x", windows) < 62


def test_arguments_are_checked() -> None:
    """A fleet of nobody is told."""
    with pytest.raises(ConfigurationError, match="among"):
        RedisTurns(Redis(), among=0)
