"""Whether a call is made again, and when."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.known import known, operation_of
from wechatpay_chain.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    Outcome,
    Pending,
    RateLimited,
    ServerError,
    SignatureError,
    SignatureProbe,
    TimedOut,
    WeChatPayError,
)
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.response import Response
from wechatpay_chain.policies.retry import RetryBudget, RetryPolicy, is_idempotent, may_help, retry_after, worst
from wechatpay_chain.wire.codes import PASSING, TOO_MANY
from wechatpay_chain.wire.refusal import api_error

RECOVER = "/v3/aggracct-bc/wb-channel/control-orders/recover"
NATIVE = "/v3/pay/transactions/native"
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"


def lost(kind: type[WeChatPayError], outcome: Outcome, attempts: int = 1) -> WeChatPayError:
    """An error as the transport leaves it."""
    error = kind("lost")
    error.outcome, error.attempts = outcome, attempts
    return error


def refused(status: int, code: str = "", path: str = NATIVE) -> APIError:
    """A refusal as the platform sends it."""
    content = f'{{"code":"{code}","message":"m"}}'.encode() if code else b"<html>"
    return api_error(Response(status=status, content=content), operation_of("POST", path))


@pytest.mark.parametrize(
    ("method", "template", "retry", "expected"),
    [
        ("GET", NATIVE, None, True),
        ("GET", NATIVE, False, False),
        ("POST", NATIVE, None, False),
        ("POST", NATIVE, True, True),
        ("POST", RECOVER, None, True),
        ("POST", RECOVER, False, False),
        ("DELETE", "/v3/new/thing", None, False),
        ("PUT", "/v3/new/thing", None, False),
    ],
)
def test_what_may_be_repeated(method: str, template: str, retry: bool | None, expected: bool) -> None:
    """A GET, a documented re-entrant operation, and what the caller says; no other method by itself."""
    assert is_idempotent(known(method=method, template=template, retry=retry)) is expected


@pytest.mark.parametrize(
    ("error", "as_write", "as_read"),
    [
        (lost(ConnectionFailed, "not_sent"), True, True),
        (lost(TimedOut, "not_sent"), True, True),
        (lost(ConnectionFailed, "unknown"), False, True),
        (lost(TimedOut, "unknown"), False, True),
        (lost(TimedOut, "not_sent", attempts=0), False, False),
        (lost(SignatureProbe, "unknown"), False, True),
        (lost(SignatureError, "unknown"), False, False),
        (lost(RateLimited, "not_sent", 0), False, False),
        (refused(429), True, True),
        (refused(429, "RATELIMIT_EXCEEDED"), True, True),
        (refused(403, "FREQUENCY_LIMITED"), True, True),
        (refused(403, "FREQUENCYLIMITED"), True, True),
        (refused(400, "RATELIMIT_EXCEEDED"), True, True),
        (refused(500, "FREQUENCY_LIMITED"), False, True),
        (refused(503, "RATE_LIMITED"), False, True),
        (refused(504, "RATELIMIT_EXCEEDED"), False, True),
        (refused(202, "FREQUENCY_LIMITED"), False, True),
        (refused(500, "SYSTEM_ERROR"), False, True),
        (refused(500, "SYSTEMERROR"), False, True),
        (refused(500, "BANK_ERROR"), False, True),
        (refused(500), False, True),
        (refused(500, "OPENID_MISMATCH"), False, False),
        (refused(500, "INVALID_TRANSACTIONID"), False, False),
        (refused(500, "NEVER_HEARD_OF"), False, False),
        (refused(501), False, False),
        (refused(502), False, True),
        (refused(503, "SERVICE_UNAVAILABLE"), False, True),
        (refused(202, "USERPAYING"), False, False),
        (refused(400, "PARAM_ERROR"), False, False),
        (refused(401, "SIGN_ERROR"), False, False),
        (refused(403, "NOT_ENOUGH"), False, False),
        (refused(404, "ORDER_NOT_EXIST"), False, False),
        (refused(403, "NEVER_HEARD_OF", TRANSFERS), False, False),
        (refused(403, "", TRANSFERS), False, False),
        (refused(429, "FREQUENCY_LIMITED", TRANSFERS), True, True),
        (refused(403, "FREQUENCY_LIMITED", TRANSFERS), True, True),
    ],
    ids=lambda value: f"{type(value).__name__} {value}" if isinstance(value, WeChatPayError) else str(value),
)
def test_what_a_repetition_may_help(error: WeChatPayError, as_write: bool, as_read: bool) -> None:
    """What never left is repeated, and a refusal for the rate; what may have arrived only where that does no harm."""
    assert may_help(error, idempotent=False) is as_write
    assert may_help(error, idempotent=True) is as_read


@given(
    status=st.sampled_from([200, 202, 302, 400, 403, 408, 421, 425, 500, 501, 502, 503, 504]),
    code=st.sampled_from(["", "SYSTEM_ERROR", "SYSTEMERROR", *PASSING, *TOO_MANY, "NEVER_HEARD_OF"]),
    path=st.sampled_from([NATIVE, TRANSFERS]),
)
def test_a_write_of_unknown_outcome_is_not_repeated(status: int, code: str, path: str) -> None:
    """Whatever the code says: a write that may have taken effect is not made again unless that does no harm."""
    error = refused(status, code, path)
    assert error.outcome == "rejected" or not may_help(error, idempotent=False)


def test_a_refund_that_is_limited_is_repeated() -> None:
    """A 429 leaves a refund's outcome open, and the platform asks for the same refund again."""
    refund = operation_of("POST", "/v3/refund/domestic/refunds")
    error = api_error(Response(status=429, content=b'{"code":"RATELIMIT_EXCEEDED"}'), refund)
    assert (error.outcome, may_help(error, idempotent=False)) == ("unknown", True)


