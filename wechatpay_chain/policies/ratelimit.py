"""When a call may start under a rate limit. Waiting is done elsewhere.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709
"""

from __future__ import annotations

import re
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import field
from math import inf
from typing import Any, Literal, Protocol, cast

from .._arguments import FLAG, check_attributes, instance, with_methods
from ..catalogue import find
from ..errors import ConfigurationError, WeChatPayWarning, type_of
from ..http.operation import Rate
from ..http.path import literal_path
from ..http.value import frozen

_OPERATION = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /\S*")
_RATE = re.compile(r"([1-9][0-9]{0,8}) ?/ ?(s|min|h|d)", re.ASCII)

# A refusal for the rate doubles the interval between an operation's calls; a success shortens it by a tenth.
_FIRST_INTERVAL = 0.1
_LONGEST_INTERVAL = 5.0
_SHORTEST_INTERVAL = 0.01
_RECOVERY = 0.9
# A refusal for the rate is often unsigned: a forged one must not stop an operation for long.
_LONGEST_ASKED = 300.0


@frozen()
class Window:
    """At most `n` calls in any `seconds`."""

    n: int
    seconds: float

    def share(self, among: int) -> Window:
        """The part of this window for one process, so that `among` processes together stay within it."""
        if self.n >= among:
            return Window(self.n // among, self.seconds)
        return Window(1, self.seconds * among / self.n)


class LimiterUnreachable(Exception):
    """Raised by a distributed limiter whose store can't be reached."""


class DistributedLimiter(Protocol):
    """A limiter that many processes share: `wechatpay_chain.contrib.limits.RedisLimiter`.

    Attributes:
        among: how many processes share it: each keeps to its part while the store can't be reached.
    """

    among: int

    async def acquire(self, name: str, windows: Sequence[Window]) -> float:
        """Acquire a permit for one call: 0 when it was granted, else the seconds after which to try again.

        Args:
            name: of what is limited.
            windows: the limits, all of which must have room.

        Raises:
            LimiterUnreachable: the store doesn't answer.
        """
        ...


_TAKES = {
    "overrides": instance(Mapping, "Give a dict: {'POST /v3/refund/domestic/refunds': '6/s'}"),
    "wait": FLAG,
    "shared": with_methods("acquire", remedy="Give RedisLimiter(redis, among=4), of contrib.limits").or_none(),
}


@frozen(kw_only=True)
class RateLimits:
    """The rates that a client keeps to: `WeChatPay(..., rate_limits=RateLimits(overrides={...}))`.

    Attributes:
        overrides: rates in place of the documented ones, which hold for all other operations:
            `"POST /v3/refund/domestic/refunds"` -> `"6/s"`, a `Rate`, several of them, or None for no limit. Known
            operations are held here by the catalogue's templates; one that isn't known, but resembles one that is,
            gives a `WeChatPayWarning`.
        wait: whether a call waits for its turn; False raises `RateLimited` at once.
        shared: the limiter that other processes share; None where this process keeps to the rates alone.

    Raises:
        ConfigurationError: a key or a rate is malformed.
    """

    overrides: Mapping[str, str | Rate | Sequence[Rate] | None] = field(default_factory=dict[str, "str | Rate | None"])
    wait: bool = True
    shared: DistributedLimiter | None = None

    def __post_init__(self) -> None:
        check_attributes(_TAKES, "rate_limits.", self)
        overrides: Mapping[Any, Any] = self.overrides  # callers may be untyped
        by_operation: dict[str, Any] = {}
        for name, given in overrides.items():
            if not isinstance(name, str) or not _OPERATION.fullmatch(name):
                raise ConfigurationError(
                    f"rate_limits.overrides[{name!r}]", "no operation", "Write 'METHOD /path/{placeholder}'"
                )
            if not isinstance(given, str | Rate | None) and not _are_rates(given):
                raise _no_rate(name, f"{type_of(given)} was found")
            windows_of(given, name)
            operation = _as_known(name)
            if operation in by_operation:
                raise ConfigurationError(
                    f"rate_limits.overrides[{name!r}]", "the same operation stands there twice", "Give one of its rates"
                )
            by_operation[operation] = given
        object.__setattr__(self, "overrides", by_operation)

    def windows(self, name: str, documented: Sequence[Rate]) -> tuple[Window, ...]:
        """The limits of an operation, as windows.

        Args:
            name: method and path template, that of the catalogue where it knows the operation.
            documented: its rates in the catalogue.
        """
        return windows_of(self.overrides[name], name) if name in self.overrides else windows_of(documented, name)


def windows_of(given: str | Rate | Sequence[Rate] | None, name: str) -> tuple[Window, ...]:
    """Rates in any form as windows.

    Raises:
        ConfigurationError: it is no rate.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        found = _RATE.fullmatch(given)
        if found is None:
            raise _no_rate(name, f"{given!r} was found")
        given = Rate(n=int(found[1]), per=cast("Literal['s', 'min', 'h', 'd']", found[2]))
    rates = (given,) if isinstance(given, Rate) else given
    return tuple(Window(rate.n, rate.seconds) for rate in rates)


def _as_known(name: str) -> str:
    """An operation under the catalogue's template, whatever names or values stand in its placeholders."""
    method, _, path = name.partition(" ")
    try:
        literal_path(path)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"rate_limits.overrides[{name!r}]", error.found, "Write 'METHOD /path/{placeholder}', without a query"
        ) from None
    if (operation := find(method, path)) is not None:
        return f"{method} {operation.path}"
    from ..catalogue.hints import misspelt  # only for an unknown operation

    if (cause := misspelt(method, path)) is not None:  # it may also be newer than the catalogue
        text = f"rate_limits.overrides[{name!r}]: the catalogue knows no such operation; {cause.text}"
        warnings.warn(text, WeChatPayWarning, stacklevel=4)
    return name


