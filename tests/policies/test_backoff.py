"""Pauses between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.policies.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    """Each pause is twice the one before, until the longest."""
    assert [Backoff(1, 10, jitter=0).pause(made) for made in range(1, 7)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(("jitter", "expected"), [(0, 4.0), (0.25, 3.0), (1, 0.0)])
def test_chance_takes_off_the_jitter(jitter: float, expected: float) -> None:
    """The smallest chance takes off the whole jitter, the greatest nothing."""
    backoff = Backoff(4, 8, jitter)
    assert (backoff.pause(1, 0.0), backoff.pause(1, 1.0)) == (expected, 4.0)


@given(made=st.integers(1, 100_000), chance=st.floats(0, 1), jitter=st.floats(0, 1))
def test_pauses_stay_in_bounds(made: int, chance: float, jitter: float) -> None:
    """After any number of failures a pause is no longer than the longest, and never negative."""
    assert 0 <= Backoff(0.2, 10, jitter).pause(made, chance) <= 10


@pytest.mark.parametrize(
    "values", [(0, 1), (-1, 1), (2, 1), (1, 2, -0.1), (1, 2, 1.1), (float("nan"), 1), ("1", 2), (1, 2, None)]
)
def test_a_backoff_is_checked(values: tuple[float, ...]) -> None:
    """Values that make no sense are refused when it is made, and the argument is named."""
    with pytest.raises(ConfigurationError, match=r"backoff\.(first|jitter)"):
        Backoff(*values)
