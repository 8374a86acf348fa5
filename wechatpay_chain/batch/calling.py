"""Calling one item until it is settled: on one machine for a `Batch`, on many in the tasks of a queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ..errors import APIError, ConfigurationError, RateLimited, TimedOut, WeChatPayError
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout
from ..policies.retry import is_idempotent, may_help
from .items import Item
from .result import Result, State

_LONGEST_PAUSE = 60.0


class Client(Protocol):
    """What is needed of a `WeChatPay`."""

    async def send(self, request: Request) -> Response[Any]:
        """Send a request."""
        ...


LookUp = Callable[[Item], Awaitable[Response[Any] | None]]
"""Finds out what became of an item: the answer to keep where it took effect, None where it certainly had none."""


Note = Callable[[State], Awaitable[None]]
"""Writes down that an item is about to be `sent`, or again `waiting` because it certainly had no effect."""


async def _unnoted(state: State) -> None:
    """For who writes nothing down."""


class Calling:
    """Calls items, again where that is safe, until they are settled.

    Args:
        wxpay: makes the calls.
        repeat: whether a call may be repeated after it may have arrived: all items carry a number of their own.
        look_up: finds out what became of an item of unknown outcome.
        patience: seconds that an item is tried again, and looked up again, in an outage.
        timeout: of a call, with the waiting for its turn.
        clock: a clock that never goes back, in seconds.
        sleep: waits.
    """

    def __init__(
        self,
        wxpay: Client,
        *,
        repeat: bool = False,
        look_up: LookUp | None = None,
        patience: float = 3600.0,
        timeout: Timeout = Timeout(total=600, attempt=20),  # noqa: B008 - it is immutable
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._wxpay = wxpay
        self._retry = True if repeat else None
        self._look_up = look_up
        self._patience = patience
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep

    async def settle(self, item: Item, *, was_sent: bool = False, note: Note = _unnoted) -> Result:
        """Call an item.

        Args:
            item: what to call.
            was_sent: whether it may have been sent before, and nobody knows with what outcome.
            note: is awaited before it is sent, and when it is known again to have had no effect.

        Returns:
            What came of it. It is `waiting`, or `sent`, where patience ended before an outage did, or where the client
            can't call until something is mended (a `ConfigurationError`).

        Raises:
            ConfigurationError: the item is malformed.
            TypeError: a placeholder of its path is missing or unknown.
        """
        request = item.request(retry=self._retry, timeout=self._timeout)
        idempotent = is_idempotent(request)
        in_doubt, ends, pause = was_sent, self._clock() + self._patience, 1.0
        error: WeChatPayError | None = None
        while True:
            looks_up = in_doubt and not idempotent
            if looks_up and self._look_up is None:
                return _failed(item, error, "unknown")
            if error is not None:
                if self._clock() + pause > ends:
                    return _failed(item, error, "sent" if in_doubt else "waiting")
                if not in_doubt:
                    await note("waiting")
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                if looks_up and self._look_up is not None:
                    found = await self._look_up(item)
                    if found is not None:
                        return _done(item, found)
                    in_doubt = False
                if not in_doubt:
                    await note("sent")
                return _done(item, await self._wxpay.send(request))
            except WeChatPayError as raised:
                error = raised
            failed_to_look = looks_up and in_doubt
            in_doubt = in_doubt or error.outcome == "unknown"
            state = _state(error, in_doubt=in_doubt, idempotent=idempotent, failed_to_look=failed_to_look)
            if state is not None:
                return _failed(item, error, state)


def _state(error: WeChatPayError, *, in_doubt: bool, idempotent: bool, failed_to_look: bool) -> State | None:
    """What an error leaves an item in; None where it is to be called, or looked up, again."""
    if isinstance(error, ConfigurationError):
        return "sent" if in_doubt else "waiting"  # nothing was sent, and won't be until something is mended
    if in_doubt and not idempotent and not failed_to_look:
        return None
    if error.attempts == 0 and isinstance(error, RateLimited | TimedOut):
        return None  # its turn didn't come
    if may_help(error, idempotent=idempotent or failed_to_look):
        return None
    return "unknown" if in_doubt else "refused"


def _done(item: Item, answer: Response[Any]) -> Result:
    return Result(key=item.key, state="done", status=answer.status, request_id=answer.request_id, answer=answer.content)


def _failed(item: Item, error: WeChatPayError | None, state: State) -> Result:
    if error is None:
        return Result(key=item.key, state=state, code="CutOff", message="its program ended before its answer came")
    refusal = error if isinstance(error, APIError) else None
    return Result(
        key=item.key,
        state=state,
        status=refusal.status if refusal else None,
        code=(refusal.code if refusal else "") or type(error).__name__,
        message=str(error),
        request_id=error.request_id,
        answer=refusal.content if refusal else None,
    )
