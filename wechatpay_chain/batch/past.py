"""What earlier runs called: it counts under the platform's rate limits, so a journal remembers it for a day."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from .database import Statement

_COUNT = "INSERT INTO counted (counted_as, at) VALUES (?, ?)"
# Seconds for which calls are remembered that count under a rate limit: the longest that limits are made of.
_REMEMBERED = 24 * 3600.0


class Past(NamedTuple):
    """What earlier runs called within a day.

    Attributes:
        ended: seconds since calls ended and how many did then, by what a rate limiter counted them as.
        cut_off: calls that are `sent`, by key and request.
        silence: seconds since an earlier run last wrote that a call began or ended; None where none ever did.
    """

    ended: dict[str, list[tuple[float, int]]]
    cut_off: list[tuple[str, bytes]]
    silence: float | None


def counted(calls: Sequence[tuple[str, float]]) -> list[Statement]:
    """What remembers calls: by what a rate limiter counts them as, and when they ended, in Unix time."""
    return [(_COUNT, call) for call in calls]


def read_past(database: sqlite3.Connection, now: float) -> Past:
    """What the journal remembers; what is older than a day is forgotten.

    Args:
        database: of the journal.
        now: Unix time in seconds.
    """
    with database:
        database.execute("DELETE FROM counted WHERE at < ?", (now - _REMEMBERED,))
    ended: dict[str, list[tuple[float, int]]] = {}
    # By seconds (`ROUNDED`), and each as if it were at its second's end: of many calls few numbers are read.
    statement = "SELECT counted_as, CAST(at AS INTEGER) + 1, count(*) FROM counted GROUP BY 1, 2"
    for counted_as, at, count in database.execute(statement):
        ended.setdefault(counted_as, []).append((max(now - at, 0.0), count))
    cut_off = database.execute("SELECT key, request FROM items WHERE state = 'sent' AND request IS NOT NULL")
    written = database.execute("SELECT at FROM last_write").fetchone()
    return Past(ended, cut_off.fetchall(), None if written is None else max(now - written[0], 0.0))
