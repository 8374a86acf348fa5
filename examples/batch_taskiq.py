"""Bulk work on many machines: a queue in Redis, any number of workers, one rate limit for all of them.

    pip install 'wechatpay-chain[redis,taskiq]'
    export REDIS_URL=redis://localhost:6379/0 WECHATPAY_MCHID=... (see WeChatPay.from_env)
    taskiq worker examples.batch_taskiq:broker --workers 2     # on each machine
    python -m examples.batch_taskiq orders.jsonl               # on one of them

A worker that dies loses nothing: what it had not acknowledged goes to another one, with the same number. One that lives
keeps what it holds, however long that waits for the rate limit.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

from wechatpay_chain import WeChatPay
from wechatpay_chain.batch import Caller, Item, read_jsonl
from wechatpay_chain.contrib.limits import RedisLimiter
from wechatpay_chain.contrib.taskiq import provide
from wechatpay_chain.policies.ratelimit import RateLimits

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
WORKERS = int(os.environ.get("WORKERS", "2"))
RECOVER = "v3/aggracct-bc/wb-channel/control-orders/recover"
RESULTS = "wechatpay:results"
# Seconds after the last result for which they are kept.
KEPT = 30 * 24 * 3600

# What a dead worker held for longer than this is given to another one.
IDLE_MS = int(os.environ.get("IDLE_MS", "60000"))

broker = RedisStreamBroker(
    REDIS_URL, consumer_id="0", idle_timeout=IDLE_MS, unacknowledged_lock_timeout=10, xread_block=500, xread_count=20
)
redis: Redis = Redis.from_url(REDIS_URL)


def make_client() -> WeChatPay:
    return WeChatPay.from_env(rate_limits=RateLimits(shared=RedisLimiter(redis, among=WORKERS)))


client = provide(broker, make_client)


@broker.task("release")
async def release(key: str, packed: str, wxpay: WeChatPay = TaskiqDepends(client)) -> None:  # noqa: B008 - taskiq's way
    # It may have been sent before, by a worker that died; the operation is re-entrant, so it is sent again as it is.
    result = await Caller(wxpay).call(Item.unpack(key, packed.encode()), was_sent=True)
    await redis.hset(RESULTS, key, f"{result.state} {(result.answer or b'').decode()}")
    await redis.expire(RESULTS, KEPT)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    state.keeping = asyncio.create_task(keep())


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def end(state: TaskiqState) -> None:
    state.keeping.cancel()


async def keep() -> None:
    # A message that its worker claims again has been held for no time.
    stream, group, worker = broker.queue_name, broker.consumer_group_name, broker.consumer_name
    while True:
        await asyncio.sleep(IDLE_MS / 4000)
        with suppress(RedisError, OSError):
            held = await redis.xpending_range(stream, group, "-", "+", 1000, worker)
            if held:
                await redis.xclaim(stream, group, worker, 0, [message["message_id"] for message in held], justid=True)


@broker.task("tick")
async def tick() -> None:
    # The broker looks for what dead workers left only when something new comes.
    return None


async def main(file: Path, path: str = RECOVER) -> None:
    await broker.startup()
    count = 0
    for item in read_jsonl(file, path):
        key, packed = item.pack()
        await release.kiq(key, packed.decode())
        count += 1
    while (done := await redis.hlen(RESULTS)) < count:
        await tick.kiq()
        print(f"{done} of {count}", flush=True)
        await asyncio.sleep(1)
    print(f"{count} of {count}")
    await redis.aclose()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
