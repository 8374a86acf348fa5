"""RateLimit: a call waits for its turn, so that the platform doesn't have to refuse it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, TypeVar

from .. import catalogue
from ..errors import RateLimited, TimedOut
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..observing import Hook, LimiterDegraded, Waited
from ..pipeline import Handler
from ..policies.ratelimit import Lane, RateLimits, SharedTurns, Unreachable, Window
from ..policies.retry import is_rate_limited, retry_after
from ..wire.refusal import api_error, is_refusal

Unsent = TypeVar("Unsent", RateLimited, TimedOut)

_log = logging.getLogger(__name__)
# So long a store that can't be reached is left alone.
_DEGRADED = 5.0
_UNNOTICED = 0.001


class RateLimit:
    """Spaces the calls of a merchant by operation.

    Operations with a documented limit keep to it; any operation that is refused for its rate slows down, and comes
    back to its pace with each success. Who came first goes first. Waiting counts against the call's time.

    Args:
        mchid: merchant number.
        limits: what to keep to.
        timeouts: of a call that brings none.
        notify: is told of waiting, and of a shared store that can't be reached.
        clock: a clock that never goes back, in seconds.
        now: gives Unix time in seconds.
        sleep: waits.
    """

    def __init__(
        self,
        mchid: str,
        limits: RateLimits,
        timeouts: Timeout,
        *,
        notify: Hook | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._mchid = mchid
        self._limits = limits
        self._timeouts = timeouts
        self._notify = notify
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._shared = _Shared(limits.shared, notify, clock) if limits.shared is not None else None
        self._queues: dict[tuple[str, str], _Queue] = {}

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Wait for a turn, then call on.

        Raises:
            RateLimited: it isn't its turn, and it doesn't wait. Nothing was sent.
            TimedOut: its turn doesn't come in its time. Nothing was sent.
        """
        key = (request.method, request.template)
        queue = self._queues.get(key)
        if queue is None:
            operation = catalogue.find(*key)
            windows = self._limits.windows(f"{key[0]} {key[1]}", operation.rates if operation else ())
            if not windows:
                return self._unlimited(key, request, call_next)
            queue = self._queues[key] = self._queue(key, windows)
        return self._limited(queue, request, call_next)

    async def _unlimited(self, key: tuple[str, str], request: Request, call_next: Handler) -> Response[Any]:
        """An operation without limit, so far: the first refusal for its rate makes it one with a pace."""
        response = await call_next(request)
        if _is_limited(response):
            now = self._clock()
            queue = self._queues.setdefault(key, self._queue(key, ()))
            queue.lanes[0].begin(now)
            queue.leave(now, now, limited=True, asked=retry_after(response.headers, self._now()))
        return response

    def _queue(self, key: tuple[str, str], windows: tuple[Window, ...]) -> _Queue:
        name = f"{self._mchid} {key[0]} {key[1]}"
        return _Queue(name, windows, self._shared if windows else None)

    async def _wait(self, queue: _Queue, request: Request) -> Request:
        left = chosen(request.timeout, self._timeouts)
        came = self._clock()
        delay = queue.delay(came)
        if not self._limits.wait and not queue.is_shared:
            raise _unsent(RateLimited(f"it isn't its turn under {queue}: the next one is {_in(delay)}"))
        if inf > delay > left.total:
            raise _late(queue, left)
        try:
            async with asyncio.timeout(left.total):
                await queue.turn(self._clock, self._sleep, wait=self._limits.wait)
        except TimeoutError:
            raise _late(queue, left) from None
        waited = self._clock() - came
        if waited < _UNNOTICED:
            return request
        if self._notify is not None:
            self._notify(Waited(call=request.call, request=request.line, seconds=waited))
        return request.changed(timeout=left.within(max(left.total - waited, 0.001)))

    async def _limited(self, queue: _Queue, request: Request, call_next: Handler) -> Response[Any]:
        began = self._clock()
        if not queue.enter(began):
            request = await self._wait(queue, request)
            began = self._clock()
        limited, asked = False, None
        try:
            response = await call_next(request)
            if _is_limited(response):
                limited, asked = True, retry_after(response.headers, self._now())
        finally:
            queue.leave(began, self._clock(), limited=limited, asked=asked)
        return response


