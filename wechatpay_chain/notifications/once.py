"""Handling a notification once: claimed before its handler, renewed while that runs, and noted after it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Literal, cast

from .notification import Reply
from .seen import HandlingSeen, RenewableSeen, Seen

_log = logging.getLogger(__name__)
# Of a claim's lease: two renewals may fail.
_RENEWED_AFTER = 1 / 3


async def once(seen: Seen, key: str, handle: Callable[[], Awaitable[Reply]]) -> Reply | Literal["busy", "done"]:
    """The handler's reply, or why it wasn't called: another one is at it, or it was handled before.

    Args:
        seen: remembers what was handled.
        key: what is equal in repetitions of the notification.
        handle: calls the handler.
    """
    token = secrets.token_hex(16)
    claim = await seen.claim(key, token)
    if claim != "claimed":
        return claim
    handled = False
    try:
        async with _kept(seen, key, token), _handling(seen, key, token):
            reply = await handle()
        handled = reply.ok
    finally:
        # Shielded: the last word must be said even if the handler was cancelled.
        await asyncio.shield(_settle(seen, key, token, handled=handled))
    return reply


@asynccontextmanager
async def renewing(lease: float, renew: Callable[[], Awaitable[bool]]) -> AsyncGenerator[None, None]:
    """Renew a claim for as long as the block lasts.

    Args:
        lease: seconds after which it falls by itself.
        renew: has it last for another lease; False if it has fallen.
    """
    task = asyncio.create_task(_renew(lease, renew))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _renew(lease: float, renew: Callable[[], Awaitable[bool]]) -> None:
    while True:
        await asyncio.sleep(lease * _RENEWED_AFTER)
        try:
            is_held = await renew()
        except Exception:  # noqa: BLE001 - a store may raise anything, and the next time may go well
            _log.exception("a claim could not be renewed")
        else:
            if not is_held:
                return


def _kept(seen: Seen, key: str, token: str) -> AbstractAsyncContextManager[None]:
    # What the protocol asks for. Asking it itself takes a fifth of a dispatch (`python -m benchmarks.receivers`).
    if not (hasattr(seen, "renew") and hasattr(seen, "lease")):
        return nullcontext()
    renewable = cast("RenewableSeen", seen)
    return renewing(renewable.lease, partial(renewable.renew, key, token))


def _handling(seen: Seen, key: str, token: str) -> AbstractAsyncContextManager[None]:
    return seen.handling(key, token) if isinstance(seen, HandlingSeen) else nullcontext()


async def _settle(seen: Seen, key: str, token: str, *, handled: bool) -> None:
    """Note that a notification was handled, or that it wasn't. A store that fails doesn't change which it was."""
    try:
        await (seen.confirm(key) if handled else seen.release(key, token))
    except Exception:  # noqa: BLE001 - a store may raise anything
        _log.exception("the store of seen notifications failed; a repetition may be handled again")
