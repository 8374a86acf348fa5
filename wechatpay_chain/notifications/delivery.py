"""Handing a notification to its handler: once, in time, and with a reply whatever happens."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError, DecodeError, DecryptionError, TrustError
from .inbox import Inbox, Message
from .notification import XML_PREFIX, Notification, Reply
from .once import Once
from .router import Function, Late, Route, deadline_of
from .seen import V2_KEYS, Seen
from .signing import ReplySigner

if TYPE_CHECKING:
    from .._loop_thread import CallingThread
    from .threads import HandlerThreads

_log = logging.getLogger(__name__)
_GRACE = 0.2

_Call = Callable[..., Awaitable[Any]]


@dataclass(slots=True, kw_only=True)
class _Work:
    """A notification on its way to its handler.

    Attributes:
        route: its handler.
        notification: what is handled.
        turn: entered when the handler can start; None for at once.
        call: calls the handler in a thread; None for one that is a coroutine function.
        deadline: seconds until the platform must have its reply; None where the reply waits for the handler.
        is_cancelled_when_late: whether the handler is.
        failed: the status of the reply if it raises.
        has_begun: whether its turn has come.
    """

    route: Route
    notification: Notification[Any]
    turn: AbstractAsyncContextManager[None] | None
    call: _Call | None
    deadline: float | None
    is_cancelled_when_late: bool
    failed: int
    has_begun: bool


class Delivery:
    """Runs handlers.

    Args:
        seen: remembers what was handled.
        key: what is equal in repetitions of one notification.
        deadline: seconds until the platform must have its reply.
        late: what becomes of a handler that isn't done by then.
        sign: signs replies where the platform asks for it.
    """

    def __init__(
        self,
        seen: Seen,
        key: Callable[[Notification[Any]], str],
        deadline: float,
        late: Late,
        sign: ReplySigner | None,
    ) -> None:
        self._once = Once(seen)
        self._key = key
        self._deadline = deadline
        self._late = late
        self._sign = sign
        self._running: set[asyncio.Task[Reply]] = set()
        self._threads_of: dict[int, HandlerThreads] = {}

    def refuse(self, error: ConfigurationError | TrustError, *, xml: bool) -> Reply:
        """Log why a notification isn't believed, and say what to reply: a stranger learns that, not why."""
        _log.warning("a notification was refused: %s", _on_one_line(str(error)))
        if isinstance(error, DecryptionError | ConfigurationError):
            return Reply.failure("not readable here", status=500, xml=xml)
        if isinstance(error, DecodeError):
            return Reply.failure("malformed", status=400, xml=xml)
        return Reply.failure("signature not accepted", status=401, xml=xml)

    async def store(
        self,
        inbox: Inbox,
        message: Callable[[], Message],
        notification: Notification[Any],
        calling_thread: CallingThread | None,
    ) -> Reply:
        """Have a message stored, and say what to reply: success once it is, or that it must be sent again.

        Args:
            inbox: where.
            message: makes what is stored.
            notification: of which the message is made.
            calling_thread: runs `inbox.store` if that is a plain function; by default it runs in a thread of its own.
        """
        route = Route.of(_storing(inbox, message), once=False, signs=False)
        return await self.deliver(route, notification, calling_thread, failed=503)

    async def handle(
        self, route: Route, notification: Notification[Any], calling_thread: CallingThread | None = None
    ) -> Reply:
        """Call a handler without haste: it is waited for, and what it raises is raised here.

        A function in a thread can't be stopped: it is waited for even if this is cancelled, and its reply returned.
        """
        turn, call = self._way(route, calling_thread)
        if call is None:
            return await self._handle(route, notification)
        async with turn or nullcontext():
            return await _finished(self._handle(route, notification, call))

    async def deliver(
        self,
        route: Route | None,
        notification: Notification[Any],
        calling_thread: CallingThread | None = None,
        *,
        failed: int = 500,
    ) -> Reply:
        """Have a notification handled, and say what to reply.

        Args:
            route: its handler.
            notification: what is handled.
            calling_thread: runs handlers that are plain functions; by default they run in threads of their own.
            failed: the status of the reply to one whose handler raises, or isn't done in time.
        """
        if route is None:
            _log.warning("no handler for %s", _named(notification))
            return _failure(notification, "no handler", status=501)
        work = self._work(route, notification, calling_thread, failed)
        if work is None:
            _log.warning(
                "%s: too many wait for their handlers; the platform was told to send it again", _named(notification)
            )
            return _failure(notification, "too many notifications", status=503)
        task = asyncio.create_task(self._guarded(work) if work.turn is None else self._in_turn(work, work.turn))
        self._running.add(task)
        try:
            # Many handlers need no more than one turn of the loop: these pay for no timer (`benchmarks.receivers`).
            await asyncio.sleep(0)
            if not task.done():
                await asyncio.wait({task}, timeout=work.deadline)
        except asyncio.CancelledError:
            # The platform hung up. Whether the handler goes on is the same question as when it is late.
            if work.is_cancelled_when_late:
                task.cancel()
            raise
        finally:
            self._forget(task)
        if task.done() and not task.cancelled():
            return task.result()
        if work.is_cancelled_when_late or (self._late == "cancel" and not work.has_begun):
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE)
        _log.warning(
            "%s: not handled within %g s; the platform was told to send it again", _named(notification), work.deadline
        )
        return _failure(notification, "not handled in time", status=work.failed if work.has_begun else 503)

    async def drain(self) -> None:
        """Wait for the handlers that go on in the background."""
        while self._running:
            await asyncio.wait(self._running)

    def _forget(self, task: asyncio.Task[Reply]) -> None:
        """Hold a task no more, once it is done."""
        if task.done():
            self._running.discard(task)
        else:
            task.add_done_callback(self._running.discard)

    def _work(
        self, route: Route, notification: Notification[Any], calling_thread: CallingThread | None, failed: int
    ) -> _Work | None:
        """How a handler is called; None if its turn comes too late."""
        waits = not route.in_loop and calling_thread is not None
        deadline = deadline_of(notification, self._deadline)
        if not route.in_loop and not waits and self._threads.delay() > deadline:
            return None
        turn, call = self._way(route, calling_thread)
        return _Work(
            route=route,
            notification=notification,
            turn=turn,
            call=call,
            deadline=None if waits else deadline,
            # A function in a thread can't be stopped; its claim must not be given back while it works.
            is_cancelled_when_late=route.in_loop and self._late == "cancel",
            failed=failed,
            has_begun=turn is None,
        )

    def _way(
        self, route: Route, calling_thread: CallingThread | None
    ) -> tuple[AbstractAsyncContextManager[None] | None, _Call | None]:
        """What is entered when the handler can start, and what calls it in a thread."""
        if route.in_loop:
            return None, None
        if calling_thread is not None:
            return None, calling_thread.call
        return self._threads.turn(), self._threads.call

    @property
    def _threads(self) -> HandlerThreads:
        from .threads import HandlerThreads

        # Threads don't survive a fork: workers that were forked from one that had handled something start their own.
        return self._threads_of.get(os.getpid()) or self._threads_of.setdefault(os.getpid(), HandlerThreads())

    async def _in_turn(self, work: _Work, turn: AbstractAsyncContextManager[None]) -> Reply:
        async with turn:
            work.has_begun = True
            return await self._guarded(work)

    async def _guarded(self, work: _Work) -> Reply:
        notification = work.notification
        handle = partial(self._handle, work.route, notification, work.call)
        try:
            if not work.route.once:
                return await handle()
            key = self._key(notification)
            reply = await self._once.handle(V2_KEYS + key if _is_v2(notification) else key, handle)
        except Exception:  # noqa: BLE001 - a handler or a store may raise anything, and the platform needs a reply
            _log.exception("%s: its handler failed", _named(notification))
            return _failure(notification, "not handled", status=work.failed)
        if isinstance(reply, Reply):
            return reply
        if reply == "done":
            return _success(notification)
        # Not a success: should the other one fail, the platform must send it again.
        return _failure(notification, "being handled", status=503)

    async def _handle(self, route: Route, notification: Notification[Any], call: _Call | None = None) -> Reply:
        answer = route.function(notification) if call is None else await call(route.function, notification)
        if inspect.isawaitable(answer):
            answer = await answer
        reply = _reply(answer, notification)
        if route.signs and self._sign is not None:
            reply = replace(reply, headers={**reply.headers, **await self._sign.headers(reply.body)})
        return reply


