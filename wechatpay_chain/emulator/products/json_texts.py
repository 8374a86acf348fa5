"""Parameters of APIv2 that hold JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson

from ..platform.apiv2 import RefusalV2

Members = Mapping[str, type]
"""What an object must have: the type of each member by name."""


def read_object(fields: Mapping[str, str], name: str, members: Members) -> dict[str, Any]:
    """The object that a parameter's JSON text is.

    Raises:
        RefusalV2: it isn't one, or lacks a member or has one of another type.
    """
    value = _read(fields[name])
    if not _has(value, members):
        raise _wrong(name)
    return cast("dict[str, Any]", value)


def read_objects(fields: Mapping[str, str], name: str, members: Members) -> list[dict[str, Any]]:
    """The objects of the array that a parameter's JSON text is.

    Raises:
        RefusalV2: it isn't one, or an object lacks a member or has one of another type.
    """
    return check_objects(_read(fields[name]), name, members)


def check_objects(value: object, name: str, members: Members) -> list[dict[str, Any]]:
    """The objects of an array.

    Args:
        value: as read.
        name: of the parameter that it is in.
        members: what each must have.

    Raises:
        RefusalV2: it isn't an array of such objects.
    """
    items: list[dict[str, Any]] = cast("list[dict[str, Any]]", value) if isinstance(value, list) else [{}]
    if not all(_has(item, members) for item in items):
        raise _wrong(name)
    return items


def text(value: object) -> str:
    """A value as JSON text."""
    return orjson.dumps(value).decode()


def _read(json: str) -> object:
    try:
        return cast("object", orjson.loads(json))
    except ValueError:
        return None


def _has(value: object, members: Members) -> bool:
    given = cast("Mapping[str, object]", value if isinstance(value, dict) else {})
    # True is an int to isinstance.
    return all(type(given.get(name)) is kind for name, kind in members.items())


def _wrong(name: str) -> RefusalV2:
    return RefusalV2(f"{name}参数格式错误", "PARAM_ERROR")
