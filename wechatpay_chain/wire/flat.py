"""Payloads of one level, which most are: what is to be found in them is found by its name."""

from __future__ import annotations

from typing import Any, TypeGuard

PLAIN = frozenset({str, int, float, bool})
"""The types of values that hold nothing else."""


def is_flat(payload: object, kinds: frozenset[type] = PLAIN) -> TypeGuard[dict[str, Any]]:
    """Whether a payload is a dict all of whose values are of exactly these types."""
    return type(payload) is dict and kinds.issuperset(map(type, payload.values()))  # pyright: ignore[reportUnknownArgumentType]: from anywhere
