"""Whether a call is repeated, and when. Waiting is done elsewhere.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709 (codes)
https://pay.weixin.qq.com/doc/v3/merchant/4012791862 (a repetition has the same number and the same content)
"""

from __future__ import annotations

from collections.abc import Mapping

from .._arguments import COUNT, SECONDS, check_attributes
from ..errors import (
    APIError,
    ConfigurationError,
    Outcome,
    RateLimited,
    ServerError,
    SignatureProbe,
    TransportError,
    Unauthorized,
    WeChatPayError,
    plain_code,
)
from ..http.dates import unix_time
from ..http.request import Request
from ..http.value import frozen
from ..wire.codes import PASSING, TOO_MANY
from .backoff import Backoff

_RANK: dict[Outcome | None, int] = {None: 0, "not_sent": 0, "rejected": 1, "unknown": 2}

_TAKES = {"attempts": COUNT, "base": SECONDS, "longest": SECONDS}

GATEWAY = frozenset({502, 503, 504})
"""Statuses of a gateway in front of the platform, whatever the body says."""


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how soon a call is repeated: `WeChatPay(..., retry=RetryPolicy(attempts=2))`.

    The pause before a repetition is random, from 0 to a bound that doubles each time ("full jitter"), so that callers
    who failed at the same time don't all repeat at the same time.

    Attributes:
        attempts: at most so many in all; 1 repeats nothing.
        base: seconds, the bound of the first pause.
        longest: seconds, the highest bound.

    Raises:
        ConfigurationError: a value is too small, or of another type.
    """

    attempts: int = 4
    base: float = 0.2
    longest: float = 10.0

    def __post_init__(self) -> None:
        check_attributes(_TAKES, "retry.", self)
        if self.base > self.longest:
            raise ConfigurationError("retry.base", f"{self.base!r} was found", "Give more than 0, at most `longest`")

    def pause(
        self,
        error: WeChatPayError,
        *,
        made: int,
        idempotent: bool,
        asked: float | None,
        chance: float,
        clock_corrected: bool = False,
    ) -> float | None:
        """Seconds until the next attempt; None where there is to be none.

        Args:
            error: what the last attempt ended with.
            made: how many were made so far.
            idempotent: whether the call may be repeated after it may have arrived.
            asked: the seconds that the platform asked to wait (`Retry-After`); None where it asked for none.
            chance: a random number from 0 to 1.
            clock_corrected: whether the next attempt is signed by another time than the last one.
        """
        signed_late = clock_corrected and isinstance(error, Unauthorized)
        if made >= self.attempts or not (signed_late or may_help(error, idempotent=idempotent)):
            return None
        pause = Backoff(self.base, self.longest).pause(made, chance)
        return pause if asked is None else asked + pause


def is_idempotent(request: Request) -> bool:
    """Whether a call may be repeated after it may have arrived.

    That is so for a GET, which changes nothing, for a re-entrant operation, and where the caller says so.
    """
    if request.retry is not None:
        return request.retry
    if request.method == "GET":
        return True
    return request.operation is not None and request.operation.idempotent


def may_help(error: WeChatPayError, *, idempotent: bool) -> bool:
    """Whether a repetition may succeed, and does no harm.

    Args:
        error: what the last attempt ended with.
        idempotent: whether the call may be repeated after it may have arrived.
    """
    if error.attempts == 0:
        return False  # it never reached the transport, and wouldn't the next time
    if isinstance(error, RateLimited):
        # A refund may have been accepted all the same; the platform's advice is to repeat it:
        # https://pay.weixin.qq.com/doc/v3/merchant/4012791862
        return True
    if error.outcome == "unknown" and not idempotent:
        return False  # whatever the code says: it may have taken effect
    if isinstance(error, TransportError):
        return idempotent or error.outcome == "not_sent"
    if is_rate_limited(error):
        return True
    if isinstance(error, ServerError):
        # A 500 may be permanent (OPENID_MISMATCH): only codes that are known to pass are repeated.
        passing = _has(error, PASSING) or error.status in GATEWAY or (error.status == 500 and not error.code)
        return idempotent and passing
    return idempotent and isinstance(error, SignatureProbe)


def is_rate_limited(error: WeChatPayError) -> bool:
    """Whether the platform refused a call for its rate, by any of the codes that it has for that."""
    return isinstance(error, RateLimited) or (isinstance(error, APIError) and _has(error, TOO_MANY))


def _has(error: APIError, codes: frozenset[str]) -> bool:
    return plain_code(error.code) in codes


def worst(one: Outcome | None, other: Outcome | None) -> Outcome | None:
    """The outcome of two attempts of one call, as far as anyone can know it."""
    return one if _RANK[one] > _RANK[other] else other


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that an answer asks to wait; None where it asks for none, or can't be understood.

    Args:
        headers: of the answer, looked up in any case.
        now: Unix time in seconds.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal() and len(value) <= 9:
        return float(value)
    until = unix_time(value)
    return None if until is None else max(0.0, until - now)


class RetryBudget:
    """Limits repetitions to a small share of the calls, so that retries don't multiply the load of an outage.

    Each call adds a fraction of a repetition to the budget, each second adds some, each repetition takes one out.

    Args:
        most: it never holds more repetitions than this, and begins with them.
        per_call: what each call puts in.
        per_second: what each second puts in, so that a client with few calls isn't left without.
    """

    __slots__ = ("_at", "_held", "_most", "_per_call", "_per_second")

    def __init__(self, *, most: float = 100.0, per_call: float = 0.1, per_second: float = 1.0) -> None:
        self._most = most
        self._per_call = per_call
        self._per_second = per_second
        self._held = most
        self._at: float | None = None

    def earn(self) -> None:
        """A call is made."""
        if self._held < self._most:
            self._held = min(self._most, self._held + self._per_call)

    def spend(self, now: float) -> bool:
        """Take a repetition out of the budget; False if there is none left. `now`: seconds of any monotonic clock."""
        if self._at is not None:
            self._held = min(self._most, self._held + (now - self._at) * self._per_second)
        self._at = now
        if self._held < 1:
            return False
        self._held -= 1
        return True