def _are_rates(given: object) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(rate, Rate) for rate in cast("Sequence[object]", given))


def _no_rate(name: str, found: str) -> ConfigurationError:
    return ConfigurationError(f"rate_limits.overrides[{name!r}]", found, "Write '200/min': s, min, h or d")


class SlidingWindows:
    """The calls of one operation, counted in sliding windows.

    A call counts from its start until a window's length after its end. It arrives at the platform some time between, so
    the platform never counts more calls than a window allows.

    Args:
        windows: the limits, all of which must have room.
    """

    def __init__(self, windows: Sequence[Window]) -> None:
        self._ended = [(window, deque[float]()) for window in windows]
        self._in_flight = 0

    def recall(self, calls: Sequence[tuple[float, int]]) -> None:
        """Count calls that were made elsewhere.

        Args:
            calls: when calls ended, and how many. Of more than can matter, the newest are counted.
        """
        for window, ended in self._ended:
            known = sorted([*ended, *(at for at, count in calls for _ in range(min(count, window.n)))])
            ended.clear()
            ended.extend(known[-window.n :])

    def delay(self, now: float) -> float:
        """Seconds until a call may start: 0 for at once, infinity for when one in flight has ended.

        Args:
            now: seconds of a clock that never goes back, here and below.
        """
        delay = 0.0
        for window, ended in self._ended:
            while ended and ended[0] <= now - window.seconds:
                ended.popleft()
            excess = self._in_flight + len(ended) - window.n
            if excess >= 0:
                delay = inf if excess >= len(ended) else max(delay, ended[excess] + window.seconds - now)
        return delay

    def begin(self) -> None:
        """A call starts."""
        self._in_flight += 1

    def end(self, now: float) -> None:
        """A call ended."""
        self._in_flight -= 1
        for _, ended in self._ended:
            ended.append(now)


class AdaptivePace:
    """The interval between calls of one operation: refusals for the rate double it, successes shorten it."""

    def __init__(self) -> None:
        self._interval = 0.0
        self._next = -inf
        self._slowed = -inf

    def delay(self, now: float) -> float:
        """Seconds until a call may start.

        Args:
            now: seconds of a clock that never goes back, here and below.
        """
        return max(self._next - now, 0.0)

    def begin(self, now: float) -> None:
        """A call starts."""
        if self._interval:
            self._next = max(self._next, now + self._interval)

    def succeed(self) -> None:
        """A call was not refused for its rate."""
        if not self._interval:
            return
        self._interval *= _RECOVERY
        if self._interval < _SHORTEST_INTERVAL:
            self._interval = 0.0

    def slow_down(self, began: float, now: float, asked: float | None) -> None:
        """A call was refused for its rate.

        Args:
            began: when it started.
            now: when it ended.
            asked: the seconds that the platform asked to wait; at most five minutes are waited.
        """
        # Calls that had started before the last slow-down say nothing of the new pace.
        if began >= self._slowed:
            self._slowed = now
            self._interval = min(max(self._interval * 2, _FIRST_INTERVAL), _LONGEST_INTERVAL)
        self._next = max(self._next, now + max(min(asked or 0.0, _LONGEST_ASKED), self._interval))
