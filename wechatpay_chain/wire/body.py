"""Payloads to bytes: JSON and query strings. What the platform can't take is refused here.

https://pay.weixin.qq.com/docs/merchant/development/interface-rules/basic-rules.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import orjson

from ..errors import ConfigurationError, type_of
from ..http.characters import check_text
from ..http.fen import is_amount, whole_fen
from ..http.path import digits
from .flat import PLAIN, is_flat

_QUARTER_HOUR = timedelta(minutes=15)
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_PAYLOADS = (dict, list, tuple, Mapping)
_WITHOUT_FLOATS = PLAIN - {float}
# The first byte of a 4-byte UTF-8 character; it can stand for nothing else.
_FOUR_BYTES = re.compile(rb"[\xf0-\xf4]")
# A number stands behind a colon, a comma or a bracket. A text may hold the same: a match calls for a closer look.
_FLOAT = re.compile(rb"[:,\[]-?[0-9]+[.e]")


def encode_json(payload: Any, argument: str = "json", *, simple: bool = False) -> bytes:
    """Serialise a payload.

    Args:
        payload: a mapping or a list, down to str, int, float, bool, and aware datetimes.
        argument: the name to be used in errors.
        simple: whether `is_simple` holds for it: then it isn't searched for nulls (`python -m benchmarks.pipeline`).

    Raises:
        ConfigurationError: null, NaN, infinity, a character outside of the Basic Multilingual Plane, or a value that
            is no JSON; with the place where it stands.
    """
    if not isinstance(payload, _PAYLOADS):
        raise ConfigurationError(argument, f"{type_of(payload)} was given", "Give a dict; it is serialised once, here")
    try:
        body = orjson.dumps(payload, _default, _OPTIONS)
    except TypeError as error:
        with suppress(RecursionError):  # a cycle: orjson's own words follow
            _refuse_first_fault(payload, argument)
        raise ConfigurationError(
            argument, f"it cannot be written as JSON ({error})", "Give plain JSON values"
        ) from None
    # orjson writes NaN and infinity as null, so null is the only trace of either.
    if (not simple and b"null" in body) or (not body.isascii() and _FOUR_BYTES.search(body)):
        _refuse_first_fault(payload, argument)
    return body


def encode_query(params: Mapping[str, Any]) -> str:
    """Percent-encode query parameters, in the order given; a list repeats its name.

    Raises:
        ConfigurationError: a value that is neither str, int, float nor bool, or a character outside of the Basic
            Multilingual Plane.
    """
    if not isinstance(params, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("params", f"{type_of(params)} was given", "Give a dict")
    return "&".join(
        f"{_encode_text(name, 'params')}={_encode_text(_text(item, name), f'params[{name!r}]')}"
        for name, value in params.items()
        for item in (cast("Sequence[Any]", value) if isinstance(value, list | tuple) else (value,))
    )


def is_simple(payload: object) -> bool:
    """Whether a payload has one level of texts, whole numbers and booleans: no null and no float."""
    return is_flat(payload, _WITHOUT_FLOATS)


def may_hold_floats(body: bytes) -> bool:
    """Whether a payload may hold a float, by its JSON; what looks like one in a text counts."""
    return _FLOAT.search(body) is not None


def floats(payload: Any, pointer: str = "") -> Iterator[tuple[str, float]]:
    """Every float of a payload with its JSON pointer."""
    if isinstance(payload, float):
        yield pointer, payload
    elif isinstance(payload, Mapping):
        for name, item in cast("Mapping[str, Any]", payload).items():
            yield from floats(item, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(payload, list | tuple):
        for index, item in enumerate(cast("Sequence[Any]", payload)):
            yield from floats(item, f"{pointer}/{index}")


def _default(value: object) -> object:
    if isinstance(value, datetime) and _is_of_a_zone(value):
        return datetime.isoformat(value, timespec="seconds")  # a subclass may write itself otherwise
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    raise TypeError(f"{type_of(value)} is no JSON value")


def _refuse_first_fault(value: Any, pointer: str) -> None:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[object, Any]", value).items():
            place = f"{pointer}/{key}"
            if type(key) is not str:  # the serialiser takes no key of a class derived from it either
                raise ConfigurationError(place, f"the key is {type_of(key)}", "JSON keys are strings: give a str")
            check_text(key, place)
            _refuse_first_fault(item, place)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("Sequence[Any]", value)):
            _refuse_first_fault(item, f"{pointer}/{index}")
    elif isinstance(value, str):
        check_text(value, pointer)
    else:
        _refuse_scalar(value, pointer)


def _is_of_a_zone(moment: datetime) -> bool:
    """Whether a time zone of today is so far from UTC. One of pytz that is given as tzinfo is further away."""
    offset = moment.utcoffset()
    return offset is not None and offset % _QUARTER_HOUR == timedelta()


def _refuse_scalar(value: object, pointer: str) -> None:
    if value is None:
        raise ConfigurationError(pointer, "null", "The platform takes no null: leave the member out")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(pointer, f"{value}", "JSON has no such number")
    if isinstance(value, datetime) and not _is_of_a_zone(value):
        offset = value.utcoffset()
        found = "without a time zone" if offset is None else f"{offset} from UTC, as no time zone is today"
        raise ConfigurationError(
            pointer,
            f"a datetime {found}",
            "Give an aware one: datetime(2026, 1, 1, tzinfo=ZoneInfo('Asia/Shanghai'))",
        )
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ConfigurationError(pointer, "an integer of more than 64 bits", "Write it as a string")
    # The serialiser takes no class derived from float, such as numpy's.
    if type(value) is not float and not isinstance(value, int | datetime | UUID):
        raise ConfigurationError(pointer, f"{type_of(value)} is no JSON value", _remedy_for(value, pointer))


def _remedy_for(value: object, pointer: str) -> str:
    from decimal import Decimal  # only for the text of an error

    if isinstance(value, Decimal | float) and is_amount(pointer):
        return f"Give an int: {whole_fen(value)}"
    return "Convert it to str, int, list or dict first"


def _encode_text(text: object, argument: str) -> str:
    if not isinstance(text, str):
        raise ConfigurationError(argument, f"the name {text!r} is {type_of(text)}", "Names are strings")
    check_text(text, argument)
    return quote(text, safe="")


def _text(value: object, name: str) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)  # a subclass may write itself otherwise
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return digits(value, f"params[{name!r}]")
    found = "null" if value is None else f"{value}" if isinstance(value, float) else type_of(value)
    raise ConfigurationError(f"params[{name!r}]", found, "Give str, int or bool, or leave it out")
