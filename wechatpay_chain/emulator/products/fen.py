"""Amounts in calls: whole numbers of fen."""

from __future__ import annotations

from typing import Any

from ..platform import refusal


def fen(value: Any, pointer: str) -> int:
    """An amount of a call.

    Args:
        value: as it came; of APIv2 a text.
        pointer: where it stands in the call.

    Raises:
        Refusal: it isn't a whole number of at least 1.
    """
    try:
        amount = int(value)
    except (ValueError, OverflowError):
        amount = 0
    if amount < 1 or (isinstance(value, float) and not value.is_integer()):
        raise refusal.bad_parameter(pointer, "body", "a whole number of fen, at least 1, is expected")
    return amount
