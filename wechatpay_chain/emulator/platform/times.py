"""Reads and writes times in the platform's formats, in Beijing's zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
"""The time zone in which the platform's days begin."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(seconds: float) -> str:
    """Unix time as `2026-01-01T08:00:00+08:00`."""
    return datetime.fromtimestamp(int(seconds), BEIJING).isoformat()


def read_rfc3339(text: str) -> float:
    """The Unix time of a time in RFC 3339, with any offset or fraction.

    Raises:
        ValueError: it isn't in RFC 3339, or has no offset.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"not a time of RFC 3339: {text!r}")
    return datetime.fromisoformat(text).timestamp()


def compact(seconds: float) -> str:
    """Unix time as APIv2 writes it, `20260101080000`; nothing for 0."""
    return datetime.fromtimestamp(int(seconds), BEIJING).strftime("%Y%m%d%H%M%S") if seconds else ""


def spaced(seconds: float) -> str:
    """Unix time as bills and APIv2 write it, `2026-01-01 08:00:00`; nothing for 0."""
    return datetime.fromtimestamp(int(seconds), BEIJING).strftime("%Y-%m-%d %H:%M:%S") if seconds else ""


def read_compact(text: str) -> float:
    """The Unix time that `compact` wrote.

    Raises:
        ValueError: it isn't one.
    """
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING).timestamp()


def date(seconds: float) -> str:
    """Unix time as `2026-01-01`."""
    return datetime.fromtimestamp(seconds, BEIJING).date().isoformat()


def read_date(text: str) -> float:
    """The Unix time at which a day begins in Beijing.

    Raises:
        ValueError: not a date such as `2026-01-31`.
    """
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=BEIJING).timestamp()
