"""Dates in HTTP headers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def unix_time(text: str) -> float | None:
    """The Unix time of a date such as `Thu, 01 Jan 1970 00:00:00 GMT`; None for a text that is no date."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
