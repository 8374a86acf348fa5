"""Files that are uploaded, and bodies that are read while they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import field
from pathlib import Path

from .value import frozen

Progress = Callable[[int, int | None], None]
"""Called with the number of bytes sent or received so far, and the total where it is known."""


@frozen(kw_only=True)
class Attachment:
    """A file to be uploaded, with its name and a progress function.

    Attributes:
        content: a path, bytes, or an asynchronous iterable of chunks, such as an incoming upload.
        name: the file's name; by default that of the path.
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
        chunks: returns the bytes, from the start at each call.
    """

    length: int
    chunks: Callable[[], AsyncIterator[bytes]] = field(repr=False)

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks()])
