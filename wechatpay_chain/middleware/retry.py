"""Retry: the loop over the attempts of a call, bounded by one deadline and one budget."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import APIError, Outcome, WeChatPayError
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..observing import Hook, Retrying
from ..pipeline import Handler
from ..policies.clock import PlatformClock
from ..policies.retry import RetryBudget, RetryPolicy, is_idempotent, retry_after, worst
from ..wire.refusal import api_error, is_refusal


class Retry:
    """Repeats what may be repeated, as the policy says.

    The steps after it run once per attempt: each attempt is signed anew, over the very same body. The answer or error
    has the number of attempts, and the worst of their outcomes.

    Args:
        policy: says whether an attempt is repeated, and after which pause.
        timeouts: of a call without its own; `total` bounds all attempts together.
        budget: bounds the repetitions of all calls together; None for a new one.
        notify: called before each repetition.
        clock: the clock that attempts are signed with. A 401 is repeated if an answer has set it meanwhile.
        monotonic: returns seconds of a clock that never goes back.
        sleep: awaited for a pause in seconds.
        chance: returns random numbers from 0 to 1.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        timeouts: Timeout,
        *,
        budget: RetryBudget | None = None,
        notify: Hook | None = None,
        clock: PlatformClock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._timeouts = timeouts
        self._budget = budget or RetryBudget()
        self._notify = notify
        self._clock = clock or PlatformClock()
        self._monotonic = monotonic
        self._sleep = sleep
        self._chance = chance

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, and again while that may help.

        Raises:
            WeChatPayError: what the last attempt ended with.
        """
        started, corrections = self._monotonic(), self._clock.corrections
        self._budget.earn()
        try:
            response = await call_next(request)
        except WeChatPayError as error:
            return await self._repeat(request, call_next, started, corrections, error)
        if not is_refusal(response):
            return response
        return await self._repeat(request, call_next, started, corrections, response)

    async def _repeat(
        self,
        request: Request,
        call_next: Handler,
        started: float,
        corrections: int,
        ended: Response[Any] | WeChatPayError,
    ) -> Response[Any]:
        timeouts = chosen(request.timeout, self._timeouts)
        deadline = started + timeouts.total
        made, outcome, log = 0, None, list[str]()
        while True:
            error = _error(request, ended) if isinstance(ended, Response) else ended
            made += error.attempts
            clock_corrected = self._clock.corrections != corrections
            pause = self._pause(request, error, made, deadline, clock_corrected=clock_corrected)
            if pause is None:
                return _handed_out(ended, made, outcome, log)
            outcome = worst(outcome, error.outcome)
            log.append(f"attempt {made}: {error.message}")
            if self._notify is not None:
                self._notify(
                    Retrying(call=request.call, request=request.line, attempt=made + 1, pause=pause, error=error)
                )
            last = ended
            await self._sleep(pause)
            left, corrections = max(deadline - self._monotonic(), 0.001), self._clock.corrections
            try:
                ended = await call_next(request.changed(timeout=timeouts.within(left), attempt=made + 1))
            except WeChatPayError as failed:
                if failed.attempts == 0:
                    # It wasn't sent, since its turn didn't come: the previous attempt's end says more.
                    return _handed_out(last, made, outcome, [*log, f"no attempt {made + 1}: {failed.message}"])
                ended = failed
            else:
                if not is_refusal(ended):
                    return ended.changed(attempts=made + ended.attempts)

    def _pause(
        self, request: Request, error: WeChatPayError, made: int, deadline: float, *, clock_corrected: bool
    ) -> float | None:
        if request.retry is False:
            return None
        pause = self._policy.pause(
            error,
            made=made,
            idempotent=is_idempotent(request),
            asked=retry_after(error.headers, self._clock()) if isinstance(error, APIError) else None,
            chance=self._chance(),
            clock_corrected=clock_corrected,
        )
        now = self._monotonic()
        # A repetition after the deadline is impossible, so don't wait for it.
        if pause is None or now + pause >= deadline or not self._budget.spend(now):
            return None
        return pause


def _error(request: Request, refusal: Response[Any]) -> APIError:
    return api_error(refusal, request.operation)


def _handed_out(
    ended: Response[Any] | WeChatPayError, made: int, earlier: Outcome | None, log: list[str]
) -> Response[Any]:
    if isinstance(ended, Response):
        return ended if made == ended.attempts else ended.changed(attempts=made, in_doubt=earlier == "unknown")
    ended.attempts = made
    ended.outcome = worst(earlier, ended.outcome)
    for line in log:
        ended.add_note(line)
    raise ended
