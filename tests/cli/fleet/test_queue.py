"""The queue of a batch on many machines, in a real Redis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from tests.cli.conftest import Run, Shop
from tests.cli.fleet.machines import calls_in_queue, hand_out, interrupted, working
from tests.cli.test_batch import orders
from tests.redis_server import redis_server
from wechatpay_chain.cli.fleet.connection import redis_at
from wechatpay_chain.cli.fleet.queue import QUEUE, Queue, Terms

GROUP = "taskiq"


async def take(redis: AsyncRedis, count: int) -> list[str]:
    """Take messages as a worker does; their ids."""
    streams: Any = await redis.xreadgroup(GROUP, "a worker", {QUEUE: ">"}, count=count)
    ((_, messages),) = streams
    return [identity for identity, _ in messages]


async def test_what_is_acknowledged_is_removed(url: str) -> None:
    """What no worker has taken stays in the queue, and so does what one holds; what was ended before is removed."""
    async with redis_at(url) as redis:
        queue = Queue(url, redis)
        await queue.open()
        assert await queue.trim(), "an empty queue has nothing that waits for a worker"
        for key in "abcd":
            await queue.put("orders.csv", "run", key, Terms("POST /v3/a", "", False, 3600.0))
        assert (await queue.trim(), await redis.xlen(QUEUE)) == (False, 4)
        first, second, third = await take(redis, 3)
        assert (await queue.trim(), await redis.xlen(QUEUE)) == (False, 4)
        await redis.xack(QUEUE, GROUP, first, third)
        assert (await queue.trim(), await redis.xlen(QUEUE)) == (False, 3), (
            "the second is held, the fourth is not taken"
        )
        (fourth,) = await take(redis, 1)
        await redis.xack(QUEUE, GROUP, second, fourth)
        assert (await queue.trim(), await redis.xlen(QUEUE)) == (True, 1), "but for the last one that was taken"
        await queue.aclose()


def test_a_run_removes_what_is_acknowledged(run: Run, shop: Shop, url: str) -> None:
    """A run shortens the queue while it waits for workers, and adds no more nudges than workers take."""
    with working(url):
        assert hand_out(run, orders(shop.folder, 40), url).code == 0
    with Redis.from_url(url, decode_responses=True) as redis:
        table = orders(shop.folder, 43)
        interrupted(run, table, url, lambda: calls_in_queue(redis) == 3 and redis.xlen(QUEUE) < 20)


async def test_a_queue_that_is_gone(tmp_path: Path) -> None:
    """A call that can't be handed out fails with Redis's own error, which a run knows and names."""
    with redis_server(tmp_path) as (url, server):
        async with redis_at(url) as redis:
            queue = Queue(url, redis)
            await queue.open()
            server.kill()
            server.wait()
            with pytest.raises(RedisError, match=r"(?i)connect"):
                await queue.put("orders.csv", "run", "a", Terms("POST /v3/a", "", False, 3600.0))
            await queue.aclose()
