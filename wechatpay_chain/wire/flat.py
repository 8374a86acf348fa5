"""Flat payloads: dicts whose values hold no others. Most payloads are flat, and quicker to search."""

from __future__ import annotations

from typing import Any, TypeGuard

PLAIN = frozenset({str, int, float, bool})
"""The types of plain values, which hold no others."""


def is_flat(payload: object, kinds: frozenset[type] = PLAIN) -> TypeGuard[dict[str, Any]]:
    """Whether a payload is a dict all of whose values are of exactly these types."""
    return type(payload) is dict and kinds.issuperset(map(type, payload.values()))  # pyright: ignore[reportUnknownArgumentType]: from anywhere