class _Shared:
    """Shared turns, left alone for a while whenever they fail."""

    def __init__(self, turns: SharedTurns, notify: Hook | None, clock: Callable[[], float]) -> None:
        self.among = turns.among
        self._turns = turns
        self._notify = notify
        self._clock = clock
        self._again = -inf

    async def take(self, name: str, windows: tuple[Window, ...]) -> float | None:
        """Seconds after which to try again, 0 when a turn was taken; None while the store can't be reached."""
        if self._clock() < self._again:
            return None
        try:
            return await self._turns.take(name, windows)
        except Unreachable as error:
            if self._clock() >= self._again:
                _log.warning(
                    "rate limits are not shared for now (%s): this process keeps to its share, 1/%d", error, self.among
                )
                if self._notify is not None:
                    self._notify(LimiterDegraded(reason=str(error)))
            self._again = self._clock() + _DEGRADED
            return None


class _Queue:
    """Those who wait for a turn at one operation, first come first served."""

    def __init__(self, name: str, windows: tuple[Window, ...], shared: _Shared | None) -> None:
        self._name = name
        self._windows = windows
        self._shared = shared
        # Of shared turns the process keeps account of its own share, for the time when it has nothing else.
        own = [window.share(shared.among) for window in windows] if shared else ()
        self.lanes = [Lane(()), Lane(own)] if shared else [Lane(windows)]
        self._waiting = 0
        self._lock = asyncio.Lock()
        self._left = asyncio.Event()

    @property
    def is_shared(self) -> bool:
        """Whether other processes take turns too, so that only asking tells when it is one's own."""
        return self._shared is not None

    def delay(self, now: float) -> float:
        """Seconds until the next turn, as far as this process knows."""
        return self.lanes[0].delay(now)

    def enter(self, now: float) -> bool:
        """Take a turn without waiting, if nobody waits and it is free."""
        if self._shared is not None or self._waiting or self.lanes[0].delay(now) > 0:
            return False
        self._begin(now)
        return True

    async def turn(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]], *, wait: bool) -> None:
        """Wait in line and take a turn."""
        self._waiting += 1
        try:
            async with self._lock:
                while (delay := await self._next(clock())) > 0:
                    if not wait:
                        raise _unsent(RateLimited(f"it isn't its turn under {self}: the next one is {_in(delay)}"))
                    if delay == inf:
                        self._left.clear()
                        await self._left.wait()
                    else:
                        await sleep(delay)
                self._begin(clock())
        finally:
            self._waiting -= 1

    def leave(self, began: float, now: float, *, limited: bool, asked: float | None) -> None:
        """A call ended."""
        for lane in self.lanes:
            lane.end(began, now, limited=limited, asked=asked)
        self._left.set()

    async def _next(self, now: float) -> float:
        delay = self.lanes[0].delay(now)
        if delay > 0 or self._shared is None:
            return delay
        taken = await self._shared.take(self._name, self._windows)
        return self.lanes[1].delay(now) if taken is None else taken

    def _begin(self, now: float) -> None:
        for lane in self.lanes:
            lane.begin(now)

    def __str__(self) -> str:
        limits = ", ".join(f"{window.n} in {window.seconds:g} s" for window in self._windows)
        return f"the limit of {limits}" if limits else "the pace that the platform's refusals left"


def _is_limited(response: Response[Any]) -> bool:
    if response.status < 300 and response.fields is None:
        return False
    return is_refusal(response) and is_rate_limited(api_error(response))


def _late(queue: _Queue, timeouts: Timeout) -> TimedOut:
    return _unsent(TimedOut(f"its turn under {queue} doesn't come within {timeouts.total:g} s"))


def _in(delay: float) -> str:
    return "when another call has ended" if delay == inf else f"in {delay:.1f} s"


def _unsent(error: Unsent) -> Unsent:
    error.outcome = "not_sent"
    return error
