"""Handling a notification once: claimed before its handler, renewed while that runs, and noted after it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal, cast

from .notification import Reply
from .seen import HandlingSeen, MemorySeen, RenewableSeen, Seen

_log = logging.getLogger(__name__)
# Of a claim's lease: two renewals may fail.
_RENEWED_AFTER = 1 / 3


class Once:
    """Has each notification handled once.

    Args:
        seen: remembers what was handled.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        # What the protocols ask for, asked once: an answer takes a tenth of a dispatch (`benchmarks.receivers`).
        self._renewable = cast("RenewableSeen", seen) if hasattr(seen, "renew") and hasattr(seen, "lease") else None
        self._handling = seen.handling if isinstance(seen, HandlingSeen) else None
        # It waits for nothing, so nothing can cancel it meanwhile.
        self._settles_at_once = type(seen) is MemorySeen

    async def handle(self, key: str, handler: Callable[[], Awaitable[Reply]]) -> Reply | Literal["busy", "done"]:
        """The handler's reply, or why it wasn't called: another one is at it, or it was handled before.

        Args:
            key: what is equal in repetitions of the notification.
            handler: handles it.
        """
        token = secrets.token_hex(16)
        claim = await self._seen.claim(key, token)
        if claim != "claimed":
            return claim
        handled = False
        try:
            reply = await self._renewing(key, token, handler)
            handled = reply.ok
        finally:
            settling = self._settle(key, token, handled=handled)
            # Shielded: the last word must be said even if the handler was cancelled.
            await (settling if self._settles_at_once else asyncio.shield(settling))
        return reply

    async def _renewing(self, key: str, token: str, handler: Callable[[], Awaitable[Reply]]) -> Reply:
        if self._renewable is None:
            return await self._in_transaction(key, token, handler)
        async with KeptClaim(self._renewable.lease, partial(self._renewable.renew, key, token)):
            return await self._in_transaction(key, token, handler)

    async def _in_transaction(self, key: str, token: str, handler: Callable[[], Awaitable[Reply]]) -> Reply:
        if self._handling is None:
            return await handler()
        async with self._handling(key, token):
            return await handler()

    async def _settle(self, key: str, token: str, *, handled: bool) -> None:
        """Note that a notification was handled, or that it wasn't. A store that fails doesn't change which it was."""
        try:
            await (self._seen.confirm(key) if handled else self._seen.release(key, token))
        except Exception:  # noqa: BLE001 - a store may raise anything
            _log.exception("the store of seen notifications failed; a repetition may be handled again")


class KeptClaim:
    """A claim that is renewed for as long as the block lasts: by a task, once the first renewal is due.

    Args:
        lease: seconds after which it falls by itself.
        renew: has it last for another lease; False if it has fallen.
    """

    __slots__ = ("_pause", "_renew", "_task", "_timer")

    def __init__(self, lease: float, renew: Callable[[], Awaitable[bool]]) -> None:
        self._pause = lease * _RENEWED_AFTER
        self._renew = renew
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._wait()

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._start)

    def _start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        try:
            is_held = await self._renew()
        except Exception:  # noqa: BLE001 - a store may raise anything, and the next time may go well
            _log.exception("a claim could not be renewed")
            is_held = True
        if is_held:
            self._wait()
