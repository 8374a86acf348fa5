"""Pages of lists: which part of it a call asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..platform import refusal

# More digits than any list needs; Python refuses to read thousands of them.
_MOST_DIGITS = 18


def page(query: Mapping[str, Any], begin: str, size: str, *, usual: int, most: int) -> tuple[int, int]:
    """Where the part begins that a call asks for, and how many are in it.

    Args:
        query: the call's parameters.
        begin: name of the one that says how many come before it.
        size: name of the one that says how many are in it.
        usual: size of a part where the call says none.
        most: the largest size.

    Raises:
        Refusal: one of them is no whole number, or too large.
    """
    return _number(query, begin, 0, 0, 10**_MOST_DIGITS), _number(query, size, usual, 1, most)


def _number(query: Mapping[str, Any], name: str, usual: int, least: int, most: int) -> int:
    text = str(query.get(name) or usual)
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not is_number or not least <= int(text) <= most:
        raise refusal.bad_parameter(name, "query", f"a whole number from {least} to {most} is expected")
    return int(text)
