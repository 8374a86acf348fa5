"""What an action raises where it can't be done."""

from __future__ import annotations


class Missing(Exception):
    """There is no such thing; which one is its text."""
