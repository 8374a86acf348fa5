"""The fields of the control interface's requests: one table both checks a request and makes its schema."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson

_LARGEST = 2**53 - 1
_LONGEST = 2048


class BadRequest(Exception):
    """A request is malformed; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A query parameter, or a member of a JSON body.

    Attributes:
        type: its name in JSON Schema.
        text: its description, for the OpenAPI document.
        required: whether it must be there.
        choices: the values that it may have; empty for any.
        least: the smallest number allowed.
        most: the largest number allowed.
    """

    type: Literal["string", "integer", "number", "boolean", "object"] = "string"
    text: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        schema: dict[str, Any] = {"type": self.type}
        if self.text:
            schema["description"] = self.text
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.type == "string" and not self.choices:
            schema["maxLength"] = _LONGEST
        if self.type in {"integer", "number"}:
            schema |= {"minimum": self._least, "maximum": self._most}
        return schema

    @property
    def _least(self) -> float:
        return -_LARGEST if self.least is None else self.least

    @property
    def _most(self) -> float:
        return _LARGEST if self.most is None else self.most

    def check(self, name: str, value: Any) -> Any:
        """Check a JSON value, and return it.

        Raises:
            BadRequest: it is of another type, or out of range.
        """
        fits = {
            "string": isinstance(value, str) and len(value) <= _LONGEST,
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
            "boolean": isinstance(value, bool),
            "object": isinstance(value, dict),
        }
        if not fits[self.type]:
            raise BadRequest(f"{name} must be a value of type {self.type}")
        if self.choices and value not in self.choices:
            raise BadRequest(f"{name} must be one of {', '.join(self.choices)}")
        if isinstance(value, int | float) and not self._least <= value <= self._most:
            raise BadRequest(f"{name} must be from {self._least:g} to {self._most:g}")
        return value

    def parse(self, name: str, text: str) -> Any:
        """Parse and check the text of a query parameter.

        Raises:
            BadRequest: it is of another type, or out of range.
        """
        if self.type == "string":
            return self.check(name, text)
        try:
            return self.check(name, orjson.loads(text))
        except orjson.JSONDecodeError:
            raise BadRequest(f"{name} must be a value of type {self.type}") from None


Fields = Mapping[str, Field]


def read_body(body: bytes, fields: Fields) -> dict[str, Any]:
    """The members of a JSON body.

    Raises:
        BadRequest: it is no JSON object, or a member is unknown, missing or wrong.
    """
    try:
        value: Any = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    members = cast("dict[str, Any]", value)
    _complete(members, fields)
    return {name: fields[name].check(name, member) for name, member in members.items()}


def read_query(query: list[tuple[str, str]], fields: Fields) -> dict[str, Any]:
    """The values of query parameters.

    Raises:
        BadRequest: one is unknown, missing, given twice, or wrong.
    """
    given = dict(query)
    if len(given) < len(query):
        raise BadRequest("a query parameter is there twice")
    _complete(given, fields)
    return {name: fields[name].parse(name, text) for name, text in given.items()}


def schema(fields: Fields) -> dict[str, Any]:
    """The JSON Schema of a body."""
    made: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: field.schema() for name, field in fields.items()},
    }
    required = [name for name, field in fields.items() if field.required]
    return {**made, "required": required} if required else made


def _complete(given: Mapping[str, Any], fields: Fields) -> None:
    for name in given:
        if name not in fields:
            raise BadRequest(f"{name} is unknown: give {', '.join(fields) or 'nothing'}")
    for name, field in fields.items():
        if field.required and name not in given:
            raise BadRequest(f"{name} is missing")
