"""`FleetBatch`: a batch whose calls are made by workers."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from ... import catalogue
from ...batch import Item, Progress
from ...batch.journaled_calls import JournaledCalls, check_options
from ...errors import ConfigurationError
from ...http.request import Request
from ...policies.retry import is_idempotent
from .connection import redis_at
from .journal import FleetJournal
from .notes import Notes
from .queue import Queue, Terms
from .workers import Workers


class FleetBatch(JournaledCalls):
    """A batch whose calls are made by workers.

    Args:
        url: of the Redis.
        name: of the batch; batches of the same name share the workers' notes.
        journal: the journal's file.
        terms: for the workers.
        concurrency: how many calls are handed out at once.
        on_progress: called at most once a second, and at the end.

    Raises:
        ConfigurationError: the journal can't be used, the concurrency or the patience is wrong, or the calls may not be
            repeated.
    """

    def __init__(
        self,
        url: str,
        name: str,
        journal: Path,
        *,
        terms: Terms,
        concurrency: int,
        on_progress: Callable[[Progress], None],
    ) -> None:
        check_options(concurrency=concurrency, patience=terms.patience)
        _check_repeatable(terms)
        run = secrets.token_hex(16)
        self._has_ended = False
        self._redis = redis_at(url)
        self._queue = Queue(url, self._redis)
        notes = Notes(self._redis, name)
        self._workers = Workers(self._queue, notes, batch=name, run=run, terms=terms)
        super().__init__(
            self._workers,
            FleetJournal(journal, notes, run),
            resolves=terms.repeat,
            concurrency=concurrency,
            on_progress=on_progress,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._workers.begin()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def run(self, items: Iterable[Item] | AsyncIterable[Item] | None = None) -> Progress:
        """Have the items called; as of every batch."""
        progress = await super().run(items)
        self._has_ended = True
        return progress

    async def aclose(self) -> None:
        """Hand out nothing more, disconnect from Redis, and close the journal."""
        async with AsyncExitStack() as closing:  # each of them, even if an earlier one raises
            closing.push_async_callback(super().aclose)
            closing.push_async_callback(self._redis.aclose)
            closing.push_async_callback(self._queue.aclose)
            await self._workers.aclose(are_taken=self._has_ended and await self._knows_all())

    async def _knows_all(self) -> bool:
        """Whether the journal has the result of every call that was handed out."""
        try:
            return not await self._journal.cut_off()
        except ConfigurationError:  # the journal failed, which the run has already reported
            return False


def _check_repeatable(terms: Terms) -> None:
    """Refuse calls that may take effect twice when they are sent twice.

    A worker may die during a call, and a crash of Redis may lose the note that it was begun: the next worker then
    sends it again.

    Raises:
        ConfigurationError: the operation isn't known as idempotent, and `--repeat` wasn't given.
    """
    method, path = terms.operation.split(" ", 1)
    operation = catalogue.find(method, path)
    if not is_idempotent(
        Request(method=method, template=path, path=path, operation=operation, retry=terms.repeat or None)
    ):
        raise ConfigurationError(
            "--workers",
            f"a call of {terms.operation} may take effect twice if a worker dies and another one sends it again",
            "Leave out --workers: on one machine the journal knows what was sent. Or add --repeat, if each call has a "
            "number of its own with which it takes effect once",
        )
