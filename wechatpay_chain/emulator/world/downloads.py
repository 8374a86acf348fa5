"""The files behind download links, kept in memory until the links expire."""

from __future__ import annotations

import secrets
from threading import Lock

LIFETIME = 300
"""The lifetime of a link in seconds."""
_KEPT = 1000


class Downloads:
    """Files by their token. It may be used from many threads."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[float, bytes]] = {}
        self._lock = Lock()

    def keep(self, content: bytes, now: float) -> str:
        """Keep a file.

        Args:
            content: the file.
            now: Unix time in seconds.

        Returns:
            Its token.
        """
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._files[token] = (now, content)
            while len(self._files) > _KEPT:
                del self._files[next(iter(self._files))]
        return token

    def find(self, token: str) -> tuple[float, bytes] | None:
        """When a file was kept, Unix time in seconds, and its content; None for an unknown token."""
        with self._lock:
            return self._files.get(token)
