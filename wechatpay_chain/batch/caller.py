"""`Caller`: calls one item until its outcome is known, for a `Batch` on one machine or a task queue on many."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from .._arguments import FLAG, Takes, a_function, check, instance, is_number
from .._both_clients import Blocking
from .._waits import Waits, current
from ..errors import APIError, TransportError, WeChatPayError
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout
from ..policies.backoff import Backoff
from ..policies.retry import is_idempotent
from .items import Item
from .result import Result, State
from .steps import Act, Event, Known, Resolution, event_of, next_step

_FAILURES = frozenset({Event.FAILED, Event.LOST, Event.LIMITED, Event.DISPUTED})


class Client(Protocol):
    """The method of a client that is used here."""

    async def send(self, request: Request) -> Response[Any]:
        """Send a request."""
        ...


LookUp = Callable[[Item], Awaitable[Response[Any] | None]]
"""Finds out whether an item took effect: returns the answer to keep, or None if it certainly had no effect."""


Note = Callable[[State], Awaitable[None]]
"""Notes that an item is about to be `sent`, or `waiting` again because it certainly had no effect."""


async def _write_nothing(state: State) -> None:
    """The `note` of a caller without a journal."""


class ItemCaller(Protocol):
    """Calls items for a batch: a `Caller`, or something that passes them to `Caller`s elsewhere."""

    async def call(self, item: Item, *, was_sent: bool, note: Note) -> Result:
        """Call an item, and return its result, as `Caller.call` does."""
        ...


def _sends(value: Any) -> bool:
    # A blocking client would send a call, and its answer, which can't be awaited, would be lost.
    return not isinstance(value, type | Blocking) and callable(getattr(value, "send", None))


_TAKES = {
    "wxpay": Takes(_sends, "Give a WeChatPay; that of a SyncWeChatPay is given to `work` by its run(work)"),
    "repeat": FLAG,
    "look_up": a_function("Give a coroutine function that takes the item and returns its answer, or None").or_none(),
    "patience": Takes(lambda value: is_number(value) and value >= 0, "Give a number of seconds"),
    "timeout": instance(Timeout, "Give Timeout(total=600, attempt=20)"),
    "backoff": instance(Backoff, "Give Backoff(1, 60, jitter=0.5)"),
    "monotonic": a_function("Give a function that returns seconds, such as time.monotonic"),
    "sleep": a_function("Give a coroutine function that takes seconds, such as asyncio.sleep"),
}


class Caller:
    """Calls items, and repeats calls where that is safe, until each outcome is known.

    Args:
        wxpay: makes the calls.
        repeat: whether a call may be repeated after it may have arrived, because each item has its own number.
        look_up: finds out whether an item of unknown outcome took effect.
        patience: seconds for which an item is retried and looked up in an outage; infinity for no bound.
        timeout: of one call, including the wait for its turn under the rate limits.
        backoff: the pauses between tries; their jitter spreads callers that failed at the same time.
        monotonic: returns seconds of a clock that never goes back.
        sleep: awaited for a pause in seconds.

    Raises:
        ConfigurationError: an argument is wrong, such as a `SyncWeChatPay` for `wxpay`.
    """

    def __init__(
        self,
        wxpay: Client,
        *,
        repeat: bool = False,
        look_up: LookUp | None = None,
        patience: float = 3600.0,
        timeout: Timeout = Timeout(total=600, attempt=20),  # noqa: B008 - it is immutable
        backoff: Backoff = Backoff(1, 60, jitter=0.5),  # noqa: B008 - the same
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        check(
            _TAKES,
            wxpay=wxpay,
            repeat=repeat,
            look_up=look_up,
            patience=patience,
            timeout=timeout,
            backoff=backoff,
            monotonic=monotonic,
            sleep=sleep,
        )
        self._wxpay = wxpay
        self._retry = True if repeat else None
        self._look_up = look_up
        self._patience = patience
        self._timeout = timeout
        self._backoff = backoff
        self._monotonic = monotonic
        self._sleep = sleep

    async def call(self, item: Item, *, was_sent: bool = False, note: Note = _write_nothing) -> Result:
        """Call an item.

        Args:
            item: what to call.
            was_sent: whether it may have been sent before, and nobody knows with what outcome.
            note: awaited before it is sent, and when it is known to have had no effect after all.

        Returns:
            Its result. The state is `waiting` or `sent` if `patience` ended before the outage, if the client can't call
            until a mistake is corrected (a `ConfigurationError`), or if its batch was stopped.

        Raises:
            ConfigurationError: the item is malformed.
            TypeError: a placeholder of its path is missing or unknown.
        """
        request = item.request(retry=self._retry, timeout=self._timeout)
        resolution = self._resolution(request)
        ends = self._monotonic() + self._patience
        written: State = "sent" if was_sent else "waiting"
        known, event = (Known.IN_DOUBT if was_sent else Known.NO_EFFECT), Event.TAKEN_UP
        error: WeChatPayError | None = None
        refusal: WeChatPayError | None = None
        answer: Response[Any] | None = None
        failures = 0
        waits = current()
        while True:
            known, step = next_step(known, event, resolution)
            if isinstance(step, str):
                if step == "waiting" and waits.is_ended:
                    return Result(key=item.key, state=step)  # the batch was stopped: it is no failure
                failure = refusal if step == "refused" else error
                return _failed(item, failure, step) if answer is None else _done(item, answer)
            if event in _FAILURES:
                failures += 1
                pause = self._backoff.pause(failures, random.random())  # noqa: S311 - spreads the load, hides nothing
                if self._monotonic() + pause > ends or waits.is_ended:
                    event = Event.OUT_OF_PATIENCE
                    continue
                if known is Known.NO_EFFECT and written == "sent":
                    await note(written := "waiting")
                if not await self._rest(pause, waits):
                    event = Event.OUT_OF_PATIENCE
                    continue
            if step is Act.SEND and written == "waiting":
                await note(written := "sent")
            try:
                answer = await (self._wxpay.send(request) if step is Act.SEND else self._find(item))
            except WeChatPayError as raised:
                error = raised
            except Exception as raised:  # noqa: BLE001 - the caller's own client or look-up may raise anything
                error = _foreign_error(raised)
            else:
                event = Event.NOT_FOUND if answer is None else Event.ANSWERED
                continue
            event = event_of(error, resolution, looked_up=step is Act.LOOK_UP)
            refusal = error if step is Act.SEND else refusal

    async def _rest(self, seconds: float, waits: Waits) -> bool:
        """Wait before the next try; False where the batch is stopped meanwhile."""
        try:
            async with asyncio.timeout(None) as timeout:
                with waits.hold(timeout):
                    await self._sleep(seconds)
        except TimeoutError:
            return False
        return True

    def _resolution(self, request: Request) -> Resolution:
        if is_idempotent(request):
            return Resolution.REPEAT
        return Resolution.NONE if self._look_up is None else Resolution.LOOK_UP

    async def _find(self, item: Item) -> Response[Any] | None:
        return None if self._look_up is None else await self._look_up(item)


def _foreign_error(raised: Exception) -> WeChatPayError:
    """The error for a foreign exception, after which it is unknown whether the call was sent."""
    # Its text isn't shown: it may hold parts of the payload.
    error = TransportError(f"the client or the look-up raised {type(raised).__name__}")
    error.outcome, error.attempts, error.__cause__ = "unknown", 1, raised
    return error


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
