"""Handing a notification to its handler: once, in time, and with a reply whatever happens."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from ..errors import ConfigurationError, DecodeError, DecryptionError, TrustError
from .notification import XML_PREFIX, Notification, Reply
from .router import Answer, Late, Route
from .seen import Seen
from .signing import ReplySigner

_log = logging.getLogger(__name__)
_GRACE = 0.2


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

    def refuse(self, error: ConfigurationError | TrustError, *, xml: bool) -> Reply:
        """Log why a notification isn't believed, and say what to reply: a stranger learns that, not why."""
        _log.warning("a notification was refused: %s", error)
        if isinstance(error, DecryptionError | ConfigurationError):
            return Reply.failure("not readable here", status=500, xml=xml)
        if isinstance(error, DecodeError):
            return Reply.failure("malformed", status=400, xml=xml)
        return Reply.failure("signature not accepted", status=401, xml=xml)

    async def deliver(self, route: Route | None, notification: Notification[Any]) -> Reply:
        """Have a notification handled, and say what to reply."""
        if route is None:
            _log.warning("no handler for %s (%s)", notification.event_type, notification.original_type)
            return _failure(notification, "no handler", status=501)
        task = asyncio.create_task(self._guarded(route, notification))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.wait({task}, timeout=self._deadline)
        except asyncio.CancelledError:
            # The platform hung up. Whether the handler goes on is the same question as when it is late.
            if self._cancels(route):
                task.cancel()
            raise
        if task.done() and not task.cancelled():
            return task.result()
        if self._cancels(route):
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE)
        _log.warning(
            "%s %s: not handled within %g s; the platform was told to send it again",
            notification.event_type,
            notification.id,
            self._deadline,
        )
        return _failure(notification, "not handled in time")

    async def drain(self) -> None:
        """Wait for the handlers that go on in the background."""
        while self._running:
            await asyncio.wait(self._running)

    def _cancels(self, route: Route) -> bool:
        # A function in a thread can't be stopped; its claim must not be given back while it works.
        return self._late == "cancel" and inspect.iscoroutinefunction(route.function)

    async def _guarded(self, route: Route, notification: Notification[Any]) -> Reply:
        try:
            return await (self._once(route, notification) if route.once else self._handle(route, notification))
        except Exception:  # noqa: BLE001 - a handler or a store may raise anything, and the platform needs a reply
            _log.exception("%s %s: its handler failed", notification.event_type, notification.id)
            return _failure(notification, "not handled")

    async def _once(self, route: Route, notification: Notification[Any]) -> Reply:
        key, token = self._key(notification), secrets.token_hex(16)
        claim = await self._seen.claim(key, token)
        if claim == "done":
            return _success(notification)
        if claim == "busy":
            # Not a success: should the other one fail, the platform must send it again.
            return _failure(notification, "being handled", status=503)
        handled = False
        try:
            reply = await self._handle(route, notification)
            handled = reply.ok
        finally:
            # Shielded: the last word must be said even if the handler was cancelled.
            await asyncio.shield(self._seen.confirm(key) if handled else self._seen.release(key, token))
        return reply

    async def _handle(self, route: Route, notification: Notification[Any]) -> Reply:
        reply = _reply(await _call(route, notification), notification)
        if route.signs and self._sign is not None:
            reply = replace(reply, headers={**reply.headers, **await self._sign.headers(reply.body)})
        return reply


async def _call(route: Route, notification: Notification[Any]) -> Answer:
    if inspect.iscoroutinefunction(route.function):
        answer: Answer | Awaitable[Answer] = route.function(notification)
    else:
        answer = await asyncio.to_thread(route.function, notification)
    return await answer if isinstance(answer, Awaitable) else answer


def _reply(answer: object, notification: Notification[Any]) -> Reply:
    if isinstance(answer, Reply):
        return answer
    if answer is None or isinstance(answer, Mapping):
        return _success(notification, cast("Mapping[str, Any] | None", answer))
    raise TypeError(f"the handler returned a {type(answer).__name__}, neither None nor a dict nor a Reply")


def _success(notification: Notification[Any], fields: Mapping[str, Any] | None = None) -> Reply:
    return Reply.success(fields, xml=notification.event_type.startswith(XML_PREFIX))


def _failure(notification: Notification[Any], message: str, *, status: int = 500) -> Reply:
    return Reply.failure(message, status=status, xml=notification.event_type.startswith(XML_PREFIX))
