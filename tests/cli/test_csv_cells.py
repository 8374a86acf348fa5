"""Cells of tables that people open in a spreadsheet."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wechatpay_chain.cli.csv_cells import shown


@pytest.mark.parametrize("text", ["=1+1", "=HYPERLINK(A1)", "+86 138", "-x", "@SUM(A1)", "\t=1", "\r=1", "-1+2", "="])
def test_a_formula_is_shown(text: str) -> None:
    """What a spreadsheet would compute has a mark before it."""
    assert shown(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "-1", "+8613800000000", "-0.29", "茶", "a=1", 5, -5, Decimal("-0.29"), True])
def test_all_else_stays_as_it_is(value: object) -> None:
    """Numbers, with their signs, and other texts are written as they are."""
    assert shown(value) is value
