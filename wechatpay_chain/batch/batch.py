"""`Batch`: the loop over the items of a journal, whoever calls them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from .._counting import Counting, EarlierCalls
from .._threads import in_thread
from .._waits import Waits
from ..errors import ConfigurationError
from ..files.atomic import open_new, tidied, writing
from ..http.path import literal_path
from ..http.timeout import Timeout
from .caller import Caller, Client, ItemCaller, LookUp
from .items import Item
from .journal import REMEDY, Entry, Journal
from .result import Result

_log = logging.getLogger(__name__)
_PAGE = 500
# Seconds that items which come one by one are gathered for, and after which those who wait for them look again.
_GATHER = 0.02
_LOOK = 0.05
_MOST_CONFLICTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch is.

    Attributes:
        waiting: items that are not ended, as far as the input has been read.
        done: items that took effect.
        refused: items that were finally refused.
        unknown: items of which nobody knows, and which may not be repeated.
        rate: items that end in a second, on average since the start of this run.
        remaining: seconds until those waiting are ended, at that rate; None as long as nothing has ended.
        codes: how many items have failed, finally or for this run, with each error code.
        withheld: items that were not sent, and that the input of a later run no longer held: they are not sent.
        stopped_by: the code of so many equal refusals that the run stopped; empty where it did not.
    """

    waiting: int
    done: int
    refused: int
    unknown: int
    rate: float
    remaining: float | None
    codes: Mapping[str, int] = field(default_factory=dict[str, int])
    withheld: int = 0
    stopped_by: str = ""


