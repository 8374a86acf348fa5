"""Functions that several front ends share: values from answers, checks, and signing with the APIv2 key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from ..errors import ConfigurationError, type_of
from ..http.characters import check_text
from ..http.response import Response
from ..wire import v2

Prepay = str | Response[Any] | Mapping[str, Any]
"""A `prepay_id`, or the answer or its JSON that holds one."""

# Text after such a character could be signed as further parameters.
_MORE_THAN_A_NUMBER = re.compile(r"[\s&=\x00-\x1f\x7f]")

# In seconds that is the year 5138.
_MILLISECONDS = 100_000_000_000
PREPAY = "prepay_id="
"""The prefix of a `prepay_id` in `package`."""


def prepay_id(prepay: Prepay) -> str:
    """The bare `prepay_id`.

    Raises:
        ConfigurationError: there is none.
    """
    found = (prepay if isinstance(prepay, str) else member(prepay, "prepay_id")).removeprefix(PREPAY)
    if not found:
        raise ConfigurationError("prepay_id", "it is empty", "Give the one of an order's answer, or the answer")
    if _MORE_THAN_A_NUMBER.search(found):
        raise ConfigurationError(
            "prepay_id", "it holds blanks, line ends, & or =", "Give the one of an order's answer, never a payer's text"
        )
    check_text(found, "prepay_id")
    return found


def given(name: str, value: object) -> str:
    """A required text, such as an appid.

    Args:
        name: of the argument.
        value: from the caller.

    Raises:
        ConfigurationError: it is empty, no text, has blanks or line ends around it, or holds a character that the
            platform doesn't take.
    """
    if not isinstance(value, str) or not value:
        found = "it is empty" if isinstance(value, str) else f"{type_of(value)} was found"
        raise ConfigurationError(name, found, "Give a text: perhaps a setting of this name isn't set")
    if value.strip() != value:
        raise ConfigurationError(name, "there are blanks or line ends around it", "Give it without them")
    check_text(value, name)
    return value


def seconds(timestamp: int) -> str:
    """A time as the front end takes it.

    Args:
        timestamp: Unix time in seconds.

    Raises:
        ConfigurationError: it is no int, negative, or in milliseconds.
    """
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        found = f"{type_of(timestamp)} was found"
    elif 0 <= timestamp < _MILLISECONDS:
        return str(timestamp)
    else:
        found = f"{timestamp} was found, which is no time in seconds"
    raise ConfigurationError("timestamp", found, "Give int(time.time())")


def member(answer: Response[Any] | Mapping[str, Any], *names: str) -> str:
    """The first of some members that an answer holds as a text.

    Raises:
        ConfigurationError: it holds none of them.
    """
    members: object = answer
    if isinstance(answer, Response):
        members = answer.fields if answer.fields is not None else answer.json()
    if isinstance(members, Mapping):
        for name in names:
            if isinstance(found := cast("Mapping[str, Any]", members).get(name), str) and found:
                return found
    raise ConfigurationError(names[0], "the answer holds none", "Give the answer of the call that placed the order")


def query(parameters: Mapping[str, str]) -> str:
    """Parameters as the text that an app or a page hands to `openBusinessView`: percent-encoded `name=value` pairs."""
    return urlencode(parameters, quote_via=quote, safe="")


def hmac_signed(fields: Mapping[str, str], apiv2_key: str) -> dict[str, str]:
    """Parameters with their `sign`, made with the APIv2 key as for a call of APIv2."""
    return {**fields, "sign": v2.sign_shown(fields, apiv2_key, "HMAC-SHA256")}
