"""Items from tables, as spreadsheets and people write them. All of a table is checked before its first row is used."""

from __future__ import annotations

import codecs
import csv
import hashlib
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, cast

from .. import catalogue
from ..catalogue.records import Fields, record
from ..errors import ConfigurationError, WeChatPayWarning
from ..files.disk import path_of, reading
from ..http.names import distance
from ..http.path import placeholders
from .cells import plain, typed
from .items import Item, item_of, location_of, payload_of, template_of
from .mistakes import Mistakes, reason

_BLOCK = 1024 * 1024
# An operation has 200 at most.
_MOST_COLUMNS = 1000
# What csv says of a row that it can't read, in plainer words.
_UNREADABLE = {
    "unexpected end of data": "a quote is opened in it, and closed nowhere below",
    f"field larger than field limit ({csv.field_size_limit()})": "a cell in it has more than 131072 characters",
}
_SAVE_AGAIN = "A text in UTF-16 without its mark has them, and a file that is no text: save the table as UTF-8"
_MISSPELT = 2
# Letters of a name for each that may be wrong: of short names most are no misspelling of one another.
_LETTERS_A_MISTAKE = 3


def read_csv(file: str | Path, path: str, *, method: str = "POST", complete: bool = False) -> Iterator[Item]:
    """Items from a table with a row for each.

    A column is a member of the payload (of a GET: a query parameter), `amount.total` one inside of another; one that
    is named like a placeholder of the path is its value, one named `key` names the item. Numbers and booleans are told
    by the catalogue, all else are texts. Empty cells and rows are left out, and nameless columns with nothing in them.
    What keeps a spreadsheet from changing a number (`="622..."`, `'622...`, a leading tab) is taken off.

    Args:
        file: a table in UTF-8, UTF-16 or GBK, parted by commas, semicolons or tabs, with a first row of names.
        path: of all calls.
        method: of all calls.
        complete: whether rows without a member that the catalogue requires are refused, too; a column that is missing
            is named once.

    Raises:
        ConfigurationError: before the first item is handed out: the file is empty, a column is misspelt, a row is
            longer than the first, a cell isn't of its column's type or was changed by a spreadsheet (`6.222E+15`,
            `6222000011112222.0`), a row holds no number, or the number of an earlier row with other content; each with
            line, column and remedy, up to twenty of them. Or the file can't be read.
    """
    deque(check_csv(file, path, method=method, complete=complete), maxlen=0)
    yield from read_checked_csv(file, path, method=method)


def check_csv(file: str | Path, path: str, *, method: str = "POST", complete: bool = False) -> Iterator[Item]:
    """Check a table as `read_csv` does, for who reads the items anyway to check them against something else.

    Each item comes as soon as it is read; what is wrong with any of them is raised behind the last.
    """
    file = path_of(file, "file", "Give the path of the file")
    with reading(file):
        yield from _Table(file, template_of(path), method).checked(complete=complete)


def read_checked_csv(file: str | Path, path: str, *, method: str = "POST") -> Iterator[Item]:
    """The items of a table that `check_csv` has found nothing wrong with; its arguments are those of `read_csv`.

    Raises:
        ConfigurationError: the file has been changed since, and a row is no item.
    """
    file = path_of(file, "file", "Give the path of the file")
    with reading(file):
        yield from _Table(file, template_of(path), method).items()


