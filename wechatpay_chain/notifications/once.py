"""Handling each notification once: it is claimed before its handler runs, and noted as handled after that."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, cast
from weakref import WeakKeyDictionary

from .notification import Reply
from .seen import HandlingSeen, MemorySeen, RenewableSeen, Seen

_log = logging.getLogger(__name__)
# The part of a lease after which it is renewed: two renewals may fail.
_RENEWED_AFTER = 0.3
# How often the timer looks for due renewals within one lease, so that they are spread.
_LOOKS = 20


class Once:
    """Calls the handler of each notification once.

    Args:
        seen: remembers what was handled.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        # What the protocols ask for, asked once: an answer takes a tenth of a dispatch (`benchmarks.receivers`).
        self._renewable = cast("RenewableSeen", seen)
        can_renew = hasattr(seen, "renew") and hasattr(seen, "lease")
        self._claims = KeptClaims(self._renewable.lease) if can_renew else None
        self._has_transactions = isinstance(seen, HandlingSeen)
        # It waits for nothing, so nothing can cancel it meanwhile.
        self._settles_at_once = type(seen) is MemorySeen

    async def handle(self, key: str, handler: Callable[[], Awaitable[Reply]]) -> Reply | Literal["busy", "done"]:
        """The handler's reply, or why it wasn't called: the notification is being handled, or was handled before.

        Args:
            key: the same for all repetitions of the notification.
            handler: handles it.
        """
        token = os.urandom(16).hex()
        try:
            claim = await self._seen.claim(key, token)
        except asyncio.CancelledError:
            # The claim may have succeeded all the same, and must be released.
            await asyncio.shield(self._settle(key, token, handled=False))
            raise
        if claim != "claimed":
            return claim
        handled = False
        try:
            # As `KeptClaims.kept` does, in fewer steps (`benchmarks.receivers`).
            kept = None if self._claims is None else self._claims.keep(partial(self._renewable.renew, key, token))
            try:
                reply = await (self._in_transaction(key, token, handler) if self._has_transactions else handler())
                # Before the renewal's end is waited for: who cancels in that wait comes too late.
                handled = reply.ok
            finally:
                if kept is not None and kept.let_go():
                    await kept.settled()
        finally:
            settling = self._settle(key, token, handled=handled)
            # Shielded: the result must be noted even if the handler was cancelled.
            await (settling if self._settles_at_once else asyncio.shield(settling))
        return reply

    async def _in_transaction(self, key: str, token: str, handler: Callable[[], Awaitable[Reply]]) -> Reply:
        async with cast("HandlingSeen", self._seen).handling(key, token):
            return await handler()

    async def _settle(self, key: str, token: str, *, handled: bool) -> None:
        """Note whether a notification was handled. A failure of the store is logged only."""
        try:
            await (self._seen.confirm(key) if handled else self._seen.release(key, token))
        except Exception:  # noqa: BLE001 - a store may raise anything
            _log.exception("the store of seen notifications failed; a repetition may be handled again")


class KeptClaims:
    """Renews claims while they are held.

    All claims of a loop share one timer: one for each would take a tenth of a dispatch (`benchmarks.receivers`).

    Args:
        lease: seconds after which a claim expires.
    """

    def __init__(self, lease: float) -> None:
        self._pause = lease * _RENEWED_AFTER
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, set[_KeptClaim]] = WeakKeyDictionary()

    @asynccontextmanager
    async def kept(self, renew: Callable[[], Awaitable[bool]]) -> AsyncGenerator[None]:
        """Renew a claim for as long as the block lasts.

        Args:
            renew: extends it by another lease; False if it has expired.
        """
        claim = self.keep(renew)
        try:
            yield
        finally:
            if claim.let_go():
                await claim.settled()

    def keep(self, renew: Callable[[], Awaitable[bool]]) -> _KeptClaim:
        """Renew a claim until `let_go` is called.

        Args:
            renew: as for `kept`.
        """
        loop = asyncio.get_running_loop()
        held = self._of_loops.get(loop)
        if held is None:
            held = self._of_loops[loop] = set()
            loop.call_later(self._pause / _LOOKS, self._renew_due, loop)
        claim = _KeptClaim(held, renew, loop.time() + self._pause)
        held.add(claim)
        return claim

    def _renew_due(self, loop: asyncio.AbstractEventLoop) -> None:
        held = self._of_loops[loop]
        if not held:
            del self._of_loops[loop]
            return
        loop.call_later(self._pause / _LOOKS, self._renew_due, loop)
        now = loop.time()
        # A copy: a task that starts at once may remove its claim.
        for claim in [claim for claim in held if claim.due <= now]:
            claim.due = now + self._pause
            claim.renew()


class _KeptClaim:
    """A claim in the set of its `KeptClaims`, until it is let go."""

    __slots__ = ("_held", "_renew", "_renewing", "due")

    def __init__(self, held: set[_KeptClaim], renew: Callable[[], Awaitable[bool]], due: float) -> None:
        self.due = due
        self._held = held
        self._renew = renew
        self._renewing: asyncio.Task[None] | None = None

    def let_go(self) -> bool:
        """Stop renewing it. True if a renewal is under way: then await `settled`."""
        self._held.discard(self)
        return self._renewing is not None

    async def settled(self) -> None:
        """Cancel the renewal that is under way, and wait for its end."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})

    def renew(self) -> None:
        """Start a renewal, unless one is under way."""
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._try_to_renew())

    async def _try_to_renew(self) -> None:
        try:
            if not await self._renew():
                self._held.discard(self)
        except Exception:  # noqa: BLE001 - a store may raise anything, and the next time may go well
            _log.exception("a claim could not be renewed")
