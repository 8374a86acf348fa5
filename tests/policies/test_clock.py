"""The platform's clock, as answers tell it."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.http.headers import Headers
from wechatpay_chain.policies.clock import PlatformClock

NOW = 1_790_000_000.0


@given(st.floats(-1e6, 1e6))
def test_the_difference_is_measured_and_corrected(off: float) -> None:
    """Within the accuracy of whole seconds; a clock that corrects then tells the platform's time."""
    clock = PlatformClock(lambda: NOW, corrects=True)
    clock.measure(Headers({"Date": formatdate(int(NOW + off), usegmt=True)}))
    assert clock.skew == pytest.approx(off, abs=1)
    assert abs(clock() - (NOW + off)) <= 2
    assert clock.is_off is (abs(clock.skew or 0) > 300)


def test_only_a_change_is_news() -> None:
    """A clock that is right, and one that stays wrong by the same, are told once at most."""
    clock = PlatformClock(lambda: NOW)
    assert not clock.measure(Headers({"Date": formatdate(NOW, usegmt=True)}))
    assert clock.measure(Headers({"Date": formatdate(NOW + 600, usegmt=True)}))
    assert not clock.measure(Headers({"Date": formatdate(NOW + 601, usegmt=True)}))
    assert clock.measure(Headers({"Date": formatdate(NOW, usegmt=True)}))
    assert clock() == NOW


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Date": "today"},
        {"Date": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Date": "Fri, 31 Dec 0001 23:59:59 +2359"},
        {"Wechatpay-Timestamp": "-5"},
        {"Wechatpay-Timestamp": "0"},
        {"Wechatpay-Timestamp": "9" * 12},
        {"Wechatpay-Timestamp": "9" * 40},
    ],
)
def test_answers_without_a_time(headers: dict[str, str]) -> None:
    """They tell nothing, and neither does one of a year that no answer is of."""
    clock = PlatformClock(lambda: NOW, corrects=True)
    assert not clock.measure(Headers(headers))
    assert (clock.skew, clock.corrections, clock()) == (None, 0, NOW)


def test_the_signatures_time_serves_where_there_is_no_date() -> None:
    """As with an emulator in the same process."""
    clock = PlatformClock(lambda: NOW)
    assert clock.measure(Headers({"Wechatpay-Timestamp": f"{int(NOW) + 100}"}))
    assert clock.skew == pytest.approx(100, abs=1)


def test_corrections_are_counted() -> None:
    """Who signs can see whether the clock was set since: by a difference that is news, where the clock corrects."""
    measuring, correcting = PlatformClock(lambda: NOW), PlatformClock(lambda: NOW, corrects=True)
    for off in (0, 600, 601, -600):
        for clock in (measuring, correcting):
            clock.measure(Headers({"Date": formatdate(NOW + off, usegmt=True)}))
    assert (measuring.corrections, correcting.corrections) == (0, 2)
