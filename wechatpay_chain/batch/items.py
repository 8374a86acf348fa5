"""The items of a batch: calls as values, from lines of JSON, from tables, or from anywhere."""

from __future__ import annotations

import csv
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import orjson

from .. import catalogue
from ..errors import ConfigurationError
from ..http.headers import Headers
from ..http.path import expand, literal_path, placeholders
from ..http.request import METHODS, Request
from ..http.timeout import Timeout
from ..policies.merchant_numbers import merchant_number

# What a line's members are; the others may be anything.
_MEMBERS: dict[str, type] = {"path": str, "method": str, "key": str, "params": dict, "values": dict, "headers": dict}
# What a cell of a table holds, by the catalogue's type: texts as they are, all else as JSON writes it.
_TYPES: dict[str, type | tuple[type, ...]] = {"integer": int, "number": (int, float), "boolean": bool, "object": dict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One call of a batch.

    Attributes:
        path: template, as `wxpay.chain` takes it.
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        json: the payload. Secrets are given plain: the catalogue knows which are to be encrypted.
        params: query parameters.
        values: of the path's placeholders.
        headers: further headers.
        key: names the item; by default the merchant's own number in it.
    """

    path: str
    method: str = "POST"
    json: Any = field(default=None, repr=False)
    params: Mapping[str, Any] | None = field(default=None, repr=False)
    values: Mapping[str, str | int] = field(default_factory=dict[str, str | int], repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    key: str = ""

    def request(self, *, retry: bool | None = None, timeout: Timeout | None = None) -> Request:
        """The call.

        Raises:
            ConfigurationError: the path, a value in it, or the method is malformed.
            TypeError: a placeholder is missing or unknown.
        """
        if self.method not in METHODS:
            raise ConfigurationError("method", f"{self.method!r} was found", f"Write one of {', '.join(METHODS)}")
        template = literal_path(self.path)
        return Request(
            method=self.method,
            template=template,
            path=expand(template, self.values),
            json=self.json,
            params=self.params,
            headers=Headers(self.headers or {}),
            retry=retry,
            timeout=timeout,
            operation=catalogue.find(self.method, template),
        )

    def pack(self) -> tuple[str, bytes]:
        """Key and content, as the journal keeps them.

        Raises:
            ConfigurationError: there is no key, or something in it is malformed.
            TypeError: a placeholder is missing or unknown.
        """
        self.request()
        members = {
            "path": self.path,
            "method": self.method,
            "json": self.json,
            "params": self.params,
            "values": self.values,
            "headers": self.headers,
        }
        try:
            packed = orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise ConfigurationError(
                "items", f"an item is no JSON ({error})", "Give texts, numbers, lists and dicts; secrets plain"
            ) from None
        key = self.key or _own_number(self)
        if not key.isprintable():
            raise ConfigurationError("items", f"the key {key!r} of an item", "Give a printable text")
        return key, packed

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> Item:
        """The item that was packed."""
        return cls(key=key, **orjson.loads(packed))


def read_jsonl(file: Path, path: str = "", *, method: str = "POST") -> Iterator[Item]:
    """Items from a file with a line of JSON for each.

    Args:
        file: in UTF-8; empty lines are left out.
        path: of all calls: a line is a payload then (of a GET: the query parameters). Without it a line has the
            members of an `Item`.
        method: of all calls.

    Raises:
        ConfigurationError: a line is no JSON object, not of that shape, or holds no number; with the line's number.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                with _named(file, number):
                    members = orjson.loads(line)
                    if not isinstance(members, dict):
                        raise TypeError("it is no object")
                    item = _of_members(cast("dict[str, Any]", members), path, method)
                yield item


def read_csv(file: Path, path: str, *, method: str = "POST") -> Iterator[Item]:
    """Items from a table with a row for each.

    A column is a member of the payload (of a GET: a query parameter), `amount.total` one inside of another; one that
    is named like a placeholder of the path is its value, one named `key` names the item. Numbers and booleans are told
    by the catalogue, all else are texts. Empty cells are left out.

    Args:
        file: in UTF-8, with a first row of names.
        path: of all calls.
        method: of all calls.

    Raises:
        ConfigurationError: a row is longer than the first, holds what isn't of its column's type, or no number; with
            the line's number.
    """
    template = literal_path(path)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, strict=True)
        while True:
            with _named(file, lambda: rows.line_num):
                row = next(rows, None)
                item = _of_row(row, template, method) if row is not None else None
            if item is None:
                return
            yield item


@contextmanager
def _named(file: Path, line: int | Callable[[], int]) -> Generator[None]:
    """Say of what is wrong in which line it is."""
    try:
        yield
    except (csv.Error, orjson.JSONDecodeError, UnicodeDecodeError, ConfigurationError, TypeError) as error:
        number = line if isinstance(line, int) else line()
        raise ConfigurationError(
            "items", f"line {number} of {file.name} is no item: {error}", "Mend it, and start again: nothing is lost"
        ) from None


def _of_members(members: dict[str, Any], path: str, method: str) -> Item:
    if path:
        return _item(path, method, members, {})
    for name, kind in _MEMBERS.items():
        if not isinstance(members.get(name, kind()), kind):
            raise TypeError(f"its member {name!r} is none of that kind")
    item = Item(**members)
    return replace(item, key=item.pack()[0])


def _of_row(row: dict[str | Any, Any], template: str, method: str) -> Item:
    location = "query" if method == "GET" else "json"
    named = placeholders(template)
    members: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if not isinstance(name, str):  # None stands for cells too many
            raise TypeError("it has more cells than the first; quote those with commas in them")
        if not cell:
            continue
        if name in named:
            values[name] = cell
        else:
            kind = catalogue.field_type(method, template, location, "/" + name.replace(".", "/"))
            _put(members, name.split("."), _typed(cell, kind, name))
    return _item(template, method, members, values)


def _item(path: str, method: str, members: dict[str, Any], values: dict[str, Any]) -> Item:
    key = str(members.pop("key", ""))
    payload = {"params" if method == "GET" else "json": members}
    item = Item(path=path, method=method, key=key, values=values, **payload)
    return replace(item, key=item.pack()[0])


def _put(members: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        members = members.setdefault(name, {})
        if not isinstance(cast("object", members), dict):
            raise TypeError(f"the column {name!r} is a value, and the column {'.'.join(names)!r} inside of it")
    members[names[-1]] = value


def _typed(cell: str, kind: str | None, name: str) -> Any:
    if kind is None or kind == "string":
        return cell
    try:
        value = orjson.loads(cell.lower() if kind == "boolean" else cell)
    except orjson.JSONDecodeError:
        value = None
    expected = list if kind.endswith("[]") else _TYPES.get(kind, str)
    if not isinstance(value, expected) or isinstance(value, bool) != (kind == "boolean"):
        # Not shown: where columns were mixed up, it may be a secret.
        raise TypeError(f"what stands in the column {name!r} is no {kind}")
    return value


def _own_number(item: Item) -> str:
    for members in (item.json, item.params, item.values):
        if number := merchant_number(members):
            return number
    raise ConfigurationError(
        "items", f"an item for {item.path} holds no number of the merchant's own", "Give it a key that is its alone"
    )
