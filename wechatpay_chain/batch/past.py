"""Calls of earlier runs, which count under the platform's rate limits: the journal keeps them for a day."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from .database import Statement

_COUNT = "INSERT INTO counted (counted_as, at) VALUES (?, ?)"
# Seconds for which calls are kept: the longest period of a rate limit.
_REMEMBERED = 24 * 3600.0


class Past(NamedTuple):
    """Calls of earlier runs within a day.

    Attributes:
        ended: by the name that they count under: seconds since calls ended, and how many.
        cut_off: interrupted calls, by key and request.
        silence: seconds since an earlier run last noted the start or end of a call; None if none did.
    """

    ended: dict[str, list[tuple[float, int]]]
    cut_off: list[tuple[str, bytes]]
    silence: float | None


def counted(calls: Sequence[tuple[str, float]]) -> list[Statement]:
    """Statements that note calls: the names that they count under, and when they ended, in Unix time."""
    return [(_COUNT, call) for call in calls]


def read_past(database: sqlite3.Connection, now: float) -> Past:
    """The calls in the journal; those older than a day are deleted.

    Args:
        database: of the journal.
        now: Unix time in seconds.
    """
    with database:
        database.execute("DELETE FROM counted WHERE at < ?", (now - _REMEMBERED,))
    ended: dict[str, list[tuple[float, int]]] = {}
    # Counted by whole seconds (`ROUNDED`), each call at the end of its second, so that few rows are read.
    statement = "SELECT counted_as, CAST(at AS INTEGER) + 1, count(*) FROM counted GROUP BY 1, 2"
    for counted_as, at, count in database.execute(statement):
        ended.setdefault(counted_as, []).append((max(now - at, 0.0), count))
    cut_off = database.execute("SELECT key, request FROM items WHERE state = 'sent' AND request IS NOT NULL")
    written = database.execute("SELECT at FROM last_write").fetchone()
    return Past(ended, cut_off.fetchall(), None if written is None else max(now - written[0], 0.0))
