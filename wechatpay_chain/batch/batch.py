"""`Batch`: calls in bulk by one client, with a journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from ..http.timeout import Timeout
from .caller import Caller, Client, LookUp
from .journal import Journal
from .journaled_calls import JournaledCalls, check_options
from .progress import Progress


class Batch(JournaledCalls):
    """Calls in bulk, with a journal.

    An item is sent once and, where the client's retries weren't enough, again with the same content: when it certainly
    had no effect, or when the call is idempotent (a GET, an operation documented as such, or `repeat`). One that a
    crash cut off is such a repetition. All others of unknown outcome are looked up by `look_up`, or left
    `unknown`, until a later run is given `look_up` or `repeat`.

    Args:
        wxpay: makes the calls.
        journal: the file that remembers; one for each batch.
        concurrency: how many calls are under way at once.
        repeat: whether a call may be repeated after it may have arrived: all items carry a number of their own.
        look_up: finds out what became of an item of unknown outcome.
        patience: seconds that an item is tried again, in an outage, before it is left for the next run; infinity for as
            long as the outage lasts.
        timeout: of a call, with the waiting for its turn.
        most_equal_refusals: how many items in a row may be refused with the same code before the run stops: the file
            is wrong then, or a right is missing, and the others wait. None never stops.
        on_progress: called at most once in a second, and in the end. If it raises, that is logged.
        time: Unix time in seconds: the journal remembers when calls were made, so that those of the last run count
            under the client's rate limits.
        monotonic: a clock that never goes back, in seconds.
        sleep: a coroutine that waits for so many seconds.

    Raises:
        ConfigurationError: the journal can't be used, or an argument is wrong.
    """

    def __init__(
        self,
        wxpay: Client,
        journal: str | Path,
        *,
        concurrency: int = 32,
        repeat: bool = False,
        look_up: LookUp | None = None,
        patience: float = 3600.0,
        timeout: Timeout = Timeout(total=600, attempt=20),  # noqa: B008 - it is immutable
        most_equal_refusals: int | None = 100,
        on_progress: Callable[[Progress], None] | None = None,
        time: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        check_options(
            concurrency=concurrency, most_equal_refusals=most_equal_refusals, on_progress=on_progress, time=time
        )
        caller = Caller(
            wxpay, repeat=repeat, look_up=look_up, patience=patience, timeout=timeout, monotonic=monotonic, sleep=sleep
        )
        super().__init__(
            caller,
            Journal(journal, time=time),
            resolves=repeat or look_up is not None,
            concurrency=concurrency,
            longest_call=timeout.total,
            most_equal_refusals=most_equal_refusals,
            on_progress=on_progress,
            monotonic=monotonic,
        )
