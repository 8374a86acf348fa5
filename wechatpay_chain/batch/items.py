"""The items of a batch: calls as values, made directly or read from lines of JSON."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import orjson

from .. import catalogue
from .._arguments import check, instance, one_of
from ..errors import ConfigurationError, type_of
from ..files.disk import path_of, reading
from ..http.headers import Headers
from ..http.json_text import read_json
from ..http.path import expand, literal_path
from ..http.request import METHODS, Request
from ..http.timeout import Timeout
from ..policies.merchant_numbers import merchant_number
from .mistakes import reason

# The types of a line's members; others may be anything.
_MEMBERS: dict[str, type] = {"path": str, "method": str, "key": str, "params": dict, "values": dict, "headers": dict}

_TAKES = {
    "path": instance(str, "Give the path as a text: 'v3/refund/domestic/refunds'"),
    "method": one_of(METHODS, f"Write one of {', '.join(METHODS)}"),
    "values": instance(Mapping, "Give a dict: the path's placeholders, each with its value"),
    "key": instance(str, "Give a text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One call of a batch.

    Attributes:
        path: template, as `wxpay.chain` takes it.
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        json: the payload, with secrets in plain: the catalogue says which fields are encrypted.
        params: query parameters.
        values: of the path's placeholders.
        headers: further headers.
        key: names the item; by default the merchant's own number in it.
        line: its line in the file that it was read from, for messages; None if it was made directly.
    """

    path: str
    method: str = "POST"
    json: Any = field(default=None, repr=False)
    params: Mapping[str, Any] | None = field(default=None, repr=False)
    values: Mapping[str, str | int] = field(default_factory=dict[str, str | int], repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    key: str = ""
    line: int | None = field(default=None, repr=False, compare=False)

    def request(self, *, retry: bool | None = None, timeout: Timeout | None = None) -> Request:
        """The call.

        Raises:
            ConfigurationError: the path, a value in it, or the method is malformed.
            TypeError: a placeholder is missing or unknown.
        """
        check(_TAKES, method=self.method, values=self.values)
        template = template_of(self.path)
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
        check(_TAKES, key=self.key)
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


def template_of(path: str) -> str:
    """The template of a path that is taken literally.

    Raises:
        ConfigurationError: it is no text, or no path.
    """
    check(_TAKES, path=path)
    return literal_path(path)


def pack_all(items: Sequence[Item]) -> list[tuple[str, bytes]]:
    """Key and content of each item.

    Raises:
        ConfigurationError: one is malformed, or is no item.
        TypeError: as `Item.pack`.
    """
    for item in items:
        if not isinstance(item, Item):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise ConfigurationError("items", f"{type_of(item)} was found", "Give Item(path=..., json=...) for each")
    return [item.pack() for item in items]


def read_jsonl(file: str | Path, path: str = "", *, method: str = "POST") -> Iterator[Item]:
    """Items from a file with a line of JSON for each.

    Args:
        file: in UTF-8, with a byte order mark or without; empty lines are left out.
        path: of all calls. With it, a line is a payload, or the query parameters of a GET; without it, a line has the
            members of an `Item`.
        method: of all calls.

    Raises:
        ConfigurationError: the file can't be read; or a line is no JSON object, not of that shape, or holds no number,
            with the line's number.
    """
    file = path_of(file, "file", "Give the path of the file")
    with reading(file), file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if number == 1:
                line = line.removeprefix(BOM_UTF8)
            if line.strip():
                with _named(file, number):
                    members = read_json(line)
                    if not isinstance(members, dict):
                        raise TypeError("it is no object")
                    item = _of_members(cast("dict[str, Any]", members), path, method)
                yield replace(item, line=number)


@contextmanager
def _named(file: Path, number: int) -> Generator[None]:
    """Convert errors in the block into one that names the line."""
    try:
        yield
    except (ValueError, TypeError) as error:  # a ConfigurationError is a ValueError
        raise ConfigurationError(
            "items",
            f"line {number} of {file.name} is no item: {reason(error)}",
            "Mend it, and start again: nothing is lost",
        ) from None


def _of_members(members: dict[str, Any], path: str, method: str) -> Item:
    if path:
        return item_of(path, method, members, {})
    for name, kind in _MEMBERS.items():
        if not isinstance(members.get(name, kind()), kind):
            raise TypeError(f"its member {name!r} is none of that kind")
    item = Item(**members)
    return replace(item, key=item.pack()[0])


def item_of(path: str, method: str, members: dict[str, Any], values: dict[str, Any]) -> Item:
    """An item of a payload, or of a GET's query parameters; its member `key` names it.

    Raises:
        ConfigurationError: it holds no number and no key.
        TypeError: a placeholder's value is missing, or the key is no text.
    """
    given = members.pop("key", None)  # null is what programs write for none
    if isinstance(given, bool) or not isinstance(given, str | int | None):
        raise TypeError(f"its key is {type_of(given)}: give a text")
    key = "" if given is None else str(given)
    payload: dict[str, Any] = {"params" if method == "GET" else "json": members}
    item = Item(path=path, method=method, key=key, values=values, **payload)
    return replace(item, key=item.pack()[0])


def payload_of(item: Item) -> Mapping[str, Any]:
    """The query parameters of a GET, the payload of any other call."""
    return (item.params if item.method == "GET" else item.json) or {}


def location_of(method: str) -> str:
    """The catalogue's name for the place of these members."""
    return "query" if method == "GET" else "json"


def _own_number(item: Item) -> str:
    for members in (item.json, item.params, item.values):
        if number := merchant_number(members):
            return number
    raise ConfigurationError(
        "items", f"an item for {item.path} holds no number of the merchant's own", "Give it a key that is its alone"
    )
