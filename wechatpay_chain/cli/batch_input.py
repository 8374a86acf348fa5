"""The input of a batch: a table or lines of JSON; and the rate limit of its calls."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from .. import catalogue
from ..batch import Item, read_jsonl
from ..batch.items import location_of, payload_of
from ..batch.mistakes import Mistakes
from ..batch.tables import check_csv, read_checked_csv
from ..errors import ConfigurationError
from ..http.path import literal_path


def is_table(options: argparse.Namespace) -> bool:
    """Whether the input is a table; if not, it is lines of JSON.

    Raises:
        ConfigurationError: it is neither, or not there.
    """
    suffix: str = options.input.suffix.lower()
    if suffix not in {".csv", ".jsonl", ".ndjson"}:
        raise ConfigurationError("FILE", f"{options.input.name!r} is neither .csv nor .jsonl", "Give one of these")
    if not options.input.is_file():
        raise ConfigurationError("FILE", f"there is no {options.input}", "Give the path of the table")
    return suffix == ".csv"


def checked_items(options: argparse.Namespace) -> Iterator[Item]:
    """The items, for what is checked before the first call; behind the last, what is wrong with any is raised."""
    if is_table(options):
        return check_csv(options.input, options.path, method=options.method, complete=True)
    return _complete(read_jsonl(options.input, options.path, method=options.method), options)


def items_of(options: argparse.Namespace) -> Iterator[Item]:
    """The items, once they are checked."""
    read = read_checked_csv if is_table(options) else read_jsonl
    return read(options.input, options.path, method=options.method)


def limit_of(options: argparse.Namespace) -> str:
    """The rate that the calls keep to, as `limit 5/s`: the option's, or the documented one; empty for none."""
    if options.rate:
        return f"limit {options.rate}"
    operation = catalogue.find(options.method, literal_path(options.path))
    rates = operation.rates if operation else ()
    return f"limit {', '.join(f'{rate.n}/{rate.per}' for rate in rates)}" if rates else ""


def _complete(items: Iterator[Item], options: argparse.Namespace) -> Iterator[Item]:
    """The items. Behind the last, those that lack what the catalogue requires are refused.

    Raises:
        ConfigurationError: some do, or one of them is malformed.
    """
    operation = catalogue.find(options.method, literal_path(options.path))
    location = location_of(options.method)
    mistakes = Mistakes()
    for item in items:
        payload = payload_of(item)
        faults = catalogue.validate(operation, {location: payload}) if operation else []
        if missing := [fault.pointer for fault in faults if fault.is_missing and fault.location == location]:
            mistakes.add(f"line {item.line}: {', '.join(missing)} is required and missing")
        else:
            yield item
    if mistakes.count:
        raise mistakes.error()
