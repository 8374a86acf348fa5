"""The queue through which a run hands its calls to workers: a stream of Redis, which taskiq reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...contrib._extras import extra

with extra("taskiq"):
    from taskiq import AsyncBroker
    from taskiq_redis import RedisStreamBroker

QUEUE = "wechatpay:calls"
"""The name of the stream, and of the task that its messages are for."""

_IDLE_MS = 60_000


class Terms(NamedTuple):
    """What a run asks of the workers that make its calls.

    Attributes:
        operation: method and path of its calls.
        rate: to be kept in place of the documented ones; empty for these.
        repeat: whether calls may be repeated after they may have arrived.
        patience: seconds that a call is tried again in an outage.
    """

    operation: str
    rate: str
    repeat: bool
    patience: float


class Queue:
    """The queue as a run fills it.

    Args:
        url: of the Redis.
    """

    def __init__(self, url: str) -> None:
        self._broker = broker_at(url)
        self._task: Any = None

    async def open(self) -> None:
        """Make the queue, unless it is there."""
        await self._broker.startup()
        self._task = self._broker.register_task(_nobody, task_name=QUEUE)

    async def put(self, batch: str, run: str, key: str, terms: Terms) -> None:
        """Hand a call to the next worker that is free.

        Args:
            batch: its name.
            run: that hands the call out.
            key: of the call; empty for a nudge, with which a worker looks for what dead ones left.
            terms: of the run.
        """
        await self._task.kiq(batch, run, key, *terms)

    async def aclose(self) -> None:
        """Part from Redis."""
        await self._broker.shutdown()


def broker_at(url: str) -> AsyncBroker:
    """What carries the messages of the queue."""
    return RedisStreamBroker(
        url,
        queue_name=QUEUE,
        consumer_id="0",
        idle_timeout=_IDLE_MS,
        unacknowledged_lock_timeout=10,
        xread_block=500,
        xread_count=20,
    )


async def _nobody(batch: str, run: str, key: str, operation: str, rate: str, repeat: bool, patience: float) -> None:
    """The task as it is handed out; workers have the one that calls."""
