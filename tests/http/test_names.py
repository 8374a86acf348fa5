"""Spellings of names: what they have in common, and how far they are apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.http.names import distance, letters, nearest


@pytest.mark.parametrize(
    "spelt",
    ["encBankNo", "ENC_BANK_NO", "enc-bank-no", " enc_bank_no ", "enc\u200b_bank_no", "\uff45nc\uff3f\uff42ank_no"],
)
def test_letters(spelt: str) -> None:
    """Capitals, hyphens, blanks, invisible and full-width characters make no other name."""
    assert letters(spelt) == "encbankno"


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("name", "name", 0),
        ("name", "nmae", 1),
        ("name", "names", 1),
        ("name", "n4m3", 2),
        ("name", "", 4),
        ("ab", "xy", 2),
    ],
)
def test_distance(one: str, other: str, apart: int) -> None:
    """A letter too many, too few, another one, or two swapped count as one each."""
    assert distance(one, other, 9) == apart


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 4))
def test_distance_is_bounded_and_symmetric(one: str, other: str, most: int) -> None:
    """Either way it is the same, and what is more than `most` is told as one more."""
    exact = distance(one, other, 20)
    assert distance(other, one, 20) == exact
    assert distance(one, other, most) == min(exact, most + 1)


@pytest.mark.parametrize(
    ("name", "close"), [("transactionid", "transaction_id"), ("transaction_i", "transaction_id"), ("qqq", None)]
)
def test_nearest(name: str, close: str | None) -> None:
    """Of some names the one that is meant, and none where none resembles it."""
    assert nearest(name, {"out_trade_no", "transaction_id", "mchid"}) == close
