"""Amounts in calls: whole numbers of fen."""

from __future__ import annotations

from typing import Any

from ..platform import refusal

# Far above any payment, and so far below what JSON carries that sums of many fit in, too.
_MOST = 10**15


def fen(value: Any, pointer: str) -> int:
    """An amount of a call.

    Args:
        value: as it came; of APIv2 a text.
        pointer: where it stands in the call.

    Raises:
        Refusal: it isn't a whole number of at least 1, or is above any that is paid.
    """
    try:
        amount = int(value)
    except (ValueError, OverflowError):
        amount = 0
    if not 1 <= amount <= _MOST or (isinstance(value, float) and not value.is_integer()):
        raise refusal.bad_parameter(pointer, "body", "a whole number of fen is expected, 1 or more")
    return amount
