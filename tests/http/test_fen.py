"""Amounts that aren't whole numbers: the texts of errors say what they are in fen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.http.fen import is_amount, whole_fen


class Masked(float):
    """Writes another text than it holds, as the one below."""

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__


class MaskedDecimal(Decimal):
    __slots__ = ()

    def __str__(self) -> str:
        return "***"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (12.5, "amounts are whole fen: 12.5 yuan are 1250"),
        (0.29, "amounts are whole fen: 0.29 yuan are 29"),
        (-0.01, "amounts are whole fen: -0.01 yuan are -1"),
        ("12.50", "amounts are whole fen: 12.50 yuan are 1250"),
        (Decimal("12.50"), "amounts are whole fen: 12.50 yuan are 1250"),
        (1250.0, "amounts are whole fen: 1250.0 yuan are 125000, 1250.0 fen are 1250"),
        (Masked(0.29), "amounts are whole fen: 0.29 yuan are 29"),
        (MaskedDecimal("0.29"), "amounts are whole fen: 0.29 yuan are 29"),
        (0.125, "amounts are whole fen"),
        (0.29 * 100, "amounts are whole fen"),
        (float("nan"), "amounts are whole fen"),
        (float("inf"), "amounts are whole fen"),
        (1e300, "amounts are whole fen"),
        (Decimal("1E-999999999"), "amounts are whole fen"),
    ],
)
def test_whole_fen(amount: float | str | Decimal, text: str) -> None:
    """Where yuan make whole fen, they are told; of a whole float both readings; else the rule alone."""
    assert whole_fen(amount) == text


@given(st.integers(1, 10**12))
def test_every_price(fen: int) -> None:
    """A price in yuan with two decimals, as a float, is told in its fen exactly."""
    assert f" yuan are {fen}" in whole_fen(fen / 100)


@pytest.mark.parametrize(
    "name",
    [
        "total",
        "total_fee",
        "amount",
        "max_fee_per_day",
        "max_amount_by_day",
        "discount_amount_max",
        "subsidy_amt",
        "coupon_value",
        "coupon_minimum",
        "transaction_minimum",
        "transaction_amount_minimum",
        "threshold",
        "balance",
        "add_balance",
        "before_balance",
        "overdue_fine",
        "room_rate",
    ],
)
def test_amounts_are_told_by_their_names(name: str) -> None:
    """A field that is named as money is an amount, wherever in a payload it stands."""
    assert is_amount(name)
    assert is_amount(f"/amount/0/{name}")


@pytest.mark.parametrize(
    "name",
    [
        "limit",
        "quantity",
        "fee_count",
        "total_num",
        "apply_total",
        "totals",
        "coffee",
        "amount/0/count",
        "point_balance",
        "bonus_value",
        "tax_rate",
    ],
)
def test_other_numbers_are_no_amounts(name: str) -> None:
    """A count is none, also where its name has a word for money."""
    assert not is_amount(name)
