"""Times as the platform writes them: RFC 3339 in Beijing's zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))


def rfc3339(seconds: float) -> str:
    """Unix time as `2026-01-01T08:00:00+08:00`."""
    return datetime.fromtimestamp(int(seconds), _BEIJING).isoformat()


def compact(seconds: float) -> str:
    """Unix time as APIv2 writes it, `20260101080000`; nothing for 0."""
    return datetime.fromtimestamp(int(seconds), _BEIJING).strftime("%Y%m%d%H%M%S") if seconds else ""


def spaced(seconds: float) -> str:
    """Unix time as bills and APIv2 write it, `2026-01-01 08:00:00`; nothing for 0."""
    return datetime.fromtimestamp(int(seconds), _BEIJING).strftime("%Y-%m-%d %H:%M:%S") if seconds else ""


def read_compact(text: str) -> float:
    """The Unix time that `compact` wrote.

    Raises:
        ValueError: it isn't one.
    """
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_BEIJING).timestamp()


def date(seconds: float) -> str:
    """Unix time as `2026-01-01`."""
    return datetime.fromtimestamp(seconds, _BEIJING).date().isoformat()


def read_date(text: str) -> float:
    """The Unix time at which a day begins in Beijing.

    Raises:
        ValueError: not a date such as `2026-01-31`.
    """
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_BEIJING).timestamp()
