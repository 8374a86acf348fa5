"""Times as headers of HTTP tell them."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def unix_time(text: str) -> float | None:
    """A date of HTTP in Unix seconds; None for what is none, however far off the zone or the year that it names."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
