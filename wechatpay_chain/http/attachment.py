"""Files that are uploaded, and bodies that are read while they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import field
from pathlib import Path

from .value import frozen

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have gone or come so far, and with their whole number where it is known."""


@frozen(kw_only=True)
class Attachment:
    """A file to be uploaded, with what its content alone doesn't tell.

    Attributes:
        content: a path, bytes, or chunks that come one by one, as from an incoming upload.
        name: the file's name; a path has its own.
        progress: called while the file is sent.
    """

    content: Path | bytes | AsyncIterable[bytes]
    name: str = ""
    progress: Progress | None = None


File = Path | bytes | AsyncIterable[bytes] | Attachment


@frozen(kw_only=True)
class Payload:
    """A body that is read while it is sent. Every attempt reads it from the start.

    Attributes:
        length: how many bytes it has.
        chunks: gives the bytes, from the start, each time it is called.
    """

    length: int
    chunks: Callable[[], AsyncIterator[bytes]] = field(repr=False)

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks()])
