"""Finding secrets that would go out in plain because of a typing error: under a misspelt name, or in a wrong place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, cast

import orjson

from ..http.names import distance, letters
from ..http.secret import Secret
from .flat import is_flat
from .sealing import members

Place = tuple[str, ...]
"""The names that lead to a value; arrays add none."""

MOST_SLIPS = 2
"""In so many letters a name or a path may be misspelt."""

# In a shorter name two wrong letters make another word: "date" isn't a misspelt "name".
_SHORTEST_FOR_TWO = 6
# A part of a secret's name, of at least so many letters, stands for the name: account_no for bal_account_no.
_SHORTEST_PART = 8
# Who knows that the client encrypts leaves it out: bank_no for enc_bank_no.
_ENCRYPTED = re.compile(r"enc(?:rypted)?")


class Suspect(NamedTuple):
    """A value that seems to belong to a secret field, but stands in another place or under a misspelt name.

    Attributes:
        place: where it stands.
        slips: in how many letters its name differs from the secret's; 0 for another spelling or a part of that.
    """

    place: Place
    slips: int


class _Field(NamedTuple):
    """A secret field: its place, beginning with `json` or another location, and the letters of the names on the way."""

    own: Place
    known: Place


def slips(name: str, secret: str) -> int | None:
    """In how many letters a name differs from a secret's; None if it is another name."""
    given, wanted = letters(name), letters(secret)
    if wanted.endswith(given) and (len(given) >= _SHORTEST_PART or _ENCRYPTED.fullmatch(wanted.removesuffix(given))):
        return 0
    most = MOST_SLIPS if len(wanted) >= _SHORTEST_FOR_TWO else 1
    apart = distance(given, wanted, most)
    return apart if apart <= most else None


def named(payload: Any, names: Iterable[str], *, exactly: bool = False) -> list[str]:
    """The members of a payload, at any depth, that are named like one of these secrets and aren't a `Secret`.

    Args:
        payload: what the caller gave.
        names: of secret fields.
        exactly: whether only their own names count, in any spelling.
    """
    secrets = tuple(names)
    most = 0 if exactly else MOST_SLIPS
    return sorted({".".join(place) for place in _leaves(payload, ()) if _resembles(place, secrets, most)})


def misplaced(payload: Any, location: str, secret_fields: tuple[str, ...]) -> tuple[Suspect, ...]:
    """The values that seem to belong to a secret field, but stand in another place or under a misspelt name.

    Args:
        payload: what the caller gave as `location`.
        location: `json`, `query`, `xml`, `meta` or `headers`.
        secret_fields: those of the operation, as `catalogue.Operation` has them: `json.receivers[].name`.
    """
    if not secret_fields or payload is None:
        return ()
    if is_flat(payload) and not _may_hold_json(payload):
        return _misplaced_names(tuple(payload), location, secret_fields)
    return tuple(_misplaced([*_leaves(payload, ())], location, secret_fields))


@lru_cache(maxsize=1024)
def _misplaced_names(names: tuple[Any, ...], location: str, secret_fields: tuple[str, ...]) -> tuple[Suspect, ...]:
    """The same for a flat payload, as most are: the result depends on its names alone and is cached."""
    return tuple(_misplaced([(_text(name),) for name in names], location, secret_fields))


def _misplaced(given: Sequence[Place], location: str, secret_fields: tuple[str, ...]) -> Iterator[Suspect]:
    for place in given:
        alike = _alike(place[-1], secret_fields) if place else ()
        if alike and all(field.own != (location, *place) for field, _ in alike):
            spelled = tuple(letters(name) for name in place)
            meant = [apart for field, apart in alike if _is_meant(spelled, field.known, field.own[1:] in given)]
            if meant:
                yield Suspect(place, min(meant))


def _is_meant(place: Place, secret: Place, is_given: bool) -> bool:
    """Whether a place is the secret's, except for some names on the way and typing errors."""
    if len(place) <= len(secret):
        secret = secret[-len(place) :]
    elif is_given:
        return False
    above, wanted = place[-len(secret) : -1], secret[:-1]
    return sum(distance(*pair, MOST_SLIPS) for pair in zip(above, wanted, strict=True)) <= MOST_SLIPS


@lru_cache(maxsize=4096)
def _alike(name: str, secret_fields: tuple[str, ...]) -> tuple[tuple[_Field, int], ...]:
    """The secret fields whose names resemble this one, each with the number of wrong letters."""
    found = ((field, slips(name, field.known[-1])) for field in _fields(secret_fields))
    return tuple((field, apart) for field, apart in found if apart is not None)


@lru_cache(maxsize=512)
def _fields(secret_fields: tuple[str, ...]) -> tuple[_Field, ...]:
    places = [tuple(field.replace("[]", "").split(".")) for field in secret_fields]
    return tuple(_Field(place, tuple(letters(name) for name in place[1:])) for place in places)


@lru_cache(maxsize=4096)
def _resembles(place: Place, secrets: tuple[str, ...], most: int) -> bool:
    return any(
        (letters(name) == letters(secret)) if most == 0 else slips(name, secret) is not None
        for name in place
        for secret in secrets
    )


def _leaves(payload: Any, place: Place) -> Iterator[Place]:
    if isinstance(payload, Enum):
        payload = payload.value
    if payload is None or isinstance(payload, Secret):
        return
    if isinstance(payload, orjson.Fragment):
        payload = orjson.dumps(payload).decode("utf-8", "replace")
    if isinstance(payload, list | tuple):
        for item in cast("Sequence[Any]", payload):
            yield from _leaves(item, place)
    elif (below := members(payload)) is not None:
        for name, item in below.items():
            yield from _leaves(item, (*place, _text(name)))
    else:
        yield place
        if _may_be_json(payload):
            yield from _leaves_of_json(payload, place)


def _leaves_of_json(text: str, place: Place) -> Iterator[Place]:
    """The same for a text that holds JSON."""
    try:
        inner: Mapping[str, Any] | list[Any] = orjson.loads(text)
    except ValueError:  # orjson.JSONDecodeError, and a lone surrogate
        return
    yield from _leaves(inner, place)


def _may_hold_json(payload: Mapping[str, Any]) -> bool:
    """Whether a text of a payload without levels may be JSON. A line end and a bracket in a text count as well."""
    # `filter` with a built-in makes no Python call for each value.
    texts = "\n".join(["", *filter(str.__instancecheck__, payload.values())])
    return "\n{" in texts or "\n[" in texts


def _may_be_json(value: object) -> bool:
    return isinstance(value, str) and value[:1] in {"{", "["}


def _text(name: object) -> str:
    return name if isinstance(name, str) else ascii(name)
