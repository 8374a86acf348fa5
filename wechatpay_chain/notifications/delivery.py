"""Calling the handler of a notification: once, in time, and with a reply whatever happens."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError, DecodeError, DecryptionError, TrustError, type_of
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
"""Calls a handler in a thread."""


class _Turn:
    """A handler's wait for a thread.

    Args:
        thread: from `HandlerThreads.turn`: entering it waits for a thread.

    Attributes:
        has_come: whether the handler has got a thread.
    """

    __slots__ = ("_thread", "has_come")

    def __init__(self, thread: AbstractAsyncContextManager[None]) -> None:
        self._thread = thread
        self.has_come = False

    async def handle(self, handling: Callable[[], Awaitable[Reply]]) -> Reply:
        """Wait for a thread, and keep it while the handler runs."""
        async with self._thread:
            self.has_come = True
            return await handling()


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
        """Log why a notification is refused, and return a reply that doesn't say why."""
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
        """Store a message; the reply is success once it is stored, else that it must be sent again.

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
        """Call a handler without a deadline; what it raises is raised here.

        A function in a thread can't be stopped: it is waited for even if this is cancelled, and its reply returned.
        """
        if route.in_loop:
            return await self._handle(route, notification, None)
        if calling_thread is not None:
            return await _finished(self._handle(route, notification, calling_thread.call))
        async with self._threads.turn():
            return await _finished(self._handle(route, notification, self._threads.call))

    async def deliver(
        self,
        route: Route | None,
        notification: Notification[Any],
        calling_thread: CallingThread | None = None,
        *,
        failed: int = 500,
    ) -> Reply:
        """Handle a notification within its deadline, and return the reply.

        Args:
            route: its handler.
            notification: what is handled.
            calling_thread: runs handlers that are plain functions; by default they run in threads of their own.
            failed: the status of the reply if the handler raises or isn't done in time.
        """
        if route is None:
            return _without_handler(notification)
        in_time = deadline_of(notification, self._deadline)
        deadline: float | None = in_time
        # A function in a thread can't be stopped, and its claim must not be given back while it works.
        is_cancelled_when_late = route.in_loop and self._late == "cancel"
        call: _Call | None = None
        turn: _Turn | None = None
        if not route.in_loop:
            if calling_thread is not None:
                call, deadline = calling_thread.call, None
            elif self._threads.delay() > in_time:
                _log.warning(
                    "%s: too many wait for their handlers; the platform was told to send it again", _named(notification)
                )
                return _failure(notification, "too many notifications", status=503)
            else:
                call, turn = self._threads.call, _Turn(self._threads.turn())
        handling = partial(self._guarded, route, notification, call, failed)
        task = _started(handling() if turn is None else turn.handle(handling))
        self._running.add(task)
        try:
            # Many handlers need no more than one turn of the loop: these pay for no timer (`benchmarks.receivers`).
            if not task.done():
                await asyncio.sleep(0)
            if not task.done():
                await asyncio.wait({task}, timeout=deadline)
        except asyncio.CancelledError:
            # The platform hung up: the handler goes on or not, as if it were late.
            if is_cancelled_when_late:
                task.cancel()
            raise
        finally:
            self._forget(task)
        if task.done() and not task.cancelled():
            return task.result()
        if task.cancelled():
            _log.warning("%s: its handler was cancelled; the platform was told to send it again", _named(notification))
            return _failure(notification, "not handled", status=failed)
        has_begun = turn is None or turn.has_come
        if is_cancelled_when_late or (self._late == "cancel" and not has_begun):
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE)
        _log.warning(
            "%s: not handled within %g s; the platform was told to send it again", _named(notification), deadline
        )
        return _failure(notification, "not handled in time", status=failed if has_begun else 503)

    async def drain(self) -> None:
        """Wait for handlers that run on in the background."""
        while running := tuple(self._running):
            await asyncio.gather(*map(self._ended, running))

    async def _ended(self, task: asyncio.Task[Reply]) -> None:
        """Wait for a handler, which may run in the loop of another thread (`dispatch_sync`)."""
        here, ended = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: asyncio.Task[Reply]) -> None:
            with suppress(RuntimeError):  # nobody waits any more, and the loop has ended
                here.call_soon_threadsafe(ended.set)

        try:
            task.get_loop().call_soon_threadsafe(task.add_done_callback, tell)
        except RuntimeError:  # its loop has ended, and it with it
            self._running.discard(task)
        else:
            await ended.wait()

    @property
    def is_busy(self) -> bool:
        """Whether handlers are at work."""
        return bool(self._running)

    def _forget(self, task: asyncio.Task[Reply]) -> None:
        """Drop the reference to a task when it is done."""
        if task.done():
            self._running.discard(task)
        else:
            task.add_done_callback(self._running.discard)

    @property
    def _threads(self) -> HandlerThreads:
        from .threads import HandlerThreads

        # By process: threads don't survive a fork.
        return self._threads_of.get(os.getpid()) or self._threads_of.setdefault(os.getpid(), HandlerThreads())

    async def _guarded(self, route: Route, notification: Notification[Any], call: _Call | None, failed: int) -> Reply:
        try:
            if not route.once:
                return await self._handle(route, notification, call)
            key = self._key(notification)
            handle = partial(self._handle, route, notification, call)
            reply = await self._once.handle(V2_KEYS + key if _is_v2(notification) else key, handle)
        except Exception:  # noqa: BLE001 - a handler or a store may raise anything, and the platform needs a reply
            _log.exception("%s: its handler failed", _named(notification))
            return _failure(notification, "not handled", status=failed)
        if isinstance(reply, Reply):
            return reply
        if reply == "done":
            return _success(notification)
        # No success, because the platform must send it again if the other worker fails.
        return _failure(notification, "being handled", status=503)

    async def _handle(self, route: Route, notification: Notification[Any], call: _Call | None) -> Reply:
        answer = route.function(notification) if call is None else await call(route.function, notification)
        if inspect.isawaitable(answer):
            answer = await answer
        reply = _reply(answer, notification)
        if route.signs and self._sign is not None:
            reply = replace(reply, headers={**reply.headers, **await self._sign.headers(reply.body)})
        return reply


def _started(handling: Coroutine[Any, Any, Reply]) -> asyncio.Task[Reply]:
    """Start a task. From Python 3.12 on it runs at once until its first wait, unless the loop has a task factory.

    That saves a turn of the loop, which takes as long as decrypting a notification (`benchmarks.receivers`).
    """
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12) and loop.get_task_factory() is None:
        return asyncio.Task(handling, loop=loop, eager_start=True)
    return loop.create_task(handling)


async def _finished(handling: Coroutine[Any, Any, Reply]) -> Reply:
    """The result of something that can't be stopped, even if the waiting task is cancelled repeatedly."""
    task = asyncio.create_task(handling)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    return task.result()


def _storing(inbox: Inbox, message: Callable[[], Message]) -> Function[Any]:
    """A handler that stores a message in the inbox: a coroutine function if `store` is one."""

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
    raise TypeError(f"the handler returned {type_of(answer)}, neither None nor a dict nor a Reply")


def _without_handler(notification: Notification[Any]) -> Reply:
    _log.warning(
        "no handler for %s: register one with @webhook.on(%a), or for all else with @webhook.on()",
        _named(notification),
        notification.event_type,
    )
    return _failure(notification, "no handler", status=501)


def _is_v2(notification: Notification[Any]) -> bool:
    return notification.event_type.startswith(XML_PREFIX)


def _success(notification: Notification[Any], fields: Mapping[str, Any] | None = None) -> Reply:
    return Reply.success(fields, xml=_is_v2(notification))


def _failure(notification: Notification[Any], message: str, *, status: int = 500) -> Reply:
    return Reply.failure(message, status=status, xml=_is_v2(notification))


def _named(notification: Notification[Any]) -> str:
    return _on_one_line(f"{notification.event_type} ({notification.original_type}) {notification.id}")


def _on_one_line(text: str) -> str:
    """A text with line ends and control characters escaped: it comes from strangers and goes into logs."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
