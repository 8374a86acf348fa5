"""RateLimit: makes calls wait for their turn, so that the platform doesn't refuse them for their rate."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, TypeVar

from .._counting import EarlierCalls
from .._counting import current as current_counting
from .._waits import current
from ..errors import RateLimited, TimedOut
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..observing import Hook, LimiterDegraded, Waited
from ..pipeline import Handler
from ..policies.ratelimit import (
    AdaptivePace,
    DistributedLimiter,
    LimiterUnreachable,
    RateLimits,
    SlidingWindows,
    Window,
)
from ..policies.retry import is_rate_limited, retry_after
from ..wire.refusal import api_error, is_refusal
from ..wire.schemes import Scheme

Unsent = TypeVar("Unsent", RateLimited, TimedOut)

_log = logging.getLogger(__name__)
# Seconds for which an unreachable store isn't tried again.
_DEGRADED = 5.0
# Seconds: a shorter wait is not reported.
_UNNOTICED = 0.001


class RateLimit:
    """Spaces the calls of a merchant or a brand by operation.

    Operations with a documented limit keep to it; any operation that is refused for its rate slows down, and speeds up
    again with each success. Calls start in the order in which they came. Waiting counts against the call's time.

    Args:
        mchid: the merchant's or the brand's number.
        limits: the rates to keep to.
        timeouts: of a call without its own.
        scheme: of the calls that pass here; None for all.
        notify: called after each waiting, and when a distributed limiter can't be reached.
        monotonic: returns seconds of a clock that never goes back.
        time: returns Unix time in seconds, for dates in `Retry-After`.
        sleep: awaited for a pause in seconds.
    """

    def __init__(
        self,
        mchid: str,
        limits: RateLimits,
        timeouts: Timeout,
        *,
        scheme: Scheme | None = None,
        notify: Hook | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        time: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.scheme = scheme
        self._mchid = mchid
        self._limits = limits
        self._timeouts = timeouts
        self._notify = notify
        self._monotonic = monotonic
        self._time = time
        self._sleep = sleep
        self._shared = _Distributed(limits.shared, notify, monotonic) if limits.shared is not None else None
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._began = monotonic()

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Wait for a turn, then call on.

        Raises:
            RateLimited: it isn't its turn, and calls don't wait (`RateLimits.wait`). Nothing was sent.
            TimedOut: its turn didn't come in time. Nothing was sent.
        """
        operation = request.operation
        # By the catalogue's template, as the call's own may hold values: all calls of an operation count together.
        key = (request.method, request.template if operation is None else operation.path)
        queue = self._queues.get(key)
        if queue is None:
            windows = self._limits.windows(f"{key[0]} {key[1]}", operation.rates if operation else ())
            if not windows:
                return self._unlimited(key, request, call_next)
            queue = self._queues[key] = self._queue(key, windows)
        return self._limited(queue, request, call_next)

    async def _unlimited(self, key: tuple[str, str], request: Request, call_next: Handler) -> Response[Any]:
        """Call an operation without a known limit. A refusal for its rate gives it an adaptive pace."""
        response = await call_next(request)
        if _is_limited(response):
            now = self._monotonic()
            queue = self._queues.setdefault(key, self._queue(key, ()))
            queue.begin(now)
            queue.leave(now, now, limited=True, asked=retry_after(response.headers, self._time()))
        return response

    def _queue(self, key: tuple[str, str], windows: tuple[Window, ...]) -> _Queue:
        name = f"{self._mchid} {key[0]} {key[1]}"
        return _Queue(name, windows, self._shared if windows else None)

    async def _wait(self, queue: _Queue, request: Request) -> Request:
        left = chosen(request.timeout, self._timeouts)
        came = self._monotonic()
        delay = queue.delay(came)
        waits = current()
        if not self._limits.wait and not queue.is_distributed:
            raise _unsent(RateLimited(f"it isn't its turn under {queue}: the next one is {_in(delay)}"))
        if inf > delay > left.total:
            raise _late(queue, left)
        try:
            async with asyncio.timeout(left.total) as timeout:
                with waits.hold(timeout):
                    await queue.turn(self._monotonic, self._sleep, wait=self._limits.wait)
        except TimeoutError:
            if waits.is_ended:
                raise _unsent(RateLimited("its turn had not come when its batch was stopped")) from None
            raise _late(queue, left) from None
        waited = self._monotonic() - came
        if waited < _UNNOTICED:
            return request
        if self._notify is not None:
            self._notify(Waited(call=request.call, request=request.line, seconds=waited))
        return request.changed(timeout=left.within(max(left.total - waited, 0.001)))

    async def _limited(self, queue: _Queue, request: Request, call_next: Handler) -> Response[Any]:
        began = self._monotonic()
        if (counting := current_counting()) is not None:
            queue.recall(counting.earlier, began - self._began, began)
        if not queue.enter(began):
            request = await self._wait(queue, request)
            began = self._monotonic()
        limited, asked = None, None
        try:
            response = await call_next(request)
            limited = _is_limited(response)
            if limited:
                asked = retry_after(response.headers, self._time())
        finally:
            queue.leave(began, self._monotonic(), limited=limited, asked=asked)
            if counting is not None:
                counting.note(queue.name)
        return response


