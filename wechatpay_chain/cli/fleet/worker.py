"""`work`: makes the calls that runs hand out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, TypeVar

from ..._extras import extra
from ..._waits import Waits
from ...batch import Caller, Item
from ...batch.journaled_calls import check_options
from ...policies.ratelimit import DistributedLimiter, RateLimits
from ...policies.retry import is_idempotent
from ..settings import Settings
from .connection import end, redis_at
from .notes import Notes
from .queue import QUEUE, Terms, broker_at, keep

with extra("taskiq"):
    from taskiq.api import run_receiver_task

with extra("redis"):
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

T = TypeVar("T")

# Seconds between two checks of the current run, between two signs of life, and between two tries of a note.
_LOOK = 0.5
_TRIES = 20


async def work(url: str, settings: Settings, *, among: int, concurrency: int) -> None:
    """Make the calls that are handed out, until it is cancelled.

    Args:
        url: of the Redis.
        settings: of the client.
        among: how many workers share the limits.
        concurrency: how many calls are made at once.

    Raises:
        ConfigurationError: a number is less than 1, or no client can be made of the settings.
    """
    from ...contrib.limits import RedisLimiter

    check_options(concurrency=concurrency)
    await settings.client().aclose()  # refuses wrong settings now: taskiq would drop calls whose client can't be made
    broker = broker_at(url)
    broker.is_worker_process = True
    async with redis_at(url) as redis, AsyncExitStack() as clients:
        worker = _Worker(redis, settings, RedisLimiter(redis, among=among), clients)

        async def call(
            batch: str, run: str, key: str, operation: str, rate: str, repeat: bool, patience: float
        ) -> None:
            await worker.call(batch, run, key, Terms(operation, rate, repeat, patience))

        broker.register_task(call, task_name=QUEUE)  # taskiq renames it, which no method allows
        watching = asyncio.create_task(worker.watch())
        keeping = asyncio.create_task(_keep(redis, broker.consumer_name))
        try:
            await run_receiver_task(broker, run_startup=True, max_async_tasks=concurrency)
        finally:
            await end(watching)
            await end(keeping)
            await worker.end_calls()
            await broker.shutdown()


async def _keep(redis: Redis, worker: str) -> None:
    """Keep this worker's messages while their calls wait for a permit or for their next try."""
    while True:
        await asyncio.sleep(_LOOK)
        with suppress(RedisError, OSError):
            await keep(redis, worker)


async def _noted(note: Callable[[], Awaitable[T]]) -> T:
    """Write a note, with further tries while Redis fails: without it, the run would wait forever."""
    for _ in range(_TRIES - 1):
        with suppress(RedisError, OSError):
            return await note()
        await asyncio.sleep(_LOOK)
    return await note()


class _Worker:
    """Makes the calls that are handed out.

    Args:
        redis: holds the notes of the calls.
        settings: of the clients.
        limiter: shared by the workers.
        clients: closes the clients that are made.
    """

    def __init__(self, redis: Redis, settings: Settings, limiter: DistributedLimiter, clients: AsyncExitStack) -> None:
        self._redis = redis
        self._settings = settings
        self._limiter = limiter
        self._clients = clients
        self._callers: dict[Terms, Caller] = {}
        self._waits: dict[tuple[str, str], Waits] = {}
        self._under_way: set[asyncio.Task[Any]] = set()

    async def call(self, batch: str, run: str, key: str, terms: Terms) -> None:
        """The task: make a call, if it is still to be made.

        Args:
            batch: its name.
            run: the run that hands it out.
            key: of the call; empty for a nudge.
            terms: of the run.
        """
        task = asyncio.current_task()
        if task is not None:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        notes = Notes(self._redis, batch)
        begun = await _noted(partial(notes.begin, key, run)) if key else None
        if begun is None:
            return
        call, was_begun = begun
        item = Item.unpack(key, call.packed.encode())
        # A worker that died may have sent it. For an operation that isn't idempotent, notes in Redis are no proof;
        # runs hand out no such calls, unless their catalogue is newer.
        was_sent = call.was_sent or was_begun or not is_idempotent(item.request(retry=terms.repeat or None))
        self._waits.setdefault((batch, run), Waits()).join()
        result = await self._caller(terms).call(item, was_sent=was_sent)
        await _noted(partial(notes.end, key, call, result))

    async def end_calls(self) -> None:
        """End the calls that are running: taskiq doesn't, and they would open connections again after the end."""
        for task in list(self._under_way):
            await end(task)

    async def watch(self) -> None:
        """When a run is stopped, give back its calls that wait for a permit or for their next try."""
        while True:
            await asyncio.sleep(_LOOK)
            for (batch, run), waits in list(self._waits.items()):
                with suppress(RedisError, OSError):
                    if await Notes(self._redis, batch).run() != run:
                        del self._waits[batch, run]
                        waits.end()

    def _caller(self, terms: Terms) -> Caller:
        caller = self._callers.get(terms)
        if caller is None:
            overrides = {terms.operation: terms.rate} if terms.rate else {}
            client = self._settings.client(rate_limits=RateLimits(overrides=overrides, shared=self._limiter))
            self._clients.push_async_callback(client.aclose)
            caller = self._callers[terms] = Caller(client, repeat=terms.repeat, patience=terms.patience)
        return caller