class _Table:
    """One file, read twice: once to be checked, once for its items."""

    def __init__(self, file: Path, template: str, method: str) -> None:
        self._file = file
        self._template = template
        self._method = method
        self._encoding = _encoding_of(file)

    def checked(self, *, complete: bool) -> Iterator[Item]:
        """Its items; behind them what is wrong with it is raised, all at once."""
        mistakes = Mistakes()
        contents: dict[bytes, bytes] = {}
        with self._open() as lines:
            reader = self._reader(lines)
            names = list(reader.fieldnames or ())
            for mistake in self._misspelt(names):
                mistakes.add(mistake)
            for item in self._read(reader):
                if isinstance(item, Exception):
                    mistakes.add(self._no_item(reader, item))
                    continue
                try:
                    _check_alone(item, contents)
                    if complete:
                        self._check_complete(item, names, mistakes)
                except TypeError as error:
                    mistakes.add(self._no_item(reader, error))
                else:
                    yield item
        if mistakes.count:
            raise mistakes.error()
        if not contents:
            raise _unusable(f"{self._file.name} has a row of names and nothing below it")

    def _check_complete(self, item: Item, names: list[str], mistakes: Mistakes) -> None:
        """Note the columns that are missing, each once.

        Raises:
            TypeError: cells of this row are empty that the catalogue requires.
        """
        operation = catalogue.find(self._method, self._template)
        if operation is None:
            return
        location = location_of(self._method)
        empty: list[str] = []
        for fault in catalogue.validate(operation, {location: payload_of(item)}):
            column = fault.pointer.removeprefix("/").replace("/", ".")
            if not fault.is_missing or fault.location != location:
                continue
            if any(name == column or name.startswith(f"{column}.") for name in names):
                empty.append(column)
            else:
                mistakes.add(f"the column {column!r} is missing: {fault.text}", once=True)
        if empty:
            raise TypeError(f"the catalogue requires {', '.join(map(repr, empty))}, and nothing stands there")

    def items(self) -> Iterator[Item]:
        """Its items."""
        with self._open() as lines:
            reader = self._reader(lines)
            for item in self._read(reader):
                if isinstance(item, Exception):
                    raise _unusable(self._no_item(reader, item))
                yield item

    def _read(self, reader: csv.DictReader[str]) -> Iterator[Item | Exception]:
        """The item of each row that isn't empty, or why it is none."""
        while True:
            try:
                row = next(reader, None)
                if row is None:
                    return
                if _is_empty(row):
                    continue
                item = replace(self._item(row), line=reader.line_num)
            except (csv.Error, ConfigurationError, TypeError) as error:
                yield error
            else:
                yield item

    def _no_item(self, reader: csv.DictReader[str], error: Exception) -> str:
        # The lines of a row that can't be read aren't counted yet.
        line = reader.line_num + isinstance(error, csv.Error)
        return f"line {line} of {self._file.name} is no item: {_reason(error)}"

    def _open(self) -> TextIO:
        return self._file.open(encoding=self._encoding, newline="")

    def _reader(self, lines: TextIO) -> csv.DictReader[str]:
        header = lines.readline()
        lines.seek(0)
        delimiter = max(",;\t", key=header.count)
        try:
            reader = csv.DictReader(lines, strict=True, delimiter=delimiter)
            names = [name.strip().removeprefix("\ufeff") for name in reader.fieldnames or ()]
        except csv.Error as error:
            raise _unusable(f"line 1 of {self._file.name} is no item: {_reason(error)}") from None
        if not any(names):
            raise _unusable(f"{self._file.name} is empty: its first row must hold the names of the columns")
        if len(names) > _MOST_COLUMNS:
            raise _unusable(f"{self._file.name} has {len(names)} columns: at most {_MOST_COLUMNS} are read")
        if any("\0" in name for name in names):
            raise _unusable(f"line 1 of {self._file.name} is no item: it holds characters of value 0. {_SAVE_AGAIN}")
        if twice := {name for name in names if name and names.count(name) > 1}:
            raise _unusable(f"{self._file.name} has two columns of one name: {', '.join(sorted(twice))}")
        # Nameless ones keep their places by names that no column can have.
        reader.fieldnames = [name or f"\t{place}" for place, name in enumerate(names, 1)]
        return reader

    def _misspelt(self, names: list[str]) -> Iterator[str]:
        known = self._known()
        if not known:
            return
        known |= {"key", *placeholders(self._template)}
        unknown = [name for name in names if name not in known and not name.startswith("\t")]
        for name in unknown:
            close = min(known, key=lambda other: distance(name.lower(), other.lower(), _MISSPELT))
            most = min(_MISSPELT, len(close) // _LETTERS_A_MISTAKE)
            if distance(name.lower(), close.lower(), _MISSPELT) <= most:
                yield f"the column {name!r} is misspelt: write {close!r}"
            else:
                warnings.warn(
                    f"the catalogue knows no column {name!r} for {self._method} {self._template}; it is sent as it is",
                    WeChatPayWarning,
                    stacklevel=5,
                )

    def _known(self) -> set[str]:
        """The names of all columns that there may be, as far as the catalogue knows the operation."""
        operation = catalogue.find(self._method, self._template)
        if operation is None:
            return set()
        location = location_of(self._method)
        fields: Fields = record(operation.method, operation.path).get("params", {}).get(location, {})
        return set(_dotted(fields))

    def _item(self, row: dict[str | Any, Any]) -> Item:
        location = location_of(self._method)
        named = placeholders(self._template)
        members: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for name, raw in row.items():
            if not isinstance(name, str):  # None stands for cells too many
                if any(map(plain, raw)):
                    raise TypeError("it has more cells than the first; quote those with commas in them")
                continue
            cell = plain(raw or "")
            if not cell:
                continue
            if name.startswith("\t"):
                raise TypeError(f"column {name.strip()} has no name in the first row: name it, or empty it")
            if name in named:
                values[name] = typed(cell, None, name)
            else:
                pointer = "/" + name.replace(".", "/")
                kind = catalogue.field_type(self._method, self._template, location, pointer)
                _put(members, name.split("."), typed(cell, kind, name))
        return item_of(self._template, self._method, members, values)


def _reason(error: Exception) -> str:
    return _UNREADABLE.get(str(error), reason(error)) if isinstance(error, csv.Error) else reason(error)


def _is_empty(row: dict[str | Any, Any]) -> bool:
    """Whether nothing stands in a row, as spreadsheets leave them below the last one."""
    cells: list[str | None] = [*row.get(None, ()), *(cell for name, cell in row.items() if name is not None)]
    return not any((cell or "").strip() for cell in cells)


def _check_alone(item: Item, contents: dict[bytes, bytes]) -> None:
    """Note an item's content by its key, as digests: of many rows less is held than they are long.

    Raises:
        TypeError: an earlier one has its key, and other content.
    """
    key, packed = item.pack()
    digest = hashlib.blake2b(packed, digest_size=16).digest()
    if contents.setdefault(hashlib.blake2b(key.encode(), digest_size=16).digest(), digest) != digest:
        raise TypeError(f"the number {key!r} stands in an earlier row with other content: a number is used once")


def _unusable(found: str) -> ConfigurationError:
    return ConfigurationError("items", found, "Mend it, and start again: nothing was sent")


def _encoding_of(file: Path) -> str:
    """UTF-8 where all of it is, UTF-16 by its mark, else GBK and its successor, as Chinese spreadsheets save it."""
    with file.open("rb") as opened:
        if opened.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        for encoding in ("utf-8-sig", "gb18030"):
            opened.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while block := opened.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    raise _unusable(f"line 1 of {file.name} is no item: the file is no text in UTF-8, UTF-16 or GBK")


def _dotted(fields: Fields, prefix: str = "") -> Iterator[str]:
    for name, field in fields.items():
        yield prefix + name
        yield from _dotted(field.get("fields", {}), f"{prefix}{name}.")


def _put(members: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        members = members.setdefault(name, {})
        if not isinstance(cast("object", members), dict):
            raise TypeError(f"the column {name!r} is a value, and the column {'.'.join(names)!r} inside of it")
    members[names[-1]] = value