class JournaledCalls:
    """Items that are called through a journal: the loop of every batch.

    Args:
        caller: calls the items.
        journal: remembers; it is closed with the batch.
        resolves: whether the caller can find out what became of items of unknown outcome.
        concurrency: how many items are with the caller at once.
        longest_call: seconds that a call takes at most, with the waiting for its turn.
        most_equal_refusals: as of a `Batch`, and so are the others.
        on_progress: the same.
        monotonic: the same.
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
        self._refusals = _Refusals(None)
        self._concurrency = concurrency
        self._on_progress = on_progress
        self._monotonic = monotonic
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._ended = 0
        self._started = self._told = monotonic()

    async def check(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        """Compare an input with the journal before it is given to `run`; nothing is written or sent.

        Args:
            items: a file's, or any others.

        Raises:
            ConfigurationError: items are malformed; or in the journal with other content that must not be replaced:
                they were sent; or earlier in the input with other content. All of these are named with their lines, up
                to twenty.
        """
        if self._is_running:
            raise _running()
        await self._journal.begin(everything=False)
        named: list[str] = []
        count, where = 0, "in the journal"
        async for page in _pages(items):
            for index, state in await self._journal.conflicts([item.pack() for item in page]):
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

        What waits in the journal and is not among the items is `withheld`: who takes a row out of the input doesn't
        want it sent. What is `sent` and not among them is left as it is. With no input all goes on that the journal
        has, except what is withheld; after a run that was stopped before it had read its input, that is all it had not
        read.

        Args:
            items: a file's, or any others; read as fast as the disk takes them, so that they may be many. None goes
                on with what the journal has.

        Returns:
            How it ended. Nothing is left `waiting`, unless an outage was longer than `patience`, the client can't call
            (`codes` says so), or too many refusals were equal (`stopped_by`); the next run goes on.

        Raises:
            ConfigurationError: an item is malformed, in the journal with other content after it was sent and not
                refused, or this batch is running already. Those before it are in the journal, and what was under way
                has come to its end; the next run goes on.
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
            # Before the input is read: a run that ends within it leaves nothing waiting that was taken out of it.
            await self._journal.withhold()
        self._counts = Counter(await self._journal.counts())
        self._codes = Counter(await self._journal.codes())
        self._ended, self._started = 0, self._monotonic()
        self._told = self._started
        self._is_stopping, self._failure = False, None
        self._waits, self._loop = Waits(), asyncio.get_running_loop()
        self._refusals = _Refusals(self._most_equal_refusals)
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
            self._tell(always=True)
            # Where the disk is full, that has been raised already.
            with suppress(ConfigurationError):
                await self._journal.truncate_log()
        return self.progress

    def stop(self) -> None:
        """Hand out no more items: what is on the wire comes to its end, and `run` returns. The next run goes on.

        Items that wait for their turn under a rate limit, or for their next try, are given back. May be called from a
        signal handler.
        """
        self._is_stopping = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._waits.end)

    @property
    def on_the_wire(self) -> int:
        """How many items are being called now, without those that wait for their turn or their next try."""
        return self._calling - len(self._waits)

    @property
    def progress(self) -> Progress:
        """Where it is."""
        seconds = self._monotonic() - self._started
        rate = self._ended / seconds if seconds > 0 else 0.0
        waiting = self._counts["waiting"] + self._counts["sent"]
        return Progress(
            waiting=waiting,
            done=self._counts["done"],
            refused=self._counts["refused"],
            unknown=self._counts["unknown"],
            rate=rate,
            remaining=waiting / rate if rate else None,
            codes=dict(self._codes),
            withheld=self._counts["withheld"],
            stopped_by=self._refusals.stopped_by,
        )

    def results(self) -> AsyncIterator[Result]:
        """What came of all items, in the order of the input."""
        return self._journal.results()

    async def write_results(self, file: Path) -> None:
        """Write a line of JSON for each item: `key`, `state`, `status`, `code`, `message`, `request_id`, `answer`.

        The file is for its owner's eyes alone (0600), as the journal is; an existing one is replaced.

        Raises:
            ConfigurationError: the file can't be written.
        """
        part = file.with_name(f".{secrets.token_hex(8)}.part")
        with writing(file):
            try:
                with await open_new(part) as lines:
                    page: list[bytes] = []
                    async for result in self.results():
                        page.append(_line(result))
                        if len(page) == _PAGE:
                            await in_thread(lines.writelines, page)
                            page.clear()
                    await in_thread(lines.writelines, page)
                await in_thread(part.replace, file)
            finally:
                await tidied(partial(part.unlink, missing_ok=True))

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
        """What earlier runs called. Nobody knows when a call that was cut off arrived: it counts as late as it may."""
        ended, entries, silence = await self._journal.past()
        if silence is None:
            return EarlierCalls(ended, {}, self._monotonic)
        items = [Item.unpack(key, request) for key, request in entries]
        operations = Counter(f"{item.method} {literal_path(item.path)}" for item in items)
        ago = max(silence - self._longest_call, 0.0)
        # For the runs after this one, which may find these calls repeated.
        await self._journal.count([(operation, ago) for operation in operations.elements()])
        cut_off = {operation: [(ago, count)] for operation, count in operations.items()}
        return EarlierCalls(ended, cut_off, self._monotonic)

    async def _take(self, items: Iterable[Item] | AsyncIterable[Item] | None) -> None:
        if items is None:
            return
        async for page in _pages(items):
            added = await self._journal.add([item.pack() for item in page])
            self._counts["waiting"] += added.new + added.mended + added.returned
            self._counts["refused"] -= added.mended
            self._counts["withheld"] -= added.returned

    def _stops(self) -> bool:
        """Whether no further item is to be called: calls under way come to their end."""
        taking = self._taking
        failed = taking is not None and taking.done() and (taking.cancelled() or taking.exception() is not None)
        return failed or self._is_stopping or self._failure is not None or bool(self._refusals.stopped_by)

    async def _feed(self, line: asyncio.Queue[Entry | None], taking: asyncio.Task[None]) -> None:
        """Hand out what has not ended, as long as items are taken, until something stops the run."""
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
        """Call one item after the other. What one of them raises ends the run when the others have ended."""
        self._waits.join()
        counting.join()
        while (entry := await line.get()) is not None:
            try:
                if not self._stops():
                    await self._call(entry, counting)
            except Exception as error:  # noqa: BLE001 - raised by run(), once no call is under way any more
                self._failure = self._failure or error
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
        if result.state not in {"waiting", "sent"}:
            self._counts["sent" if entry.was_sent else "waiting"] -= 1
            self._counts[result.state] += 1
            self._ended += 1
        if result.code:
            self._codes[result.code] += 1
        self._refusals.count(result)
        if self._refusals.stopped_by:
            self._waits.end()
        self._tell()

    def _tell(self, *, always: bool = False) -> None:
        now = self._monotonic()
        if self._on_progress is not None and (always or now - self._told >= 1):
            self._told = now
            try:
                self._on_progress(self.progress)
            except Exception:  # noqa: BLE001 - the caller's hook may raise anything, and the calls are good
                _log.exception("on_progress failed")


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
        patience: seconds that an item is tried again, in an outage, before it is left for the next run.
        timeout: of a call, with the waiting for its turn.
        most_equal_refusals: how many items in a row may be refused with the same code before the run stops: the file
            is wrong then, or a right is missing, and the others wait. None never stops.
        on_progress: called at most once in a second, and in the end. If it raises, that is logged.
        time: Unix time in seconds: the journal remembers when calls were made, so that those of the last run count
            under the client's rate limits.
        monotonic: a clock that never goes back, in seconds.
        sleep: a coroutine that waits for so many seconds.

    Raises:
        ConfigurationError: the journal can't be used.
    """

    def __init__(
        self,
        wxpay: Client,
        journal: Path,
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
        check_concurrency(concurrency)
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


def check_concurrency(concurrency: int) -> None:
    """Refuse a concurrency with which nothing would ever be called.

    Raises:
        ConfigurationError: it is less than 1.
    """
    if concurrency < 1:
        raise ConfigurationError("concurrency", f"{concurrency!r} was found", "Give 1 or more")


def _running() -> ConfigurationError:
    return ConfigurationError("Batch", "it is running already", "Await its end, then run it again")


class _Refusals:
    """Counts refusals in a row that have the same code: a wrong file would otherwise be refused line by line."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._code: str = ""
        self._equal = 0
        self.stopped_by = ""

    def count(self, result: Result) -> None:
        if result.state == "done":
            self._equal = 0
        elif result.state == "refused":
            code = result.code or ""
            self._equal = self._equal + 1 if code == self._code else 1
            self._code = code
            if self._most is not None and self._equal >= self._most:
                self.stopped_by = code


async def _pages(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[list[Item]]:
    """Pages of items. Those that come before a mistake in the input are handed out before it is raised."""
    if isinstance(items, AsyncIterable):
        async for page in _gathered(aiter(items)):
            yield page
        return
    iterator = iter(items)
    while True:
        page = list[Item]()
        try:
            await in_thread(page.extend, islice(iterator, _PAGE))
        except Exception:  # whatever the caller's items raise: those before it are not lost
            yield page
            raise
        if not page:
            return
        yield page


async def _gathered(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    """Pages of what comes quickly; what comes slowly is not kept waiting for a page to be full."""

    async def following() -> Item | None:
        return await anext(items, None)

    page = list[Item]()
    coming = asyncio.create_task(following())
    try:
        while True:
            await asyncio.wait([coming], timeout=_GATHER if page else None)
            if not coming.done():
                yield page
                page = []
                continue
            try:
                item = coming.result()
            except Exception:  # the same
                yield page
                raise
            if item is None:
                yield page
                return
            page.append(item)
            coming = asyncio.create_task(following())
            if len(page) == _PAGE:
                yield page
                page = []
    finally:
        coming.cancel()


def _line(result: Result) -> bytes:
    answer: Any = None
    if result.answer:
        try:
            answer = orjson.loads(result.answer)
        except orjson.JSONDecodeError:
            answer = result.answer.decode("utf-8", "replace")
    members = {
        "key": result.key,
        "state": result.state,
        "status": result.status,
        "code": result.code,
        "message": result.message,
        "request_id": result.request_id,
        "answer": answer,
    }
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
