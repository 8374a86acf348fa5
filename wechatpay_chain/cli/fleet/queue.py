"""The queue through which a run hands its calls to workers: a stream of Redis, which taskiq reads."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from ..._extras import extra

with extra("taskiq"):
    from taskiq import SendTaskError
    from taskiq_redis import RedisStreamBroker

with extra("redis"):
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

QUEUE = "wechatpay:calls"
"""The name of the stream, and of the task that its messages are for."""

_GROUP = "taskiq"
_IDLE_MS = 60_000

# Acknowledged messages stay in a stream. This removes all before the first that a worker holds or, if none is held,
# before the last that was delivered. Returns 1 if any is not delivered yet, else 0.
_TRIM = """
local delivered = '0-0'
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    for at = 1, #group, 2 do
        if group[at] == 'last-delivered-id' then delivered = group[at + 1] end
    end
end
local held = redis.call('XPENDING', KEYS[1], ARGV[1])
redis.call('XTRIM', KEYS[1], 'MINID', held[2] or delivered)
return #redis.call('XRANGE', KEYS[1], '(' .. delivered, '+', 'COUNT', 1)
"""
# Claims messages again, which resets their idle time. In one step, so as not to claim what another worker has got.
_KEEP = """
for _, message in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[3], ARGV[2])) do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, message[1], 'JUSTID')
end
"""
_MOST_HELD = 10_000


class Terms(NamedTuple):
    """How workers are to make the calls of a run.

    Attributes:
        operation: method and path of its calls.
        rate: a limit in place of the documented ones; empty for these.
        repeat: whether calls may be repeated after they may have arrived.
        patience: for how many seconds a call is tried again in an outage.
    """

    operation: str
    rate: str
    repeat: bool
    patience: float


class Queue:
    """The queue from the side of a run, which fills it.

    Args:
        url: of the Redis.
        redis: a client of it.
    """

    def __init__(self, url: str, redis: Redis) -> None:
        self._redis = redis
        self._broker = broker_at(url)
        self._task: Any = None

    async def open(self) -> None:
        """Create the queue, unless it exists."""
        await self._broker.startup()
        self._task = self._broker.register_task(_nobody, task_name=QUEUE)

    async def put(self, batch: str, run: str, key: str, terms: Terms) -> None:
        """Hand a call to the next worker that is free.

        Args:
            batch: its name.
            run: the run that hands out the call.
            key: of the call; empty for a nudge, which makes a worker look for messages of dead workers.
            terms: of the run.

        Raises:
            RedisError: Redis can't be reached.
        """
        try:
            await self._task.kiq(batch, run, key, *terms)
        except SendTaskError as error:
            raise RedisError(str(error.__cause__)) from error

    async def trim(self) -> bool:
        """Remove what workers have acknowledged.

        Returns:
            Whether workers have received all messages.
        """
        return not await cast("Any", self._redis.eval(_TRIM, 1, QUEUE, _GROUP))

    async def aclose(self) -> None:
        """Disconnect from the queue."""
        await self._broker.shutdown()


async def keep(redis: Redis, worker: str) -> None:
    """Keep a worker's messages: those that one has held for a minute without this go to another one.

    Args:
        redis: a client of the Redis.
        worker: its broker's `consumer_name`.

    Raises:
        RedisError: Redis can't be reached.
    """
    await cast("Any", redis.eval(_KEEP, 1, QUEUE, _GROUP, worker, str(_MOST_HELD)))


def broker_at(url: str) -> RedisStreamBroker:
    """The broker of the queue."""
    return RedisStreamBroker(
        url,
        queue_name=QUEUE,
        consumer_group_name=_GROUP,
        consumer_id="0",
        idle_timeout=_IDLE_MS,
        unacknowledged_lock_timeout=10,
        xread_block=500,
        xread_count=20,
    )


async def _nobody(batch: str, run: str, key: str, operation: str, rate: str, repeat: bool, patience: float) -> None:
    """The task on the side of a run, which only names it; the worker's task makes the call."""
