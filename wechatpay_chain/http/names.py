"""Names and how they are spelt: what two spellings have in common, and how many letters lie between them."""

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
    from difflib import get_close_matches  # by who made a mistake

    return next(iter(get_close_matches(name, sorted(names), n=1)), None)


def distance(one: str, other: str, most: int) -> int:
    """How many letters must be put in, taken out, exchanged for others or swapped to make one text of the other.

    Args:
        one: a text.
        other: another.
        most: where it turns out to be more, `most + 1` is returned, which takes less time.
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
