"""A batch's dry run: every row is checked against the catalogue, and nothing is sent."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

from .. import catalogue
from ..batch import Item, read_csv, read_jsonl
from ..batch.items import location_of, payload_of
from ..batch.mistakes import MOST_TOLD
from ..catalogue.records import record
from ..errors import ConfigurationError, WeChatPayWarning
from ..http.names import nearest
from ..http.path import literal_path
from .batch_input import is_table, limit_of
from .exits import Exit
from .terminal import tell

_FAULTS_SHOWN = 3


def rehearse(options: argparse.Namespace) -> int:
    """Check every row against the catalogue, and print what is wrong.

    Returns:
        The code that the program ends with.

    Raises:
        ConfigurationError: the input is unusable, or the catalogue doesn't know the operation.
    """
    if is_table(options):
        items = read_csv(options.input, options.path, method=options.method, complete=True)
    else:
        items = read_jsonl(options.input, options.path, method=options.method)
    location = location_of(options.method)
    operation = catalogue.find(options.method, literal_path(options.path))
    faulty, unknown, keys = 0, dict[str, None](), set[str]()
    if operation is None:
        raise _unknown_path(options.method, literal_path(options.path))
    for item in _unwarned(items):
        keys.add(item.key)
        payload = payload_of(item)
        unknown |= dict.fromkeys(name for name in payload if not _is_known(operation, location, name))
        if faults := catalogue.validate(operation, {location: payload}):
            faulty += 1
            if faulty <= MOST_TOLD:
                tell(f"line {item.line}, {item.key}: {'; '.join(map(str, faults[:_FAULTS_SHOWN]))}")
    if faulty > MOST_TOLD:
        tell(f"and {faulty - MOST_TOLD} more")
    for name in unknown:
        tell(_misspelt(operation, location, name))
    said = limit_of(options) or "no documented limit"
    print(f"{len(keys)} calls, {faulty} with faults, {len(unknown)} unknown columns; {said}. Nothing was sent.")
    return Exit.REFUSED if faulty or unknown else Exit.DONE


def _unknown_path(method: str, path: str) -> ConfigurationError:
    close = catalogue.closest(method, path, 1)
    found = "the catalogue doesn't know it"
    if not close:
        return ConfigurationError("--path", found, "There is nothing to check the rows against")
    (meant,) = close
    return ConfigurationError("--path", f"{found} with {method}", f"{meant.method} {meant.path} may be meant")


def _unwarned(items: Iterator[Item]) -> Iterator[Item]:
    """The items, without the warnings of unknown columns: a rehearsal lists these itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeChatPayWarning)
        yield from items


def _is_known(operation: catalogue.Operation, location: str, name: str) -> bool:
    return catalogue.field_type(operation.method, operation.path, location, f"/{name}") is not None


def _misspelt(operation: catalogue.Operation, location: str, name: str) -> str:
    params: dict[str, dict[str, object]] = record(operation.method, operation.path).get("params", {})
    close = nearest(name, params.get(location, {}))
    meant = f"; {close!r} may be meant" if close else ""
    return f"the catalogue knows no field {name!r} of {operation.method} {operation.path}{meant}"