async def _finished(handling: Coroutine[Any, Any, Reply]) -> Reply:
    """The end of what can't be stopped, however often the one who waits for it is cancelled."""
    task = asyncio.create_task(handling)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    return task.result()


def _storing(inbox: Inbox, message: Callable[[], Message]) -> Function[Any]:
    """The handler that puts a message into the inbox: a coroutine function if `store` is one."""

    def store(_: Notification[Any]) -> Any:
        return inbox.store(message())

    async def store_here(_: Notification[Any]) -> None:
        await cast("Awaitable[None]", inbox.store(message()))

    return store_here if inspect.iscoroutinefunction(inbox.store) else store


def _reply(answer: object, notification: Notification[Any]) -> Reply:
    if isinstance(answer, Reply):
        return answer
    if answer is None or isinstance(answer, Mapping):
        return _success(notification, cast("Mapping[str, Any] | None", answer))
    raise TypeError(f"the handler returned a {type(answer).__name__}, neither None nor a dict nor a Reply")


def _is_v2(notification: Notification[Any]) -> bool:
    return notification.event_type.startswith(XML_PREFIX)


def _success(notification: Notification[Any], fields: Mapping[str, Any] | None = None) -> Reply:
    return Reply.success(fields, xml=_is_v2(notification))


def _failure(notification: Notification[Any], message: str, *, status: int = 500) -> Reply:
    return Reply.failure(message, status=status, xml=_is_v2(notification))


def _named(notification: Notification[Any]) -> str:
    return _on_one_line(f"{notification.event_type} ({notification.original_type}) {notification.id}")


def _on_one_line(text: str) -> str:
    """A text whose line ends and control characters are escaped: it comes from strangers and goes into logs."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
