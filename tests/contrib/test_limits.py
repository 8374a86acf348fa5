"""Rate limits shared through a real Redis."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.redis_server import redis_server
from wechatpay_chain import ConfigurationError, RateLimited, WeChatPay
from wechatpay_chain.contrib.limits import RedisLimiter
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.observing import Event, LimiterDegraded
from wechatpay_chain.policies.ratelimit import DistributedLimiter, LimiterUnreachable, RateLimits, Window

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def limited(
    emulator: Emulator, limiter: DistributedLimiter, events: list[Event], *, wait: bool = True
) -> AsyncIterator[WeChatPay]:
    """A client that shares a limit of 600 a minute for an operation."""
    emulator.on("POST", "/v3/new/thing")(lambda call: {"ok": True})
    limits = RateLimits(overrides={"POST /v3/new/thing": "600/min"}, shared=limiter, wait=wait)
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
    """Of 40 permits in a second three processes acquire no more in any second, less the margin for their way."""
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
        async with Redis.from_url(url) as redis, limited(emulator, RedisLimiter(redis, among=2), events) as wxpay:
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
        limiter = RedisLimiter(redis, among=1, timeout=0.1)
        with pytest.raises(LimiterUnreachable, match=r"more than 0\.1 s"):
            await limiter.acquire("x", [Window(1, 1)])
        async with limited(emulator, limiter, events) as wxpay, asyncio.timeout(20):
            await asyncio.gather(*(wxpay["v3/new/thing"].post(json={}) for _ in range(30)))
    assert sum(isinstance(event, LimiterDegraded) for event in events) == 1
    assert len(caplog.records) == 1


async def test_without_waiting(tmp_path: Path, emulator: Emulator) -> None:
    """With `wait=False` a call whose permit another process has is refused at once."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            limiter = RedisLimiter(redis, among=2)
            async with limited(emulator, limiter, [], wait=False) as wxpay:
                await wxpay["v3/new/thing"].post(json={})
                name = f"{emulator.credentials()['mchid']} POST /v3/new/thing"
                for _ in range(599):
                    assert await limiter.acquire(name, [Window(600, 60)]) == 0
                with pytest.raises(RateLimited, match="it isn't its turn") as caught:
                    await wxpay["v3/new/thing"].post(json={})
    assert caught.value.outcome == "not_sent"


async def test_several_windows(tmp_path: Path) -> None:
    """All of them hold, and what is refused for a long one takes little from a short one."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            limiter = RedisLimiter(redis, among=1)
            windows = [Window(3, 60), Window(100, 1)]
            assert [await limiter.acquire("x", windows) for _ in range(3)] == [0, 0, 0]
            assert 50 < await limiter.acquire("x", windows) < 62


def test_arguments_are_checked() -> None:
    """A fleet of nobody is told."""
    with pytest.raises(ConfigurationError, match="among"):
        RedisLimiter(Redis(), among=0)


@pytest.mark.parametrize("off", [-3600, 86400, 30 * 86400])
async def test_a_machine_with_a_wrong_clock_makes_no_fleet_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    """Windows go by Redis's clock alone: what a machine with a wrong one acquired holds up nobody for longer."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            limiter, windows, real = RedisLimiter(redis, among=2), [Window(3, 60)], time.time
            with monkeypatch.context() as patched:
                patched.setattr(time, "time", lambda: real() + off)
                assert [await limiter.acquire("x", windows) for _ in range(2)] == [0, 0]
            assert await limiter.acquire("x", windows) == 0
            assert 59 < await limiter.acquire("x", windows) <= 61
            assert await limiter.acquire("y", windows) == 0


async def test_a_clock_of_redis_that_was_put_back(tmp_path: Path) -> None:
    """Permits that were granted in what is the future now count as of now: a window later there is room again."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            limiter, windows = RedisLimiter(redis, among=1), [Window(2, 60)]
            ahead = time.time() + 86400
            await redis.lpush("wechatpay:limits:x", f"{ahead:.6f}", f"{ahead + 1:.6f}")
            assert 59 < await limiter.acquire("x", windows) <= 61


async def test_permits_come_from_all_windows_or_none(tmp_path: Path) -> None:
    """What is refused for a long window takes nothing from a short one."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url) as redis:
            limiter, windows = RedisLimiter(redis, among=1), [Window(2, 60), Window(5, 2)]
            assert [await limiter.acquire("x", windows) for _ in range(2)] == [0, 0]
            for _ in range(20):
                assert await limiter.acquire("x", windows) > 50
            assert await redis.llen("wechatpay:limits:x") == 2


@pytest.mark.parametrize("decode", [False, True])
async def test_a_client_that_decodes(tmp_path: Path, decode: bool) -> None:
    """Whether the program's client of Redis returns bytes or texts makes no difference."""
    with redis_server(tmp_path) as (url, _):
        async with Redis.from_url(url, decode_responses=decode) as redis:
            limiter = RedisLimiter(redis, among=1)
            assert await limiter.acquire("x", [Window(1, 60)]) == 0
            assert await limiter.acquire("x", [Window(1, 60)]) > 50
