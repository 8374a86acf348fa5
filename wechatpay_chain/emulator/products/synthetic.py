"""Answers made of nothing but the catalogue.

Every field has a value of its type; where the request gave one under the same name, it is that one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, cast

import orjson

from ...catalogue import Operation
from ...catalogue.records import Fields, Record, record
from ...http.headers import Headers
from ...http.response import Response
from ..platform.call import Answer, Call
from ..platform.times import date, rfc3339
from ..world.world import World
from .files import BILL, link

# The smallest GIF there is: one white pixel.
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")
_FILES = {
    "bill": ("text/csv; charset=utf-8", BILL),
    "image": ("image/gif", _PIXEL),
    "pdf": ("application/pdf", b"%PDF-1.4\n%%EOF\n"),
}
_TEXT = "`2026-01-01 08:00:00,`4200000001,`5,`好评".encode()
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
# For the few strings with a pattern; the first that fits is taken.
_DIGITS = ("000000", "00000000")


def synthesize(world: World, call: Call, operation: Operation) -> Answer:
    """An answer to a call, as the catalogue describes it.

    Args:
        world: keeps the files that links in the answer lead to.
        call: its values come back where the answer has a field of the same name.
        operation: what was called.

    Returns:
        What a route returns: JSON values whose secrets are plain, None for no content, or a response for a file.
    """
    answer: Record = record(operation.method, operation.path)["resp"]
    if answer["kind"] == "file":
        content_type, content = _FILES[answer["file"]]
        return Response(status=200, headers=Headers({"Content-Type": content_type}), content=content)
    if answer["kind"] == "empty":
        return None
    if answer["kind"] == "text":
        return Response(status=200, headers=Headers({"Content-Type": "text/plain; charset=utf-8"}), content=_TEXT)
    if answer["kind"] == "redirect":
        return Response(status=302, headers=Headers({"Location": "https://emulator.invalid/"}))
    given: dict[str, Any] = {**call.query, **call.values, **(call.meta or {}), **(call.xml or {})}
    given |= _members(call.json)
    return link(world, fill(answer.get("fields", {}), given, call.time), call)


def fill(fields: Fields, given: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Values for fields of the catalogue.

    Args:
        fields: what there is to fill.
        given: values that are taken where they fit.
        now: Unix time in seconds.
    """
    return {name: _field(name, field, given.get(name), now) for name, field in fields.items()}


def _field(name: str, field: Record, given: Any, now: float) -> Any:
    if "json" in field:
        return orjson.dumps(_typed(name, field, field["json"], None, now)).decode()
    return _typed(name, field, field["type"], given, now)


def _typed(name: str, field: Record, kind: str, given: Any, now: float) -> Any:
    if not kind.endswith("[]"):
        return _value(name, field, kind, given, now)
    items: list[Any] = given if isinstance(given, list) and given else [None]  # pyright: ignore[reportUnknownVariableType]: JSON
    return [_value(name, field, kind.removesuffix("[]"), item, now) for item in items]


def _value(name: str, field: Record, kind: str, given: Any, now: float) -> Any:
    if kind == "object":
        return fill(field.get("fields", {}), _members(given), now)
    if _echoes(field, kind, given):
        return given
    if "enum" in field:
        return field["enum"][0]
    if kind == "string":
        return _string(name, field, now)
    return False if kind == "boolean" else field.get("minimum", 1)


def _members(given: object) -> dict[str, Any]:
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _echoes(field: Record, kind: str, given: Any) -> bool:
    if not isinstance(given, _TYPES[kind]) or isinstance(given, bool) != (kind == "boolean"):
        return False
    return "enum" not in field or given in field["enum"]


def _string(name: str, field: Record, now: float) -> str:
    pattern = re.compile(field["pattern"].strip("/")) if "pattern" in field else None
    text = _formatted(name, field.get("format"), now)[: field.get("max")].ljust(field.get("min", 0), "0")
    return next((fitting for fitting in (text, *_DIGITS) if pattern is None or pattern.fullmatch(fitting)), text)


def _formatted(name: str, form: str | None, now: float) -> str:
    if form == "rfc3339":
        return rfc3339(now)
    if form == "date":
        return date(now)
    if form in {"url", "MediaUrl"}:
        return f"https://emulator.invalid/{name}"
    if form == "rfc2397":
        return f"data:image/gif;base64,{base64.b64encode(_PIXEL).decode('ascii')}"
    return "1" if form in {"int64", "uint64", "int32", "uint32"} else f"emulated-{name}"
