"""Names and their spellings: what two spellings have in common, and in how many letters two names differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_NO_LETTER = re.compile(r"[\W_]")


@lru_cache(maxsize=4096)
def letters(name: str) -> str:
    """A name without what spellings of it differ in: capitals, hyphens, underscores, blanks, full-width letters."""
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return _NO_LETTER.sub("", plain.lower())


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that resembles another most, for the text of an error; None if none does."""
    from difflib import get_close_matches  # only for the text of an error

    return next(iter(get_close_matches(name, sorted(names), n=1)), None)


def distance(one: str, other: str, most: int) -> int:
    """In how many letters two texts differ: letters inserted, deleted, replaced, or swapped with their neighbour.

    Args:
        one: a text.
        other: another.
        most: counting stops above this, and `most + 1` is returned.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, last, row = row, before, [at]
        for place, theirs in enumerate(other, 1):
            least = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != theirs))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == theirs:
                least = min(least, last[place - 2] + 1)
            row.append(least)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
