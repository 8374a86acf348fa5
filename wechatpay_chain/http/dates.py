"""Dates in headers of HTTP."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def unix_time(text: str) -> float | None:
    """A date such as `Thu, 01 Jan 1970 00:00:00 GMT` in Unix seconds; None for what isn't one or can't be."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
