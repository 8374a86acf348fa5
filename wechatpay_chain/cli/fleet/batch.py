"""`FleetBatch`: a batch whose items are called by workers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Self

from ...batch import Progress
from ...batch.batch import JournaledCalls, check_concurrency
from .connection import redis_at
from .journal import FleetJournal
from .notes import Notes
from .queue import Queue, Terms
from .workers import Workers


class FleetBatch(JournaledCalls):
    """A batch whose items are called by workers.

    Args:
        url: of the Redis.
        name: of the batch: the workers' notes of equal ones are the same.
        journal: the file that remembers.
        terms: what is asked of the workers.
        concurrency: how many calls are handed out at once.
        on_progress: called at most once in a second, and in the end.

    Raises:
        ConfigurationError: the journal can't be used, or the concurrency is wrong.
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
        check_concurrency(concurrency)
        run = secrets.token_hex(16)
        self._redis = redis_at(url)
        self._queue = Queue(url)
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

    async def aclose(self) -> None:
        """Hand out nothing more, part from Redis, and close the journal."""
        try:
            await self._workers.aclose()
            await self._queue.aclose()
            await self._redis.aclose()
        finally:
            await super().aclose()
