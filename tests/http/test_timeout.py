"""How long a call may take, as a whole and in its parts."""

from __future__ import annotations

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
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_seconds_are_positive(name: str, seconds: float) -> None:
    """A time that is over before it begins is refused."""
    with pytest.raises(ConfigurationError, match="timeout"):
        Timeout(**{name: seconds})


def test_chosen() -> None:
    """A number is the whole call's time, beside the default's other bounds; None is the default itself."""
    default = Timeout(total=9, connect=2, read=3)
    assert chosen(6, default) == Timeout(total=6, connect=2, read=3)
    assert chosen(Timeout(total=1), default) == Timeout(total=1)
    assert chosen(None, default) is default
