"""Reading bills: CSV with a backtick before every value, and two lines of sums at the end.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238

The platform writes values without quotes. A product's name may hold a line end, and what follows that looks like
another line. A line begins a row only if the row before it is complete, so a name can't add a row.
"""

from __future__ import annotations

import csv
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain

from ..errors import ConfigurationError, DecodeError, type_of

Value = str | int | Decimal
"""A value of a row: an amount in yuan as Decimal, or in fen as int; a count as int; anything else as text."""

_log = logging.getLogger(__name__)
_BACKTICK = "`"
_NEXT = f",{_BACKTICK}"
# Names of columns, of bills in Chinese and in English.
_AMOUNT = re.compile(r"金额|手续费|结余|余额|[(（]元[)）]|\bamount\b|\bfee\b(?! *type)", re.IGNORECASE)
_COUNT = re.compile(r"[单笔]数")
# Sums are counts or amounts only, so more words stand for a count.
_COUNT_IN_SUMS = re.compile(r"[单笔件条]数|\bcount\b|\bnumber\b|\b(?:transaction|record)s\b", re.IGNORECASE)
_NOT_AMOUNT = re.compile(r"费率|币种|类型|备注|rate|currency|type", re.IGNORECASE)
_TOTAL = re.compile(r"总|\btotal\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,10})?", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?", re.ASCII)
# The first column of bills that end with sums: trade and fund flow.
_WITH_SUMS = ("交易时间", "记账时间")
_COUNTS_OF_ROWS = ("总交易单数", "资金流水总笔数")
_FEN = 100
# Characters: longer than any name or text of a merchant or payer in a bill (127 and 128 are allowed).
_LONGEST_VALUE = 512


@dataclass(frozen=True, slots=True)
class DoubtfulRow:
    """A part of a bill that can't be read reliably; it is left out of the rows.

    Attributes:
        line: number of its first line in the bill, from 1.
        text: the lines as they are.
        reason: what is doubtful about it.
    """

    line: int
    text: str = field(repr=False)
    reason: str


class Rows:
    """The rows of a bill as dicts, read one by one; what follows is there once all are read.

    The lines of a value with a line end in it are joined. A row that stays doubtful is left out and listed in
    `doubtful`; `differences` shows whether the rows that were read add up to the sums of the bill.

    Args:
        lines: of the bill, as text.
        fen: whether amounts are given in fen, as int, instead of in yuan.
    """

    def __init__(self, lines: Iterable[str], *, fen: bool = False) -> None:
        self._lines = lines
        self._fen = fen
        self.columns: tuple[str, ...] = ()
        self.summary: dict[str, Value] | None = None
        """The sums at the end; None until all rows are read, and for a bill that has none."""
        self.doubtful: list[DoubtfulRow] = []
        """Rows that were left out because their columns or amounts are doubtful."""
        self.differences: dict[str, tuple[Value, Value]] = {}
        """Sums that the rows don't add up to: name -> the sum in the bill, the sum of the rows. Empty if all match."""

    @property
    def is_complete(self) -> bool:
        """Whether everything was read: no sum differs and no row is doubtful. False before the end."""
        return self.summary is not None and not self.doubtful and not self.differences

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """The rows.

        Raises:
            DecodeError: there are no columns, two have one name, a sum is no number, or the bill ends without its sums.
        """
        lines = _numbered(self._lines)
        _, header = next(lines, (1, ""))
        if not header.strip():
            raise DecodeError("the bill is empty: not even its columns are there. Download it again")
        self.columns = _names(header)
        if len(self.columns) == 1:
            first = next(lines, (2, ""))
            if not first[1].startswith(_BACKTICK):
                raise DecodeError(
                    "its first line names no columns: it is no bill, but a text in its place or a damaged file"
                )
            lines = chain((first,), lines)
        self.doubtful.clear()
        sums = _Sums()
        last_two: list[tuple[int, str]] = []
        for record in _records(_all_but_last_two(lines, last_two), self._rest(last_two), len(self.columns)):
            row = self._read(record)
            if row is not None:
                sums.add(row)
                yield row
        if self.summary is not None:
            self.differences = sums.differences(self.summary)
        elif self.columns[0] in _WITH_SUMS:
            raise DecodeError(
                "the bill ends without its sums: it was cut off, or it is a table that was made of a bill. Read what "
                "the platform wrote, or download it again"
            )
        if self.doubtful or self.differences:
            _log.warning(
                "the bill was not read whole: %d rows are doubtful and were left out, %d sums differ",
                len(self.doubtful),
                len(self.differences),
            )

    def _rest(self, last_two: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """The last two lines, if they are rows and no sums."""
        if len(last_two) == 2 and _are_sums(last_two[0][1], last_two[1][1], self.columns):
            self.summary = self._sums(last_two[0][1], last_two[1][1])
            return
        if last_two and _heads_sums(last_two[-1][1], self.columns):
            raise DecodeError("the bill ends in the middle of its sums: it was cut off. Download it again")
        yield from last_two

    def _sums(self, header: str, totals: str) -> dict[str, Value]:
        row: dict[str, Value] = {}
        for name, value in zip(_names(header), _split(totals), strict=True):
            is_count = _COUNT_IN_SUMS.search(name) and not _AMOUNT.search(name)
            row[name] = _count(name, value.strip()) if is_count else self._amount(name, value.strip())
        return row

    def _read(self, record: _Record) -> dict[str, Value] | None:
        try:
            if record.doubt:
                raise DecodeError(record.doubt)
            return self._row(record.text)
        except DecodeError as error:
            self.doubtful.append(DoubtfulRow(record.line, record.text, str(error)))
            return None

    def _row(self, text: str) -> dict[str, Value]:
        values = _split(text)
        if len(values) != len(self.columns) and '"' in text:
            # A spreadsheet saved it again, with quotes around values that hold commas.
            quoted = _split_csv(text)
            values = [value.removeprefix(_BACKTICK) for value in quoted] if len(quoted) == len(self.columns) else values
        if len(values) != len(self.columns):
            raise DecodeError(f"it has {len(values)} values for {len(self.columns)} columns")
        return {name: self._value(name, value.strip()) for name, value in zip(self.columns, values, strict=True)}

    def _value(self, name: str, value: str) -> Value:
        if not value or _NOT_AMOUNT.search(name):
            return value
        if _AMOUNT.search(name):
            return self._amount(name, value)
        if _COUNT.search(name):
            return _count(name, value)
        return value

    def _amount(self, name: str, value: str) -> Decimal | int:
        if not _NUMBER.fullmatch(value):
            raise DecodeError(f"{name}: it is no amount")
        amount = Decimal(value)
        return fen(amount) if self._fen else amount


@dataclass(slots=True)
class _Record:
    """A row with all the lines that belong to it."""

    line: int
    lines: list[str]
    doubt: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class _Sums:
    """Sums of the rows, under the names of the bill's sums."""

    def __init__(self) -> None:
        self._rows = 0
        self._amounts: defaultdict[str, Decimal | int] = defaultdict(int)
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, row: dict[str, Value]) -> None:
        self._rows += 1
        for name, value in row.items():
            if not isinstance(value, str):
                self._amounts[name] += value
        # A fund flow bill has sums for income and for expense: 收入金额, 收入笔数, 支出金额, 支出笔数.
        direction, amount = row.get("收支类型"), row.get("收支金额(元)")
        if isinstance(direction, str) and isinstance(amount, Decimal | int):
            self._amounts[f"{direction}金额"] += amount
            self._counts[f"{direction}笔数"] += 1

    def differences(self, summary: dict[str, Value]) -> dict[str, tuple[Value, Value]]:
        """The sums that differ. A sum whose name matches no column is not compared."""
        found: dict[str, tuple[Value, Value]] = {}
        for name, told in summary.items():
            added = self._added(name)
            if added is not None and added != told:
                found[name] = (told, added)
        return found

    def _added(self, name: str) -> Value | None:
        if name in _COUNTS_OF_ROWS:
            return self._rows
        for column in (name, name.replace("总", "", 1), name.replace("总金额", "")):
            if column in self._counts:
                return self._counts[column]
            if column in self._amounts:
                return self._amounts[column]
        return None


def fen(yuan: Decimal) -> int | Decimal:
    """An amount in fen, exactly: an int, or a Decimal where it has a fraction of a fen, as fees may.

    Raises:
        ConfigurationError: it is no Decimal, such as a float, which is no exact amount.
    """
    if not isinstance(yuan, Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("yuan", f"{type_of(yuan)} was found", "Give a Decimal, such as rows hold")
    amount = yuan * _FEN
    return int(amount) if amount == amount.to_integral_value() else amount


def _count(name: str, value: str) -> int:
    # The platform's own fund flow bills say 20.0.
    if not _NUMBER.fullmatch(value) or Decimal(value) != Decimal(value).to_integral_value():
        raise DecodeError(f"{name}: it is no count")
    return int(Decimal(value))


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, text.removeprefix("\ufeff") if number == 1 else text


def _all_but_last_two(lines: Iterator[tuple[int, str]], kept: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for line in lines:
        kept.append(line)
        if len(kept) > 2:
            yield kept.pop(0)


def _records(lines: Iterator[tuple[int, str]], rest: Iterator[tuple[int, str]], columns: int) -> Iterator[_Record]:
    """Join the lines of each row.

    A row of backticks is complete when it has a value for each column and the next line begins another row. If a line
    looks like the beginning of a row while the row before is incomplete, both are doubtful, and so are the following
    ones within the length of one value: they may be the text of a value.
    """
    record: _Record | None = None
    first: str | None = None
    count = reach = 0
    for number, line in chain(lines, rest):
        if first is None:
            first = line
        if not first.startswith(_BACKTICK):
            yield _Record(number, [line])
            continue
        begins = _begins_row(line, first)
        if record is None or (begins and count >= columns and reach <= 0):
            if record is not None:
                yield record
            record, count, reach = _Record(number, [line]), 1 + line.count(_NEXT), 0
            continue
        if begins and not record.doubt:
            record.doubt = "a row begins before the one before it has all its values"
            reach = _LONGEST_VALUE
        reach -= len(line)
        record.lines.append(line)
        count += line.count(_NEXT)
    if record is not None:
        yield record


def _begins_row(line: str, first: str) -> bool:
    """Whether a line may be the first of a row: like the bill's first row, it begins with a backtick and a time."""
    if not line.startswith(_BACKTICK):
        return False
    return not _TIME.fullmatch(_split(first)[0].strip()) or bool(_TIME.fullmatch(_split(line)[0].strip()))


def _are_sums(header: str, totals: str, columns: tuple[str, ...]) -> bool:
    """Whether the last two lines are the names of the sums and the sums."""
    try:
        names, values = _split(header), _split(totals)
    except DecodeError:
        return False
    if len(names) != len(values) or any(_NUMBER.fullmatch(name.strip(" `")) for name in names):
        return False
    numbers = all(_NUMBER.fullmatch(value.strip()) for value in values)
    ticked = totals.startswith(_BACKTICK) and not header.startswith(_BACKTICK)
    return numbers and (ticked or _heads_sums(header, columns))


def _heads_sums(line: str, columns: tuple[str, ...]) -> bool:
    """Whether a line names sums: 总交易单数 and the like."""
    first = line.split(",", 1)[0].strip(" `")
    return bool(_TOTAL.search(first)) and first not in columns and not _NUMBER.search(line)


def _names(line: str) -> tuple[str, ...]:
    # The merchant portal's own export has backticks before the names too.
    names = tuple(name.strip(f" \t{_BACKTICK}") for name in _split(line))
    if len(set(names)) < len(names):
        raise DecodeError("two columns of the bill have one name")
    return names


def _split(line: str) -> list[str]:
    if line.startswith(_BACKTICK):
        # A value may hold a comma, the name of goods for one; few hold a comma before a backtick.
        return line.removeprefix(_BACKTICK).split(_NEXT)
    return _split_csv(line)


def _split_csv(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True), list[str]())
    except csv.Error:
        raise DecodeError("it is no CSV") from None
