"""Checking payloads against the catalogue: what is missing, of the wrong type, not allowed, too long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from typing import Any, cast

from ..http.fen import is_amount, whole_fen
from ..http.operation import Operation
from ..http.secret import Secret
from .facts import find
from .records import Fields, Record, filled_fields, record

_TEXTUAL = frozenset({"query", "xml"})
"""Locations where everything travels as text: a number may be given as one."""

_RECORDED = {"meta": "file-meta"}
_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FRACTION = re.compile(r"-?\d{1,15}\.\d{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a payload that the catalogue doesn't allow.

    Attributes:
        location: `json`, `query`, `xml` or `meta`.
        pointer: JSON pointer within it (RFC 6901); empty for the payload itself.
        text: what is wrong; of the values it shows none but amounts of money.
        is_missing: whether something required isn't there.
    """

    location: str
    pointer: str
    text: str
    is_missing: bool = False

    def __str__(self) -> str:
        return f"{self.location}{self.pointer}: {self.text}"


def validate(operation: Operation, payloads: Mapping[str, Any]) -> list[Fault]:
    """The faults of a call's payloads before they are sealed; empty when the catalogue has no objection.

    Members that the catalogue doesn't know are no fault: the platform may know them.

    Args:
        operation: from `find`.
        payloads: by location, `json`, `query`, `xml` or `meta`; what is absent is taken for empty.
    """
    params: Mapping[str, Fields] = record(operation.method, operation.path).get("params", {})
    faults: list[Fault] = []
    for location in ("json", "query", "xml", "meta"):
        fields = params.get(_RECORDED.get(location, location), {})
        if location == "meta":
            # The client fills these in.
            fields = {name: field for name, field in fields.items() if name not in filled_fields(operation)}
        payload = payloads.get(location)
        faults += _object(fields, {} if payload is None else payload, _Place(location, ""))
    return faults


def field_type(method: str, path: str, location: str, pointer: str) -> str | None:
    """The catalogue's type of one request field; None for a field or an operation that it doesn't know.

    Args:
        method: verb of the call.
        path: template or path.
        location: `json`, `query`, `xml` or `meta`.
        pointer: JSON pointer of the field, with the index of an array's item.

    Returns:
        `string`, `integer`, `number`, `boolean`, `object`, `file`, or one of these with `[]` for an array.
    """
    operation = find(method, path)
    if operation is None:
        return None
    params = record(operation.method, operation.path).get("params", {})
    fields: Fields = params.get(_RECORDED.get(location, location), {})
    kind: str | None = None
    for token in pointer.split("/")[1:]:
        if kind is not None and kind.endswith("[]") and token.isdecimal():
            kind = kind.removesuffix("[]")
            continue
        field = fields.get(token.replace("~1", "/").replace("~0", "~"))
        if field is None:
            return None
        kind, fields = str(field["type"]), field.get("fields", {})
    return kind


@dataclass(frozen=True, slots=True)
class _Place:
    location: str
    pointer: str

    def __truediv__(self, member: str | int) -> _Place:
        token = str(member).replace("~", "~0").replace("/", "~1")
        return _Place(self.location, f"{self.pointer}/{token}")

    def fault(self, text: str, *, is_missing: bool = False) -> Fault:
        return Fault(self.location, self.pointer, text, is_missing)


def _object(fields: Fields, value: object, place: _Place) -> Iterator[Fault]:
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if not isinstance(value, Mapping):
        yield place.fault(f"an object is expected, not {_kind(value)}")
        return
    members = cast("Mapping[str, object]", value)
    for name, field in fields.items():
        if name in members:
            yield from _field(field, members[name], place / name)
        elif not field.get("auto") and (why := _demanded(field, members)) is not None:
            yield (place / name).fault(f"required{why}, but missing", is_missing=True)


def _demanded(field: Record, members: Mapping[str, object]) -> str | None:
    """The condition under which an absent field is required, as a clause; empty for always, None for never.

    Args:
        field: its record.
        members: what the object has.
    """
    if "unless" in field:
        given = any(name in members for name in field["unless"])
        return None if given else f" unless {' or '.join(field['unless'])} is given"
    if "when" in field:
        name, values = field["when"]
        return f" because {name} is {members[name]}" if members.get(name) in values else None
    return "" if field.get("req") else None


def _field(field: Record, value: object, place: _Place) -> Iterator[Fault]:
    kind: str = field["type"]
    if not kind.endswith("[]"):
        yield from _value(field, kind, value, place)
    elif isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        if len(items) < (least := field.get("minItems", 0)):
            yield place.fault(f"at least {least} items are required, {len(items)} were given")
        if len(items) > (most := field.get("maxItems", len(items))):
            yield place.fault(f"at most {most} items are allowed, {len(items)} were given")
        for index, item in enumerate(items):
            yield from _value(field, kind.removesuffix("[]"), item, place / index)
    else:
        yield place.fault(f"an array is expected, not {_kind(value)}")


def _value(field: Record, kind: str, value: object, place: _Place) -> Iterator[Fault]:
    if kind == "object":
        yield from _object(field.get("fields", {}), value, place)
    elif not _is_a(kind, value, textual=place.location in _TEXTUAL):
        yield place.fault(f"type {kind} is expected, not {_kind(value)}{_whole(kind, value, place)}")
    elif "enum" in field and value not in field["enum"] and str(value) not in map(str, field["enum"]):
        yield place.fault(f"none of the allowed values: {', '.join(map(str, field['enum']))}")
    elif isinstance(value, str):
        yield from _length(field, value, place)
    elif isinstance(value, int | float):
        yield from _range(field, value, place)


def _is_a(kind: str, value: object, *, textual: bool) -> bool:
    if kind == "string":
        return isinstance(value, str | Secret | datetime) or (textual and isinstance(value, int | float))
    if kind == "boolean":
        return isinstance(value, bool) or (textual and value in {"true", "false"})
    if textual and isinstance(value, str):
        return bool((_INTEGER if kind == "integer" else _NUMBER).fullmatch(value))
    return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)


def _whole(kind: str, value: object, place: _Place) -> str:
    """What to give instead of a number that isn't a whole one; empty where there is no such number."""
    from decimal import Decimal  # only for the text of an error

    if kind != "integer" or not isinstance(value, float | Decimal | str):
        return ""
    if isinstance(value, str) and not _FRACTION.fullmatch(value):
        return ""
    return f": {whole_fen(value)}" if is_amount(place.pointer) else ": it must be a whole number"


def _length(field: Record, value: str, place: _Place) -> Iterator[Fault]:
    # The limit of a secret may be its ciphertext's; pages don't say which.
    if "enc" in field:
        return
    if len(value) < (least := field.get("min", 0)):
        yield place.fault(f"at least {least} characters are required, {len(value)} were given")
    if len(value) > (most := field.get("max", len(value))):
        yield place.fault(f"at most {most} characters are allowed, {len(value)} were given")


def _range(field: Record, value: float, place: _Place) -> Iterator[Fault]:
    if value < (least := field.get("minimum", value)):
        yield place.fault(f"at least {least} is required")
    if value > (most := field.get("maximum", value)):
        yield place.fault(f"at most {most} is allowed")


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__
