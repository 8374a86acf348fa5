"""Handing a notification to its handler: once, in time, and with a reply whatever happens."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError, DecodeError, DecryptionError, TrustError
from .notification import XML_PREFIX, Notification, Reply
from .once import once
from .router import Answer, Late, Route
from .seen import V2_KEYS, Seen
from .signing import ReplySigner

if TYPE_CHECKING:
    from .._loop_thread import CallingThread
    from .threads import HandlerThreads

_log = logging.getLogger(__name__)
_GRACE = 0.2


@dataclass(slots=True, kw_only=True)
class _Work:
    """A notification on its way to its handler.

    Attributes:
        route: its handler.
        notification: what is handled.
        turn: entered when the handler can start.
        call: calls the handler.
        deadline: seconds until the platform must have its reply; None where the reply waits for the handler.
        is_cancelled_when_late: whether the handler is.
        has_begun: whether its turn has come.
    """

    route: Route
    notification: Notification[Any]
    turn: AbstractAsyncContextManager[None]
    call: Callable[..., Any]
    deadline: float | None
    is_cancelled_when_late: bool
    has_begun: bool = field(default=False, init=False)


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
        self._seen = seen
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

    async def deliver(
        self, route: Route | None, notification: Notification[Any], calling_thread: CallingThread | None = None
    ) -> Reply:
        """Have a notification handled, and say what to reply.

        Args:
            route: its handler.
            notification: what is handled.
            calling_thread: runs handlers that are plain functions; by default they run in threads of their own.
        """
        if route is None:
            _log.warning("no handler for %s", _named(notification))
            return _failure(notification, "no handler", status=501)
        work = self._work(route, notification, calling_thread)
        if work is None:
            _log.warning(
                "%s: too many wait for their handlers; the platform was told to send it again", _named(notification)
            )
            return _failure(notification, "too many notifications", status=503)
        task = asyncio.create_task(self._guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.wait({task}, timeout=work.deadline)
        except asyncio.CancelledError:
            # The platform hung up. Whether the handler goes on is the same question as when it is late.
            if work.is_cancelled_when_late:
                task.cancel()
            raise
        if task.done() and not task.cancelled():
            return task.result()
        if work.is_cancelled_when_late or (self._late == "cancel" and not work.has_begun):
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE)
        _log.warning(
            "%s: not handled within %g s; the platform was told to send it again", _named(notification), self._deadline
        )
        return _failure(notification, "not handled in time", status=500 if work.has_begun else 503)

    async def drain(self) -> None:
        """Wait for the handlers that go on in the background."""
        while self._running:
            await asyncio.wait(self._running)

    def _work(
        self, route: Route, notification: Notification[Any], calling_thread: CallingThread | None
    ) -> _Work | None:
        """How a handler is called; None if its turn comes too late."""
        if inspect.iscoroutinefunction(route.function):
            return _Work(
                route=route,
                notification=notification,
                turn=nullcontext(),
                call=_called,
                deadline=self._deadline,
                is_cancelled_when_late=self._late == "cancel",
            )
        # A function in a thread can't be stopped; its claim must not be given back while it works.
        if calling_thread is not None:
            return _Work(
                route=route,
                notification=notification,
                turn=nullcontext(),
                call=calling_thread.call,
                deadline=None,
                is_cancelled_when_late=False,
            )
        if self._threads.delay() > self._deadline:
            return None
        return _Work(
            route=route,
            notification=notification,
            turn=self._threads.turn(),
            call=self._threads.call,
            deadline=self._deadline,
            is_cancelled_when_late=False,
        )

    @property
    def _threads(self) -> HandlerThreads:
        from .threads import HandlerThreads

        # Threads don't survive a fork: workers that were forked from one that had handled something start their own.
        return self._threads_of.get(os.getpid()) or self._threads_of.setdefault(os.getpid(), HandlerThreads())

    async def _guarded(self, work: _Work) -> Reply:
        try:
            async with work.turn:
                work.has_begun = True
                return await (self._once(work) if work.route.once else self._handle(work))
        except Exception:  # noqa: BLE001 - a handler or a store may raise anything, and the platform needs a reply
            _log.exception("%s: its handler failed", _named(work.notification))
            return _failure(work.notification, "not handled")

    async def _once(self, work: _Work) -> Reply:
        key = self._key(work.notification)
        reply = await once(self._seen, V2_KEYS + key if _is_v2(work.notification) else key, partial(self._handle, work))
        if isinstance(reply, Reply):
            return reply
        if reply == "done":
            return _success(work.notification)
        # Not a success: should the other one fail, the platform must send it again.
        return _failure(work.notification, "being handled", status=503)

    async def _handle(self, work: _Work) -> Reply:
        answer = await work.call(work.route.function, work.notification)
        if inspect.isawaitable(answer):
            answer = await answer
        reply = _reply(answer, work.notification)
        if work.route.signs and self._sign is not None:
            reply = replace(reply, headers={**reply.headers, **await self._sign.headers(reply.body)})
        return reply


async def _called(function: Callable[[Notification[Any]], Answer], notification: Notification[Any]) -> Any:
    return function(notification)


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
