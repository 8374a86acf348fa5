"""A batch on many machines: `batch run --workers` hands its calls out through Redis, `batch work` makes them.

Needs the extras `redis` and `taskiq`. A worker that dies loses nothing: what it had not acknowledged goes to another
one, with the same number and the same content. The workers share the platform's limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import orjson

from ..batch import Caller, Item, Progress, Result
from ..contrib._extras import extra
from ..policies.ratelimit import RateLimits
from .progress import counting
from .reports import Report, report_of, write_results
from .settings import Settings

with extra("taskiq"):
    from taskiq import AsyncBroker
    from taskiq.api import run_receiver_task
    from taskiq_redis import RedisStreamBroker

with extra("redis"):
    from redis.asyncio import Redis

_QUEUE = "wechatpay:calls"
_RESULTS = "wechatpay:results:"
_IDLE_MS = 60_000
_LOOK = 0.5
_PAGE = 500


async def hand_out(url: str, items: Iterator[Item], name: str, *, results: Path | None) -> Report:
    """Hand out the calls, wait until the workers have made them, and say what came of them.

    Calls that have ended before are not handed out again.

    Args:
        url: of the Redis.
        items: the calls.
        name: of the batch: equal ones go on where they were.
        results: where to write them; None to write none.
    """
    broker = _broker(url)
    keys: list[str] = []
    async with _redis(url) as redis:
        await broker.startup()
        try:
            ended = set(await _ended(redis, name))
            task = broker.register_task(_call_of(None, redis), task_name=_QUEUE)
            for item in items:
                key, packed = item.pack()
                keys.append(key)
                if key not in ended:
                    await task.kiq(name, key, packed.decode())
            await _all_ended(redis, name, keys, nudge=task.kiq)
        finally:
            await broker.shutdown()
        if results is not None:
            await write_results(partial(_read, redis, name, keys), results)
        return await report_of(name, _read(redis, name, keys))


async def work(url: str, settings: Settings, *, among: int, concurrency: int) -> None:
    """Make the calls that are handed out, until it is cancelled.

    Args:
        url: of the Redis.
        settings: of the client.
        among: how many workers share the limits.
        concurrency: calls at once.
    """
    from ..contrib.limits import RedisLimiter

    broker = _broker(url)
    broker.is_worker_process = True
    async with _redis(url) as redis:
        limits = RateLimits(shared=RedisLimiter(redis, among=among))
        async with settings.client(rate_limits=limits) as wxpay:
            broker.register_task(_call_of(Caller(wxpay), redis), task_name=_QUEUE)
            await run_receiver_task(broker, run_startup=True, max_async_tasks=concurrency)


def _redis(url: str) -> Redis:
    redis: Redis = Redis.from_url(url, decode_responses=True)  # pyright: ignore[reportUnknownMemberType]: redis leaves its keywords untyped
    return redis


async def _ended(redis: Redis, name: str) -> list[str]:
    """The keys of the calls that have ended."""
    return cast("list[str]", await redis.hkeys(_RESULTS + name))


def _broker(url: str) -> AsyncBroker:
    return RedisStreamBroker(
        url,
        queue_name=_QUEUE,
        consumer_id="0",
        idle_timeout=_IDLE_MS,
        unacknowledged_lock_timeout=10,
        xread_block=500,
        xread_count=20,
    )


def _call_of(caller: Caller | None, redis: Redis) -> Any:
    async def call(name: str, key: str, packed: str) -> None:
        if caller is None or not key:  # who hands out makes no call, and a nudge is none
            return
        # It may have been sent by a worker that died: what is re-entrant is repeated as it is, all else is looked up.
        result = await caller.call(Item.unpack(key, packed.encode()), was_sent=True)
        await redis.hset(_RESULTS + name, key, _packed(result).decode())

    return call


async def _all_ended(redis: Redis, name: str, keys: list[str], *, nudge: Callable[..., Awaitable[object]]) -> None:
    wanted = set(keys)
    with counting("shared by the workers") as show:
        while True:
            ended = len(wanted.intersection(await _ended(redis, name)))
            show(Progress(waiting=len(wanted) - ended, done=ended, refused=0, unknown=0, rate=0.0, remaining=None))
            if ended == len(wanted):
                return
            await asyncio.sleep(_LOOK)
            await nudge(name, "", "")  # the broker looks for what dead workers left only when something new comes


async def _read(redis: Redis, name: str, keys: list[str]) -> AsyncIterator[Result]:
    for at in range(0, len(keys), _PAGE):
        page = keys[at : at + _PAGE]
        found = cast("list[str]", await redis.hmget(_RESULTS + name, page))
        for key, packed in zip(page, found, strict=True):
            yield _unpacked(key, packed)


def _packed(result: Result) -> bytes:
    answer = (result.answer or b"").decode("utf-8", "replace")
    return orjson.dumps([result.state, result.status, result.code, result.message, result.request_id, answer])


def _unpacked(key: str, packed: str) -> Result:
    state, status, code, message, request_id, answer = orjson.loads(packed)
    return Result(
        key=key, state=state, status=status, code=code, message=message, request_id=request_id, answer=answer.encode()
    )
