"""Times as the platform writes them: RFC 3339 in Beijing's zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))


def rfc3339(seconds: float) -> str:
    """Unix time as `2026-01-01T08:00:00+08:00`."""
    return datetime.fromtimestamp(int(seconds), _BEIJING).isoformat()


def date(seconds: float) -> str:
    """Unix time as `2026-01-01`."""
    return datetime.fromtimestamp(seconds, _BEIJING).date().isoformat()
