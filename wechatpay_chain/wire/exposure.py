"""Plaintext that would go out because a call was misspelt: a secret field under a wrong path, name or place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from ..http.names import letters
from ..http.secret import Secret
from .flat import is_flat
from .sealing import members

Place = tuple[str, ...]
"""The names that lead to a value; arrays add none."""

_Secrets = Mapping[str, Sequence[tuple[Place, Place]]]
"""Secret fields by the letters of their own names: their places, as they are and by letters."""


def named(payload: Any, secret_fields: tuple[str, ...]) -> list[str]:
    """What in a payload is named like one of these secret fields, wherever it stands. What is a `Secret` is safe.

    Args:
        payload: what the caller gave.
        secret_fields: as `catalogue.Operation` has them: `json.receivers[].name`.
    """
    secrets = _by_name(secret_fields)
    return sorted(
        {".".join(place) for place in _leaves(payload, ()) if any(letters(name) in secrets for name in place)}
    )


def misplaced(payload: Any, location: str, secret_fields: tuple[str, ...]) -> tuple[Place, ...]:
    """The places of values that seem to be meant for a secret field, and stand in another place or are misspelt.

    Args:
        payload: what the caller gave as `location`.
        location: `json`, `query` or `meta`.
        secret_fields: those of the operation.
    """
    if not secret_fields:
        return ()
    if is_flat(payload):
        return _misplaced_names(tuple(payload), location, secret_fields)
    return tuple(_misplaced([*_leaves(payload, ())], location, secret_fields))


@lru_cache(maxsize=1024)
def _misplaced_names(names: tuple[Any, ...], location: str, secret_fields: tuple[str, ...]) -> tuple[Place, ...]:
    """The same for a payload without levels, which most are: its names decide, and come again and again."""
    return tuple(_misplaced([(_text(name),) for name in names], location, secret_fields))


def _misplaced(given: Sequence[Place], location: str, secret_fields: tuple[str, ...]) -> Iterator[Place]:
    secrets = _by_name(secret_fields)
    for place in given:
        alike = secrets.get(letters(place[-1]), ()) if place else ()
        if alike and all(own != (location, *place) for own, _ in alike):
            spelled = tuple(letters(name) for name in place)
            if any(_is_meant(spelled, known, own[1:] in given) for own, known in alike):
                yield place


def _is_meant(place: Place, secret: Place, is_given: bool) -> bool:
    """Whether a place is the secret's own but for some of the names that lead there."""
    if len(place) <= len(secret):
        return secret[-len(place) :] == place
    return place[-len(secret) :] == secret and not is_given


@lru_cache(maxsize=512)
def _by_name(secret_fields: tuple[str, ...]) -> _Secrets:
    found: dict[str, list[tuple[Place, Place]]] = {}
    for field in secret_fields:
        place = tuple(field.replace("[]", "").split("."))
        found.setdefault(letters(place[-1]), []).append((place, tuple(letters(name) for name in place[1:])))
    return found


def _leaves(payload: Any, place: Place) -> Iterator[Place]:
    if isinstance(payload, Enum):
        payload = payload.value
    if payload is None or isinstance(payload, Secret):
        return
    if isinstance(payload, list | tuple):
        for item in cast("Sequence[Any]", payload):
            yield from _leaves(item, place)
    elif (below := members(payload)) is not None:
        for name, item in below.items():
            yield from _leaves(item, (*place, _text(name)))
    else:
        yield place


def _text(name: object) -> str:
    return name if isinstance(name, str) else ascii(name)
