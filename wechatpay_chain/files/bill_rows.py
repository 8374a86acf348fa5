"""Reading bills: CSV in the platform's own manner, with a backtick before every value and a summary at the end.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from ..errors import DecodeError

Value = str | int | Decimal
"""Of a row: an amount in yuan as Decimal, or in fen as int; a count as int; anything else as text."""

_BACKTICK = "`"
# Names of columns, of bills in Chinese and in English.
_AMOUNT = re.compile(r"金额|手续费|结余|余额|[(（]元[)）]|\bamount\b|\bfee\b(?! *type)", re.IGNORECASE)
_COUNT = re.compile(r"[单笔]数")
_NOT_AMOUNT = re.compile(r"费率|币种|类型|备注|rate|currency|type", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,10})?", re.ASCII)
_INTEGER = re.compile(r"[0-9]{1,20}", re.ASCII)
_FEN = 100


class Rows:
    """The rows of a bill as dicts, read one by one; `summary` is there once all are read.

    Args:
        lines: of the bill, as text.
        fen: whether amounts are given in fen, as int, instead of in yuan.
    """

    def __init__(self, lines: Iterable[str], *, fen: bool = False) -> None:
        self._lines = (line.rstrip("\r\n") for line in lines)
        self._fen = fen
        self.columns: tuple[str, ...] = ()
        self.summary: dict[str, Value] | None = None
        """The totals at the end; None until all rows are read, and for a bill that has none."""

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """The rows.

        Raises:
            DecodeError: a row has more or fewer values than there are columns, two columns have one name, or an amount
                is no number.
        """
        lines = (line for line in self._lines if line.strip())
        self.columns = _names(next(lines, "").removeprefix("\ufeff"))
        ticked = False
        for line in lines:
            if line.startswith(_BACKTICK):
                ticked = True
            elif ticked or _begins_summary(line, self.columns):
                self._summarise(line, lines)
                return
            yield self._row(self.columns, line)

    def _summarise(self, header: str, lines: Iterator[str]) -> None:
        columns = _names(header)
        totals = next(lines, None)
        if totals is None:
            raise DecodeError("the bill ends in the middle of its summary: it was cut off")
        self.summary = self._row(columns, totals)
        if next(lines, None) is not None:
            raise DecodeError("the bill goes on behind its summary")

    def _row(self, columns: tuple[str, ...], line: str) -> dict[str, Value]:
        values = _split(line)
        if len(values) != len(columns):
            raise DecodeError(f"a row of the bill has {len(values)} values for {len(columns)} columns")
        return {name: self._value(name, value.strip()) for name, value in zip(columns, values, strict=True)}

    def _value(self, name: str, value: str) -> Value:
        if not value or _NOT_AMOUNT.search(name):
            return value
        if _AMOUNT.search(name):
            return self._amount(name, value)
        if _COUNT.search(name):
            if not _INTEGER.fullmatch(value):
                raise DecodeError(f"{name}: it is no count")
            return int(value)
        return value

    def _amount(self, name: str, value: str) -> Decimal | int:
        if not _NUMBER.fullmatch(value):
            raise DecodeError(f"{name}: it is no amount")
        amount = Decimal(value)
        return fen(amount) if self._fen else amount


def fen(yuan: Decimal) -> int | Decimal:
    """An amount in fen, exactly. Fees have fractions of a fen, so theirs stays a Decimal where it is none."""
    amount = yuan * _FEN
    return int(amount) if amount == amount.to_integral_value() else amount


def _names(line: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in _split(line))
    if len(set(names)) < len(names):
        raise DecodeError("two columns of the bill have one name")
    return names


def _split(line: str) -> list[str]:
    if line.startswith(_BACKTICK):
        # A value may hold a comma, the name of goods for one; none holds a comma before a backtick.
        return line.removeprefix(_BACKTICK).split(f",{_BACKTICK}")
    try:
        return next(csv.reader([line], strict=True), list[str]())
    except csv.Error:
        raise DecodeError("a row of the bill is no CSV") from None


def _begins_summary(line: str, columns: tuple[str, ...]) -> bool:
    """Whether a line heads the summary of a bill without rows: totals are named 总交易单数 and the like."""
    first = line.split(",", 1)[0]
    return "总" in first and first not in columns