def test_a_pending_payment_is_no_server_error() -> None:
    """`202 USERPAYING` asks for a query, not for a repetition."""
    assert isinstance(refused(202, "USERPAYING"), Pending)
    assert isinstance(refused(503), ServerError)


@given(
    made=st.integers(1, 10_000),
    attempts=st.integers(1, 10_000),
    chance=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e6),
)
def test_pauses_are_bounded(made: int, attempts: int, chance: float, asked: float | None) -> None:
    """A pause lies between what the platform asked for and the bound above it; after the last attempt there is none."""
    policy = RetryPolicy(attempts=attempts)
    pause = policy.pause(refused(429), made=made, idempotent=False, asked=asked, chance=chance)
    if made >= attempts:
        assert pause is None
    else:
        bound = min(policy.longest, policy.base * 2 ** min(made - 1, 60))
        assert pause is not None
        assert (asked or 0) <= pause <= (asked or 0) + bound


@given(st.lists(st.sampled_from(["not_sent", "rejected", "unknown"]), min_size=1, max_size=6))
def test_the_worst_outcome_is_kept(outcomes: list[Any]) -> None:
    """An attempt of unknown outcome leaves the call's unknown, whatever comes before and after it."""
    kept: Outcome | None = None
    for outcome in outcomes:
        kept = worst(kept, outcome)
    assert kept == max(outcomes, key=["not_sent", "rejected", "unknown"].index)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        (formatdate(1_000_060, usegmt=True), 60.0),
        (formatdate(999_000, usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("9" * 400, None),
        ("\uff11", None),
    ],
)
def test_retry_after(value: str, expected: float | None) -> None:
    """Seconds and dates are understood, anything else is as if it weren't there."""
    assert retry_after(Headers({"Retry-After": value}), 1_000_000.0) == expected


@given(st.lists(st.booleans(), max_size=400))
def test_an_outage_is_not_multiplied(calls: list[bool]) -> None:
    """However calls and repetitions follow each other, the repetitions stay under the first stock and their share."""
    budget = RetryBudget(most=10, per_call=0.1, per_second=0)
    made = repeated = 0
    for is_call in calls:
        if is_call:
            budget.earn()
            made += 1
        else:
            repeated += budget.spend(0.0)
    assert repeated <= 10 + made * 0.1


def test_time_fills_the_budget() -> None:
    """A client with few calls is not left without repetitions for ever."""
    budget = RetryBudget(most=1, per_second=0.5)
    assert [budget.spend(now) for now in (0.0, 1.0, 2.1, 2.2)] == [True, False, True, False]


@pytest.mark.parametrize(
    "values", [{"attempts": 0}, {"base": 0}, {"base": 11.0}, {"attempts": "3"}, {"attempts": 1.5}, {"longest": None}]
)
def test_a_policy_is_checked(values: dict[str, Any]) -> None:
    """A policy that makes no sense is refused when it is made."""
    with pytest.raises(ConfigurationError, match="retry"):
        RetryPolicy(**values)
