"""The exception of an action that names something which doesn't exist."""

from __future__ import annotations


class Missing(Exception):
    """A record, call or snapshot doesn't exist; the text says which."""
