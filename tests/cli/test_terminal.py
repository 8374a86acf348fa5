"""Text in a terminal: cells, wrapping, tables."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.cli.terminal import Terminal, cells, padded, table, wrap


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("退款", 4), ("退款 a", 6), ("e\u0301", 1), ("", 0), ("（）", 4)]
)
def test_cells(text: str, width: int) -> None:
    """A Chinese character takes two columns, a combining one none."""
    assert cells(text) == width
    assert cells(padded(text, 10)) == 10


@given(st.text(alphabet="ab ,退款。", max_size=80), st.integers(5, 40))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    """No piece is wider than the width, and nothing but blanks is lost."""
    pieces = list(wrap(text, width))
    assert all(cells(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_columns_of_chinese_text_are_aligned() -> None:
    """What stands behind Chinese text begins in the same column as what stands behind ASCII."""
    lines = list(table([("退款", "a"), ("refund", "b")], 40))
    assert [cells(line[: line.index(last)]) for line, last in zip(lines, "ab", strict=True)] == [8, 8]


@given(
    st.lists(st.tuples(st.text("ab退", max_size=30), st.text("xy款 ", max_size=90)), max_size=5), st.integers(40, 100)
)
def test_tables_fit(rows: list[tuple[str, str]], width: int) -> None:
    """A table is no wider than it may be, wherever the first column leaves room for it."""
    assert all(cells(line) <= width for line in table(rows, width))


def test_last_column_goes_below() -> None:
    """Where the other columns leave no room, the last one goes below them."""
    assert list(table([("a" * 30, "some words that are long")], 40)) == ["a" * 30, "    some words that are long"]


def test_checks_wrap_behind_their_mark() -> None:
    """A long check goes on below its own text, not below its mark."""
    shown = io.StringIO()
    Terminal(shown, colour=False, width=30).check("one two three four five six seven", holds=False)
    assert shown.getvalue().splitlines() == ["    ✗ one two three four five", "      six seven"]
