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

    An item is sent once. It is sent again, with the same content, only if it certainly had no effect, or if the call is
    idempotent (a GET, an operation documented as such, or `repeat`); so are items that a crash interrupted. All other
    items of unknown outcome are looked up by `look_up`, or left `unknown` until a later run has `look_up` or `repeat`.

    Args:
        wxpay: makes the calls.
        journal: path of the journal, one file for each batch.
        concurrency: how many calls are under way at once.
        repeat: whether a call may be repeated after it may have arrived, because each item has its own number.
        look_up: finds out whether an item of unknown outcome took effect.
        patience: seconds for which an item is retried in an outage before it is left to the next run; infinity for no
            bound.
        timeout: of a call, including the wait for its turn.
        most_equal_refusals: the run stops after so many items in a row were refused with the same code, as from a wrong
            file or a missing permission; the others wait. None for no bound.
        on_progress: called at most once a second, and at the end. What it raises is logged.
        time: returns Unix time in seconds. The journal keeps the times of calls, so that those of the last run count
            under the client's rate limits.
        monotonic: returns seconds of a clock that never goes back.
        sleep: awaited for a pause in seconds.

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
