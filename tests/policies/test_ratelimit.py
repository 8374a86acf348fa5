"""When a call may start under a rate limit."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.catalogue import Rate
from wechatpay_chain.errors import ConfigurationError, WeChatPayWarning
from wechatpay_chain.policies.ratelimit import AdaptivePace, RateLimits, SlidingWindows, Window

windows = st.lists(st.builds(Window, st.integers(1, 5), st.floats(0.5, 20)), min_size=1, max_size=2)
calls = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=40)


@given(windows, calls)
def test_no_window_is_ever_exceeded(limits: list[Window], plan: list[tuple[float, float, float]]) -> None:
    """Wherever between start and end a call arrives, and wherever the platform's window begins, it counts no more."""
    counted, now, arrivals = SlidingWindows(limits), 0.0, list[float]()
    for pause, takes, arrives in plan:
        now += pause
        while (delay := counted.delay(now)) > 0:
            assert delay < inf, "one call at a time, so nothing can be in flight"
            now += max(delay, 1e-9)
        counted.begin()
        arrivals.append(now + takes * arrives)
        now += takes
        counted.end(now)
    for window in limits:
        for index, arrival in enumerate(arrivals):
            inside = [other for other in arrivals[index:] if other < arrival + window.seconds - 1e-6]
            assert len(inside) <= window.n


@given(windows, calls, st.integers(0, 40))
def test_what_an_earlier_process_called_counts(
    limits: list[Window], plan: list[tuple[float, float, float]], restart: int
) -> None:
    """A count that is told of the calls before it gives the same turns as one that has made them all itself."""
    whole, parted, now = SlidingWindows(limits), SlidingWindows(limits), 0.0
    ended = list[tuple[float, int]]()
    for number, (pause, takes, _) in enumerate(plan):
        now += pause
        if number == restart:
            parted = SlidingWindows(limits)
            parted.recall(ended)
        assert parted.delay(now) == whole.delay(now)
        now += whole.delay(now)
        for counted in (whole, parted):
            counted.begin()
            counted.end(now + takes)
        now += takes
        ended.append((now, 1))


def test_calls_in_flight_count() -> None:
    """With as many in flight as a window allows, the next waits for one to end, and then for the window to pass."""
    counted = SlidingWindows([Window(2, 10)])
    counted.begin()
    counted.begin()
    assert counted.delay(100) == inf
    counted.end(100)
    assert counted.delay(100) == 10
    assert counted.delay(110) == 0


def test_no_windows_limit_nothing() -> None:
    """Without a limit any number of calls may be in flight."""
    counted = SlidingWindows(())
    for _ in range(1000):
        counted.begin()
    assert counted.delay(0) == 0


def test_a_refusal_for_the_rate_slows_down_and_success_brings_the_pace_back() -> None:
    """Each refusal doubles the distance between calls, those of one moment count once, successes take it away."""
    pace = AdaptivePace()
    for _ in range(3):
        pace.begin(0)
    for _ in range(3):
        pace.slow_down(0, 1, None)
    assert pace.delay(1) == pytest.approx(0.1)
    pace.begin(2)
    pace.slow_down(2, 3, 4)
    assert pace.delay(3) == pytest.approx(4)
    for number in range(60):
        pace.begin(10 + number)
        pace.succeed()
    pace.begin(100)
    assert pace.delay(100) == 0


def test_a_refusal_stops_nothing_for_good() -> None:
    """However long an answer asks to wait, an operation is tried again after five minutes."""
    pace = AdaptivePace()
    pace.begin(0)
    pace.slow_down(0, 1, 1e9)
    assert pace.delay(1) == 300


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_shares_are_no_more_than_the_whole(n: int, among: int) -> None:
    """So many processes, each with its share, together do no more than one may."""
    share = Window(n, 60).share(among)
    assert share.n / share.seconds * among <= n / 60 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("200/min", (Window(200, 60),)),
        ("6 / s", (Window(6, 1),)),
        (Rate(n=1, per="h"), (Window(1, 3600),)),
        ([Rate(n=5, per="s"), Rate(n=100, per="d")], (Window(5, 1), Window(100, 86400))),
        (None, ()),
    ],
)
def test_own_limits(given_: Any, expected: tuple[Window, ...]) -> None:
    """Texts and rates are taken; one's own stand in for the documented ones."""
    limits = RateLimits(overrides={"POST /v3/x": given_})
    assert limits.windows("POST /v3/x", [Rate(n=9, per="s")]) == expected
    assert limits.windows("POST /v3/y", [Rate(n=9, per="s")]) == (Window(9, 1),)


@pytest.mark.parametrize(
    "own",
    [
        {"/v3/x": "1/s"},
        {"post /v3/x": "1/s"},
        {"POST /v3/x": "0/s"},
        {"POST /v3/x": "fast"},
        {"POST /v3/x?a=b": "1/s"},
        {"POST /v3/x#a": "1/s"},
        {"POST /v3//x": "1/s"},
        {"POST /v3/../x": "1/s"},
        {"POST /v3/:id": "1/s"},
    ],
)
def test_limits_are_checked(own: dict[str, Any]) -> None:
    """A key that names no operation, and a rate that is none, are told at construction."""
    with pytest.raises(ConfigurationError, match=r"rate_limits\.overrides"):
        RateLimits(overrides=own)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("POST /v3/refund/domestic/refund", "POST /v3/refund/domestic/refunds "),
        ("POST /v3/refund/domestic/refunds/", "POST /v3/refund/domestic/refunds "),
        ("GET /v3/refund/domestic/refunds", "known with POST only"),
        ("POST /pay/unifiedorder", "POST /v2/pay/unifiedorder "),
    ],
)
def test_a_rate_for_a_misspelt_operation(name: str, meant: str) -> None:
    """It would hold for no call: a warning says, where the rates are made, which operation may be meant."""
    with pytest.warns(WeChatPayWarning, match=meant) as told:
        assert dict(RateLimits(overrides={name: "1/s"}).overrides) == {name: "1/s"}
    assert [warning.filename for warning in told] == [__file__]


def test_overrides_name_operations_with_any_placeholders() -> None:
    """What placeholders are called doesn't matter, and no operation has two rates."""
    spelt = "GET /v3/refund/domestic/refunds/{mine}"
    limits = RateLimits(overrides={spelt: "1/s", "GET /v3/of/tomorrow/{id}": "2/s"})
    assert dict(limits.overrides) == {
        "GET /v3/refund/domestic/refunds/{out_refund_no}": "1/s",
        "GET /v3/of/tomorrow/{id}": "2/s",
    }
    with pytest.raises(ConfigurationError, match="twice"):
        RateLimits(overrides={spelt: "1/s", "GET /v3/refund/domestic/refunds/{out_refund_no}": "2/s"})
