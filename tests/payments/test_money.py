"""Fen and yuan: exact from texts and decimals, and never from floats."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain import ConfigurationError
from wechatpay_chain.payments import fen, minor_units, yuan


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


@pytest.mark.parametrize(
    ("amount", "currency", "counted"),
    [
        ("100", "JPY", 100),
        ("100.00", "JPY", 100),
        ("1.5", "HKD", 150),
        ("0.29", "USD", 29),
        ("1.234", "KWD", 1234),
        (-7, "KRW", -7),
        ("1E+2", "JPY", 100),
    ],
)
def test_minor_units(amount: Any, currency: str, counted: int) -> None:
    """An amount counts in its currency's smallest unit, which not all have two decimals of."""
    assert minor_units(amount, currency) == counted


@pytest.mark.parametrize(
    ("amount", "currency", "argument"),
    [
        ("0.5", "JPY", "amount"),
        ("0.005", "HKD", "amount"),
        (0.5, "HKD", "amount"),
        ("1", "hkd", "currency"),
        ("1", "RMB", "currency"),
        ("1", "", "currency"),
        ("1", None, "currency"),
    ],
)
def test_no_minor_units(amount: Any, currency: Any, argument: str) -> None:
    """A part of the smallest unit, a float, and what is no currency are refused by name."""
    with pytest.raises(ConfigurationError) as caught:
        minor_units(amount, currency)
    assert caught.value.argument == argument
