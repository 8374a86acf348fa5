"""The whole record of an operation or a notification, as `operations.jsonl` and `events.jsonl` hold it.

A record is read when it is asked for; `facts.py` has what a call needs without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, cast

import orjson

from ..http.operation import Operation
from .facts import DATA

Record = Mapping[str, Any]
Fields = Mapping[str, Record]
"""Fields by name; each has a `type` (`string`, `object[]`, ...) and perhaps `req`, `enum`, `max`, `fields`, ...

Two members are ours: `unless` names fields beside it, one of which must be given where it isn't; `when` names a field
beside it and the values of that with which it is required.
"""

SITE = "https://pay.weixin.qq.com"


def is_conditional(field: Record) -> bool:
    """Whether a field is required only because of what stands beside it."""
    return "unless" in field or "when" in field


def filled_fields(operation: Operation) -> set[str | None]:
    """The fields of an upload's `meta` that the client fills in: the file's name, and its digest."""
    label = operation.digest_label[0] if operation.digest_label else None
    return {operation.file_name_field, operation.digest_field, label}


_KEY = re.compile(rb'"method":"([A-Z]+)","path":"([^"]+)"')


@cache
def lines() -> Mapping[tuple[str, str], bytes]:
    """The JSON text of every operation's record, by method and path template."""
    found: dict[tuple[str, str], bytes] = {}
    for line in (DATA / "operations.jsonl").read_bytes().splitlines():
        if key := _KEY.search(line):
            found[key[1].decode(), key[2].decode()] = line
    return found


@lru_cache(maxsize=256)
def record(method: str, path: str) -> Record:
    """The record of one operation.

    Raises:
        KeyError: there is no such operation; `path` must be the catalogue's own template.
    """
    return cast("Record", orjson.loads(lines()[method, path]))


@lru_cache(maxsize=1024)
def is_field(name: str) -> bool:
    """Whether a field of some operation, of its request or its answer, has this name."""
    named = orjson.dumps(name) + b':{"type"'
    return any(named in line for line in lines().values())


@cache
def always_secret_names() -> frozenset[str]:
    """The names of fields that are secret in every operation whose request has them."""
    plain: set[str] = set()
    secret: set[str] = set()
    for line in lines().values():
        for fields in orjson.loads(line).get("params", {}).values():
            _sort_names(fields, plain, secret)
    return frozenset(secret - plain)


def _sort_names(fields: Fields, plain: set[str], secret: set[str]) -> None:
    for name, field in fields.items():
        (secret if "enc" in field else plain).add(name)
        _sort_names(field.get("fields", {}), plain, secret)


@cache
def events() -> tuple[Record, ...]:
    """The records of all notifications."""
    return tuple(orjson.loads(line) for line in (DATA / "events.jsonl").read_bytes().splitlines())
