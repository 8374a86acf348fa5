"""`Workers`: hands out the items of a batch to workers, and waits for the results."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import NamedTuple

from ..._extras import extra
from ..._waits import Waits, current
from ...batch import Item, Result
from ...batch.caller import Note
from ...errors import ConfigurationError
from .connection import end, reaching
from .notes import Call, Notes
from .queue import Queue, Terms

with extra("redis"):
    from redis.exceptions import RedisError

# Seconds between two checks of which calls have begun or ended, and between two nudges.
_LOOK = 0.1
_NUDGE = 0.5


class _Open(NamedTuple):
    """The futures of a call that is handed out: one is resolved when a worker begins it, one when it has ended."""

    begun: asyncio.Future[None]
    result: asyncio.Future[Result]


class Workers:
    """The workers from the side of a batch, which hands out calls to them.

    Args:
        queue: where calls are handed out.
        notes: of the batch.
        batch: its name.
        run: identifies this run.
        terms: of this run.
    """

    def __init__(self, queue: Queue, notes: Notes, *, batch: str, run: str, terms: Terms) -> None:
        self._queue = queue
        self._notes = notes
        self._batch = batch
        self._run = run
        self._terms = terms
        self._looking: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._open: dict[str, _Open] = {}
        self._waits = Waits()

    async def begin(self) -> None:
        """Make this the current run: from now on, workers begin no call of an earlier one.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        with reaching():
            await self._notes.begin_run(self._run)
            await self._queue.open()
        self._looking = asyncio.create_task(self._look())

    async def call(self, item: Item, *, was_sent: bool, note: Note) -> Result:
        """Hand out an item, and wait for its result.

        If the batch is stopped before a worker has begun it, it is taken back.

        Raises:
            ConfigurationError: Redis can't be reached any more, or another run has taken over.
        """
        key, packed = item.pack()
        loop, self._waits = asyncio.get_running_loop(), current()
        handed = _Open(loop.create_future(), loop.create_future())
        # Before it is noted as sent: if something fails in between, Redis shows that no worker has begun it.
        with reaching():
            is_handed_out = await self._notes.hand_out(key, Call.of(packed, was_sent=was_sent), self._run)
        if not is_handed_out:
            raise self._taken_over()
        if self._failure is not None:  # nothing checks any more whether it begins
            raise self._failure
        self._open[key] = handed  # not before: until then Redis has its result in an earlier run
        try:
            if not was_sent:
                await note("sent")
            with reaching():  # from now on a worker may begin it
                await self._put(key)
            if not await self._is_begun(key, handed):
                return Result(key=key, state="sent" if was_sent else "waiting")
            return await handed.result
        finally:
            del self._open[key]

    async def aclose(self, *, are_taken: bool) -> None:
        """Take back what no worker has begun.

        Args:
            are_taken: whether the journal has the result of every call, so that Redis need not keep it.
        """
        if self._looking is not None:
            await end(self._looking)
            with suppress(RedisError, OSError):  # the next run finds what is still handed out
                await self._notes.end_run(self._run, are_taken=are_taken)

    async def _put(self, key: str) -> None:
        await self._queue.put(self._batch, self._run, key, self._terms)

    async def _is_begun(self, key: str, handed: _Open) -> bool:
        """Wait until a worker has begun a call; False if the batch is stopped before."""
        try:
            async with asyncio.timeout(None) as timeout:
                with self._waits.hold(timeout):
                    await asyncio.shield(handed.begun)
        except TimeoutError:
            with reaching():
                await self._notes.withdraw(self._run)
                ((begun, _),) = await self._notes.progress([key])
                if begun is None or begun.run != self._run:  # and from now on no worker can begin it
                    await self._notes.take_back(key, self._run)
                    return False
        return True

    async def _look(self) -> None:
        """Check again and again which calls have begun or ended, and resolve their futures."""
        nudged = 0.0
        try:
            while True:
                await asyncio.sleep(_LOOK)
                await self._look_once()
                nudged += _LOOK
                if nudged >= _NUDGE:
                    nudged = 0.0
                    with reaching():
                        # The broker looks for messages of dead workers only when a new one comes.
                        if await self._queue.trim():
                            await self._put("")
        except Exception as error:  # noqa: BLE001 - any error ends the checks, so all who wait must get it
            self._failure = error
            for begun, result in self._open.values():
                for future in (begun, result):
                    if not future.done():
                        future.set_exception(error)
                        future.exception()  # marks it as read: only one of the two is awaited

    async def _look_once(self) -> None:
        """Resolve the futures of the calls that have begun or ended.

        Raises:
            ConfigurationError: Redis can't be reached, or another run hands out.
        """
        keys = list(self._open)
        with reaching():
            if self._waits.is_ended:
                await self._notes.withdraw(self._run)
            run = await self._notes.run()
            progress = await self._notes.progress(keys)
        if run not in {self._run, None}:
            raise self._taken_over()
        for key, (begun, ended) in zip(keys, progress, strict=True):
            handed = self._open.get(key)
            if handed is None:
                continue
            has_begun = ended is not None or (begun is not None and begun.run == self._run)
            if has_begun and not handed.begun.done():
                handed.begun.set_result(None)
            if ended is not None and not handed.result.done():
                handed.result.set_result(ended.result)

    def _taken_over(self) -> ConfigurationError:
        return ConfigurationError(
            "--workers",
            f"another run of {self._batch} has begun, and hands its calls out now",
            "Let that one come to its end; give batches that run at a time tables of different names",
        )