class _Distributed:
    """A distributed limiter that isn't asked for a while after its store couldn't be reached."""

    def __init__(self, limiter: DistributedLimiter, notify: Hook | None, monotonic: Callable[[], float]) -> None:
        self.among = limiter.among
        self._limiter = limiter
        self._notify = notify
        self._monotonic = monotonic
        self._again = -inf

    async def acquire(self, name: str, windows: tuple[Window, ...]) -> float | None:
        """Seconds after which to try again, 0 when a permit was granted; None while the store can't be reached."""
        if self._monotonic() < self._again:
            return None
        try:
            return await self._limiter.acquire(name, windows)
        except LimiterUnreachable as error:
            if self._monotonic() >= self._again:
                _log.warning(
                    "rate limits are not shared for now (%s): this process keeps to its share, 1/%d", error, self.among
                )
                if self._notify is not None:
                    self._notify(LimiterDegraded(reason=str(error)))
            self._again = self._monotonic() + _DEGRADED
            return None


class _Queue:
    """The calls of one operation: those that wait, first come first served, and those in flight.

    Attributes:
        name: that they are counted under: the merchant's number, method and path template.
    """

    def __init__(self, name: str, windows: tuple[Window, ...], distributed: _Distributed | None) -> None:
        self.name = name
        self._windows = windows
        self._distributed = distributed
        self._pace = AdaptivePace()
        # With a distributed limiter, this process's share of the rates, for the time when the store can't be reached.
        own = windows if distributed is None else [window.share(distributed.among) for window in windows]
        self._counted = SlidingWindows(own)
        self._waiting = 0
        self._lock = asyncio.Lock()
        self._left = asyncio.Event()

    @property
    def is_distributed(self) -> bool:
        """Whether other processes share the limits, so that only the limiter knows when a call may start."""
        return self._distributed is not None

    def delay(self, now: float) -> float:
        """Seconds until the next turn, as far as this process knows."""
        delay = self._pace.delay(now)
        return delay if self.is_distributed else max(delay, self._counted.delay(now))

    def recall(self, earlier: EarlierCalls, since: float, now: float) -> None:
        """Count calls of an earlier process, unless a distributed limiter has counted them.

        Args:
            earlier: what it called.
            since: for how many seconds this process has counted.
            now: seconds of a clock that never goes back.
        """
        if not self.is_distributed and (calls := earlier.take(self.name, since)):
            self._counted.recall([(now - ago, count) for ago, count in calls])

    def enter(self, now: float) -> bool:
        """Take a turn if none waits and one is free; False if the call must wait."""
        if self._distributed is not None or self._waiting or self._pace.delay(now) > 0 or self._counted.delay(now) > 0:
            return False
        self.begin(now)
        return True

    async def turn(
        self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]], *, wait: bool
    ) -> None:
        """Wait in line and take a turn."""
        self._waiting += 1
        try:
            async with self._lock:
                while (delay := await self._next(monotonic())) > 0:
                    if not wait:
                        raise _unsent(RateLimited(f"it isn't its turn under {self}: the next one is {_in(delay)}"))
                    if delay == inf:
                        self._left.clear()
                        await self._left.wait()
                    else:
                        await sleep(delay)
                self.begin(monotonic())
        finally:
            self._waiting -= 1

    def begin(self, now: float) -> None:
        """A call starts."""
        self._counted.begin()
        self._pace.begin(now)

    def leave(self, began: float, now: float, *, limited: bool | None, asked: float | None) -> None:
        """A call ended.

        Args:
            began: when it started.
            now: when it ended.
            limited: whether the platform refused it for its rate; None where no answer came.
            asked: the seconds that the platform asked to wait.
        """
        self._counted.end(now)
        if limited:
            self._pace.slow_down(began, now, asked)
        elif limited is not None:
            self._pace.succeed()
        if self._waiting:
            self._left.set()

    async def _next(self, now: float) -> float:
        delay = self.delay(now)
        if delay > 0 or self._distributed is None:
            return delay
        granted = await self._distributed.acquire(self.name, self._windows)
        return self._counted.delay(now) if granted is None else granted

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
