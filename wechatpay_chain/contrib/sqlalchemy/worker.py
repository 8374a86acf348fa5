"""`Worker`: handles the messages of a `SqlInbox`."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any, Self

from ..._arguments import COUNT, FINITE_SECONDS, SECONDS, check, instance, with_methods
from ..._extras import extra
from ...notifications.inbox import Event, Observer
from ...notifications.once import KeptClaims
from ...notifications.webhook import Webhook
from ...policies.backoff import Backoff
from .claims import Claim
from .inbox import SqlInbox
from .sessions import Claimed, handling

with extra("sqlalchemy"):
    from sqlalchemy.exc import SQLAlchemyError

_log = logging.getLogger(__name__)
# Raised when the database can't be reached: asyncpg's connection errors aren't SQLAlchemy's.
_GONE = (SQLAlchemyError, OSError)
_UNTIL_IT_IS_BACK = Backoff(0.5, 10.0, 0.5)

_TAKES = {
    "inbox": instance(SqlInbox, "Give SqlInbox(engine)"),
    "webhook": instance(Webhook, "Give the Webhook that has the handlers"),
    "concurrency": COUNT,
    "poll": FINITE_SECONDS,
    "observer": with_methods(
        "handling", "counted", remedy="Give OpenTelemetryInbox(), of contrib.opentelemetry"
    ).or_none(),
    "count_every": SECONDS,
}


class Worker:
    """Has the messages of an inbox handled by the handlers of a webhook.

    One may run in each process of the service, or in processes of their own:

        asyncio.run(Worker(inbox, webhook).run())

    A handler that fails is tried again by the inbox's `patience`, then its message is dead. When the worker is killed,
    its claims expire with their leases. A handler with `with_session` takes effect exactly once; any other one at least
    once: it may run again if the worker dies between its end and the note of it.

    Args:
        inbox: holds the messages.
        webhook: has the handlers; it need not be the one that receives.
        concurrency: how many messages are handled at once.
        poll: seconds to wait before looking again, when nothing is due.
        observer: is called for each handling and with the counts of the inbox, such as
            `contrib.opentelemetry.OpenTelemetryInbox`.
        count_every: seconds between two counts for the observer.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(
        self,
        inbox: SqlInbox,
        webhook: Webhook,
        *,
        concurrency: int = 4,
        poll: float = 1.0,
        observer: Observer | None = None,
        count_every: float = 15.0,
    ) -> None:
        check(
            _TAKES,
            inbox=inbox,
            webhook=webhook,
            concurrency=concurrency,
            poll=poll,
            observer=observer,
            count_every=count_every,
        )
        self._inbox = inbox
        self._claims = KeptClaims(inbox.lease)
        self._webhook = webhook
        self._concurrency = concurrency
        self._poll = poll
        self._observer = observer
        self._count_every = count_every
        self._stopping = asyncio.Event()
        self._handled = 0

    async def run(self) -> None:
        """Handle messages until `stop` is called, or this is cancelled.

        When cancelled, it cancels handlers that are coroutine functions, waits for those in threads, and gives back the
        messages that weren't handled.
        """
        async with _Slots(self._concurrency) as slots, self._counting():
            failures = 0
            while not self._stopping.is_set():
                await slots.acquire()
                if self._stopping.is_set():
                    break
                try:
                    claim = await self._inbox.claim()
                except _GONE as error:
                    failures += 1
                    pause = _pause(failures)
                    _log.warning("the inbox can't be read: %s; again in %.1f s", _brief(error), pause)
                    claim = None
                else:
                    failures, pause = 0, self._poll
                if claim is not None:
                    slots.start(self._handle(claim))
                else:
                    slots.release()
                    await self._wait(pause)

    async def drain(self) -> int:
        """Handle what is due now, and return how many handlings succeeded: for a job that runs from time to time.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database failed.
        """
        before = self._handled
        async with _Slots(self._concurrency) as slots:
            while True:
                await slots.acquire()
                claim = await self._inbox.claim()
                if claim is not None:
                    slots.start(self._handle(claim))
                    continue
                slots.release()
                if not await slots.wait_for_one():
                    return self._handled - before

    def stop(self) -> None:
        """Make `run` return after the handlers that are running."""
        self._stopping.set()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _handle(self, claim: Claim) -> None:
        claimed = Claimed(self._inbox.database, lambda connection: self._inbox.note(connection, claim, Event.HANDLED))
        # What is noted of a message whose handler was cancelled because the worker is stopping.
        event, error = Event.RELEASED, ""
        try:
            async with self._claims.kept(partial(self._renew, claim, claimed)):
                with handling(claimed):
                    await self._call(claim)
            event = Event.HANDLED
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            event, error = Event.FAILED, "CancelledError"  # the handler cancelled itself
        except (KeyboardInterrupt, GeneratorExit):
            raise  # the program ends, which says nothing about the handler
        except SystemExit:
            # It ends the worker. It counts as a try: else the message would end every worker after this one.
            event, error = Event.FAILED, "SystemExit"
            raise
        except BaseException as failure:  # noqa: BLE001 - a handler may raise anything, such as gevent.Timeout
            event, error = Event.FAILED, str(failure) if isinstance(failure, _RefusedError) else type(failure).__name__
            _log.exception("%s %s: try %d of %d failed", claim.event_type, claim.key, claim.tries, self._most)
        finally:
            self._handled += event is Event.HANDLED
            if not claimed.is_noted:
                await asyncio.shield(self._settle(claim, event, error))

    async def _call(self, claim: Claim) -> None:
        message = self._inbox.message(claim)
        with nullcontext() if self._observer is None else self._observer.handling(message, claim.tries):
            reply = await self._webhook.handle(message.notification())
            if not reply.ok:
                raise _RefusedError(f"replied {reply.status}")

    async def _renew(self, claim: Claim, claimed: Claimed) -> bool:
        # The handler's transaction holds the row.
        return claimed.is_in_session or claimed.is_noted or await self._inbox.renew(claim)

    async def _settle(self, claim: Claim, event: Event, error: str) -> None:
        """Note how handling went; while the database can't be reached, try again for as long as the claim may last."""
        failures = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(self._inbox.lease):
                while True:
                    try:
                        await self._inbox.settle(claim, event, error)
                    except _GONE:
                        failures += 1
                        await asyncio.sleep(_pause(failures))
                    else:
                        return
        _log.error("%s %s: %s could not be noted; it may be handled again", claim.event_type, claim.key, event)

    @asynccontextmanager
    async def _counting(self) -> AsyncGenerator[None]:
        """Give the observer the counts of the inbox, again and again while the block runs."""
        if self._observer is None:
            yield
            return
        task = asyncio.create_task(self._count(self._observer))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _count(self, observer: Observer) -> None:
        while True:
            try:
                observer.counted(await self._inbox.count())
            except _GONE as error:
                _log.warning("the inbox can't be counted: %s", _brief(error))
            await asyncio.sleep(self._count_every)

    @property
    def _most(self) -> int:
        return self._inbox.patience.most


class _RefusedError(Exception):
    """A handler replied that it had failed, or there is no handler."""


class _Slots:
    """Runs a limited number of tasks at once. Its exit waits for them; after an exception, it first cancels them."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._cancel()
        again: asyncio.CancelledError | None = None
        while self._running:
            try:
                await asyncio.wait(self._running)
            except asyncio.CancelledError as error:
                again = error
                self._cancel()
        if again is not None:
            raise again

    async def acquire(self) -> None:
        await self._free.acquire()

    def release(self) -> None:
        self._free.release()

    def start(self, handling: Coroutine[Any, Any, None]) -> None:
        """Start a task in a slot that was acquired; it is released when the task ends."""
        task = asyncio.create_task(handling)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def wait_for_one(self) -> bool:
        """Wait until a task ends; False if none runs."""
        if not self._running:
            return False
        await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._free.release()

    def _cancel(self) -> None:
        for task in self._running:
            task.cancel()


def _brief(error: SQLAlchemyError | OSError) -> str:
    """The driver's message, without the statement."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _pause(failures: int) -> float:
    return _UNTIL_IT_IS_BACK.pause(failures, random.random())  # noqa: S311 - spreads, guards nothing
