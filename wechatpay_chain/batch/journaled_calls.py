"""`JournaledCalls`: the loop over the items of a journal, for any way of calling them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .._arguments import COUNT, a_function, a_number, check
from .._counting import Counting, EarlierCalls
from .._waits import Waits
from ..errors import ConfigurationError
from ..http.path import literal_path
from .caller import ItemCaller
from .intake import REMEDY
from .items import Item, pack_all
from .journal import Entry, Journal
from .pages import pages
from .progress import Progress
from .refusals import EqualRefusals
from .result import Result
from .results_file import write_lines
from .tally import Tally

# Seconds between looks for further items.
_LOOK = 0.05
_MOST_CONFLICTS = 20
_TAKES = {
    "concurrency": COUNT,
    # Of calls that are handed out as JSON, which has no infinity.
    "patience": a_number(0, inf, "Give a finite number of seconds"),
    "most_equal_refusals": COUNT.or_none(),
    "on_progress": a_function("Give a function that takes the Progress, such as print").or_none(),
    "time": a_function("Give a function that returns Unix time in seconds, such as time.time"),
}


class JournaledCalls:
    """The loop of every batch: calls the items of a journal.

    Args:
        caller: calls the items.
        journal: of the items; it is closed with the batch.
        resolves: whether the caller can resolve items of unknown outcome.
        concurrency: how many items are called at once.
        longest_call: seconds that a call takes at most, including the wait for its turn.
        most_equal_refusals: as for `Batch`.
        on_progress: as for `Batch`.
        monotonic: as for `Batch`.
    """

    def __init__(
        self,
        caller: ItemCaller,
        journal: Journal,
        *,
        resolves: bool,
        concurrency: int,
        longest_call: float = 600.0,
        most_equal_refusals: int | None = 100,
        on_progress: Callable[[Progress], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._caller = caller
        self._journal = journal
        self._resolves = resolves
        self._longest_call = longest_call
        self._earlier: EarlierCalls | None = None
        self._is_running = self._is_stopping = False
        self._most_equal_refusals = most_equal_refusals
        self._waits = Waits()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calling = 0
        self._failure: Exception | None = None
        self._taking: asyncio.Task[None] | None = None
        self._concurrency = concurrency
        self._monotonic = monotonic
        self._tally = Tally(on_progress, monotonic)

    async def check(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        """Compare an input with the journal before it is given to `run`; nothing of it is written or sent.

        Args:
            items: a file's, or any others.

        Raises:
            ConfigurationError: items are malformed, stand in the journal with other content that must not be replaced
                because it was sent, or stand earlier in the input with other content. Up to twenty of them are named
                with their lines.
        """
        if self._is_running:
            raise _running()
        await self._journal.begin_check()
        named: list[str] = []
        count, where = 0, "in the journal"
        async for page in pages(items):
            for index, state in await self._journal.conflicts(pack_all(page)):
                count += 1
                if state is None:
                    where = "in the journal, or in an earlier row,"
                if len(named) < _MOST_CONFLICTS:
                    item = page[index]
                    line = f"line {item.line}: " if item.line is not None else ""
                    named.append(f"{line}{item.pack()[0]!r} ({state or 'in an earlier row'})")
        if count:
            more = f" and {count - len(named)} more" if count > len(named) else ""
            raise ConfigurationError(
                "items",
                f"{count} of them are {where} with other content: {', '.join(named)}{more}",
                f"Nothing was sent. {REMEDY}",
            )

    async def run(self, items: Iterable[Item] | AsyncIterable[Item] | None = None) -> Progress:
        """Take the items into the journal, and call those of them that have not ended.

        Waiting items of the journal that the input doesn't have become `withheld`: a row that was removed from the
        input must not be sent. `sent` items that the input doesn't have are left alone. Without an input, all items of
        the journal go on except withheld ones. After a run that was stopped before it had read its input, these are all
        items that it had not read.

        Args:
            items: from a file or elsewhere, of any number; read as fast as the disk allows. None goes on with the
                journal's items.

        Returns:
            How it ended. Items are left `waiting` only if an outage lasted longer than `patience`, the client can't
            call (see `codes`), or too many refusals were equal (see `stopped_by`). The next run goes on with them.

        Raises:
            ConfigurationError: an item is malformed, or was sent with other content and not refused, or this batch is
                running already. Items before it are in the journal, and calls under way have ended; the next run goes
                on.
        """
        if self._is_running:
            raise _running()
        self._is_running = True
        try:
            return await self._run(items)
        finally:
            self._is_running = False

    async def _run(self, items: Iterable[Item] | AsyncIterable[Item] | None) -> Progress:
        earlier = self._earlier = self._earlier or await self._earlier_calls()
        if self._resolves:
            await self._journal.reopen()
        await self._journal.begin(everything=items is None)
        if items is not None:
            # Before the input is read, so that a run that ends early leaves no removed row waiting.
            await self._journal.withhold()
        states, codes = await self._journal.counts(), await self._journal.codes()
        self._tally.begin(states, codes, EqualRefusals(self._most_equal_refusals))
        self._is_stopping, self._failure = False, None
        self._waits, self._loop = Waits(), asyncio.get_running_loop()
        line: asyncio.Queue[Entry | None] = asyncio.Queue(self._concurrency)
        taking = self._taking = asyncio.create_task(self._take(items))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed(line, taking))
                for _ in range(self._concurrency):
                    tasks.create_task(self._work(line, Counting(earlier, self._journal.time)))
            if self._failure is not None:
                raise self._failure
            if taking.done():
                await taking
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._loop = None
            taking.cancel()
            await asyncio.wait([taking])
            self._tally.tell(always=True)
            # A full disk has raised its error already.
            with suppress(ConfigurationError):
                await self._journal.truncate_log()
        return self.progress

    def stop(self) -> None:
        """Start no more calls: those on the wire end, and `run` returns. The next run goes on.

        Items that wait for their turn under a rate limit, or for their next try, go back to the journal. May be called
        from a signal handler.
        """
        self._is_stopping = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._waits.end)

    @property
    def on_the_wire(self) -> int:
        """How many items are being called now, not counting those that wait for their turn or their next try."""
        return self._calling - len(self._waits)

    @property
    def progress(self) -> Progress:
        """The progress of the run."""
        return self._tally.progress

    def results(self) -> AsyncIterator[Result]:
        """The results of all items, in the order of the input."""
        return self._journal.results()

    async def write_results(self, file: str | Path) -> None:
        """Write a line of JSON for each item: `key`, `state`, `status`, `code`, `message`, `request_id`, `answer`.

        Only its owner may read the file (0600); an existing one is replaced.

        Raises:
            ConfigurationError: the file can't be written.
        """
        await write_lines(self.results(), file)

    async def aclose(self) -> None:
        """Close the journal; the client stays open."""
        await self._journal.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _earlier_calls(self) -> EarlierCalls:
        """Calls of earlier runs. An interrupted call counts from the latest time at which it may have arrived."""
        as_of = self._monotonic()  # before the disk is read, which may take a while
        ended, entries, silence = await self._journal.past()
        if silence is None:
            return EarlierCalls(ended, {}, self._monotonic, as_of)
        items = [Item.unpack(key, request) for key, request in entries]
        operations = Counter(f"{item.method} {literal_path(item.path)}" for item in items)
        ago = max(silence - self._longest_call, 0.0)
        # For later runs, since this one may repeat these calls.
        await self._journal.count([(operation, ago) for operation in operations.elements()])
        cut_off = {operation: [(ago, count)] for operation, count in operations.items()}
        return EarlierCalls(ended, cut_off, self._monotonic, as_of)

    async def _take(self, items: Iterable[Item] | AsyncIterable[Item] | None) -> None:
        if items is None:
            return
        try:
            async for page in pages(items):
                self._tally.take(await self._journal.add(pack_all(page)))
        except Exception:
            self._waits.end()
            raise

    def _stops(self) -> bool:
        """Whether no further call is to be started."""
        taking = self._taking
        failed = taking is not None and taking.done() and (taking.cancelled() or taking.exception() is not None)
        return failed or self._is_stopping or self._failure is not None or bool(self._tally.refusals.stopped_by)

    async def _feed(self, line: asyncio.Queue[Entry | None], taking: asyncio.Task[None]) -> None:
        """Put items that have not ended into the queue, until all are read or something stops the run."""
        after = 0
        while not self._stops():
            complete = taking.done()
            page = await self._journal.in_line(after)
            for entry in page:
                if self._stops():
                    break
                await line.put(entry)
                after = entry.place
            if not page:
                if complete:
                    break
                await asyncio.wait([taking], timeout=_LOOK)
        for _ in range(self._concurrency):
            await line.put(None)

    async def _work(self, line: asyncio.Queue[Entry | None], counting: Counting) -> None:
        """Call items from the queue one after the other. An exception ends the run after the other calls have ended."""
        self._waits.join()
        counting.join()
        while (entry := await line.get()) is not None:
            try:
                if not self._stops():
                    await self._call(entry, counting)
            except Exception as error:  # noqa: BLE001 - raised by run(), once no call is under way any more
                self._failure = self._failure or error
                self._waits.end()
            finally:
                line.task_done()

    async def _call(self, entry: Entry, counting: Counting) -> None:
        self._calling += 1
        counting.calls.clear()
        try:
            result = await self._caller.call(
                Item.unpack(entry.key, entry.request),
                was_sent=entry.was_sent,
                note=partial(self._journal.note, entry),
            )
        finally:
            self._calling -= 1
        await self._journal.ended(entry, result, [*counting.calls])
        self._tally.end(result, was_sent=entry.was_sent)
        if self._tally.refusals.stopped_by:
            self._waits.end()
        self._tally.tell()


def check_options(**given: Any) -> None:
    """Refuse wrong options of a batch, before its journal is opened.

    Args:
        given: some of them, by name.

    Raises:
        ConfigurationError: one is wrong.
    """
    check(_TAKES, **given)


def _running() -> ConfigurationError:
    return ConfigurationError("Batch", "it is running already", "Await its end, then run it again")
