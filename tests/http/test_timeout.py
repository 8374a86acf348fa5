"""How long a call may take, as a whole and in its parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.timeout import Timeout, chosen

SECONDS = st.floats(min_value=1e-3, max_value=1e6)


@given(SECONDS, st.none() | SECONDS, st.booleans())
def test_an_attempt_fits_into_the_whole(total: float, attempt: float | None, idempotent: bool) -> None:
    """An attempt never takes longer than the whole; where nothing was said, it leaves time for one that may follow."""
    of_attempt = Timeout(total=total, attempt=attempt).of_attempt(idempotent=idempotent)
    assert 0 < of_attempt <= total
    assert attempt is not None or (of_attempt < total) == idempotent


@pytest.mark.parametrize("name", ["total", "attempt", "connect", "read"])
@pytest.mark.parametrize(
    "seconds", [0, -1, float("nan"), 10**400, -(10**400), pytest.param(10**9999, id="huge"), "5", b"5", [5], object()]
)
def test_seconds_are_positive(name: str, seconds: Any) -> None:
    """A time that is over before it begins is refused, and so is what is no time that a clock could measure."""
    with pytest.raises(ConfigurationError, match=r"timeout: .* Give a positive number of seconds"):
        Timeout(**{name: seconds})


@pytest.mark.parametrize("seconds", [1e-9, 1, 2**63, 1e308, float("inf")])
def test_any_other_number_is_a_time(seconds: float) -> None:
    """However short or long."""
    assert 0 < Timeout(total=seconds).of_attempt(idempotent=True) <= seconds


def test_chosen() -> None:
    """A number is the whole call's time, beside the default's other bounds; None is the default itself."""
    default = Timeout(total=9, connect=2, read=3)
    assert chosen(6, default) == Timeout(total=6, connect=2, read=3)
    assert chosen(Timeout(total=1), default) == Timeout(total=1)
    assert chosen(None, default) is default
