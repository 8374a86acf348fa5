"""Writes rows of a bill to a private file: as a table, as lines of JSON, or as Parquet."""

from __future__ import annotations

import csv
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from .._extras import extra
from ..errors import ConfigurationError
from ..files.disk import open_private, part_of
from .csv_cells import shown

Row = Mapping[str, Any]
Write = Callable[[Row], None]

_PAGE = 10_000
_DIGITS, _PLACES = 24, 6


@contextmanager
def writer_for(path: Path | None) -> Generator[Write]:
    """A writer of rows for a file, by its suffix; None writes nothing. The file appears complete or not at all.

    Raises:
        ConfigurationError: another suffix.
    """
    if path is None:
        yield lambda _row: None
        return
    make = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}.get(path.suffix.lower())
    if make is None:
        raise ConfigurationError("--to", f"{path.name!r} is none of .csv, .jsonl, .parquet", "Give one of these")
    part = part_of(path)
    try:
        open_private(part).close()
        with make(part) as write:
            yield write
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(
            "--to", f"{str(path)!r} cannot be written ({error.strerror})", "Give a path that can be"
        ) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _csv(path: Path) -> Generator[Write]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # the byte order mark makes Excel read UTF-8
        rows = csv.writer(file)
        is_first = True

        def write(row: Row) -> None:
            nonlocal is_first
            if is_first:
                rows.writerow(map(shown, row))
                is_first = False
            rows.writerow(map(shown, row.values()))

        yield write


@contextmanager
def _jsonl(path: Path) -> Generator[Write]:
    with path.open("wb") as file:
        yield lambda row: _ignore(file.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)))


def _ignore(_written: int) -> None:
    """The writer, which yields nothing."""


@contextmanager
def _parquet(path: Path) -> Generator[Write]:
    with extra("parquet"):  # imported by name, as pyarrow has no types
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    page: list[Row] = []
    writer: Any = None

    def flush() -> None:
        nonlocal writer
        if not page:
            return
        schema = arrow.schema([(name, _type(arrow, [row[name] for row in page])) for name in page[0]])
        if writer is None:
            writer = parquet.ParquetWriter(path, schema)
        columns = [[_cell(row[name]) for row in page] for name in page[0]]
        arrays = [arrow.array(column, type=field.type) for column, field in zip(columns, writer.schema, strict=True)]
        writer.write_table(arrow.Table.from_arrays(arrays, schema=writer.schema))
        page.clear()

    def write(row: Row) -> None:
        page.append(row)
        if len(page) == _PAGE:
            flush()

    try:
        yield write
        flush()
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        parquet.write_table(arrow.table({}), path)


def _type(arrow: Any, values: list[object]) -> Any:
    """The type of a column: that of its first value that isn't None."""
    first = next((value for value in values if value != ""), "")
    if isinstance(first, Decimal):
        return arrow.decimal128(_DIGITS, _PLACES)
    return arrow.int64() if isinstance(first, int) else arrow.string()


def _cell(value: Any) -> Any:
    return None if value == "" else value
