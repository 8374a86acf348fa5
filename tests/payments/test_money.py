"""Fen and yuan: exact from texts and decimals, and never from floats."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain import ConfigurationError
from wechatpay_chain.payments import fen, yuan


@pytest.mark.parametrize(
    ("amount", "counted"),
    [
        ("0.29", 29),
        ("0.2", 20),
        ("1", 100),
        (" 1234.50\n", 123450),
        ("1.290", 129),
        ("-0.01", -1),
        ("0", 0),
        ("1E+2", 10000),
        (Decimal("0.57"), 57),
        (Decimal("1.15"), 115),
        (3, 300),
        ("99999999999999999999999999999999.99", 9999999999999999999999999999999999),
    ],
)
def test_fen(amount: Any, counted: int) -> None:
    """Every amount of at most two decimals is its fen, whatever its size and the decimal context."""
    assert fen(amount) == counted


@pytest.mark.parametrize(
    "amount",
    [
        0.29,
        1.0,
        True,
        None,
        b"1",
        "",
        "1,5",
        "abc",
        "NaN",
        "Infinity",
        "0.295",
        "1E+999999999",
        "1E-999999999",
        "9" * 5000,
    ],
)
def test_what_is_no_amount(amount: Any) -> None:
    """A float has lost the amount already; it and what is no number of fen are refused, with what to give instead."""
    with pytest.raises(ConfigurationError, match="yuan: "):
        fen(amount)


@pytest.mark.parametrize(("counted", "amount"), [(29, "0.29"), (0, "0.00"), (5, "0.05"), (100, "1.00"), (-1, "-0.01")])
def test_yuan(counted: int, amount: str) -> None:
    """Fen are written in yuan with two decimals."""
    assert yuan(counted) == amount


@pytest.mark.parametrize("counted", [29.0, "29", True, None, Decimal(29)])
def test_what_is_no_number_of_fen(counted: Any) -> None:
    """Only an int is a number of fen."""
    with pytest.raises(ConfigurationError, match="fen: "):
        yuan(counted)


@given(st.integers(-(10**40), 10**40))
def test_there_and_back(counted: int) -> None:
    """What is written in yuan is read again as the same fen."""
    assert fen(yuan(counted)) == counted
