"""Uploading files, which are hashed and sent piece by piece, so that a big one blocks neither memory nor event loop.

https://pay.weixin.qq.com/doc/v3/merchant/4012365337
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from .._threads import in_thread
from ..crypto.hashing import hasher
from ..errors import ConfigurationError, type_of
from ..http.attachment import Attachment, File, Payload, Progress
from ..http.headers import Headers
from ..http.request import Request
from ..wire.multipart import Envelope
from .disk import opened_in_thread, reading, tidied

# A piece of this size is hashed in less than a millisecond.
_PIECE = 256 * 1024
# Bytes up to which a body is held in memory and sent in one write.
_SMALL = 1024 * 1024

FileLimits = Sequence[tuple[Sequence[str], int]]
"""Allowed suffixes, each group with the most bytes that a file of it may have."""


class Source:
    """An open file that can be sent several times.

    Args:
        name: the file's name; empty where it has none.
        content: the bytes, or an open file.
        length: how many bytes there are.
        progress: called while the file is sent.
    """

    def __init__(self, name: str, content: bytes | IO[bytes], length: int, progress: Progress | None) -> None:
        self.name = name
        self.length = length
        self._content = content
        self._progress = progress

    @classmethod
    @asynccontextmanager
    async def open(cls, file: File) -> AsyncGenerator[Source]:
        """Open the caller's file. Chunks are kept in a temporary file, since their digest is sent before them.

        Raises:
            ConfigurationError: it is no file, or can't be read.
        """
        given = file if isinstance(file, Attachment) else Attachment(content=file)
        content = given.content
        async with AsyncExitStack() as stack:
            if isinstance(content, bytes):
                yield cls(given.name, content, len(content), given.progress)
                return
            if isinstance(content, Path):
                opened, length = await _open(content)
                name = given.name or content.name
            elif isinstance(content, AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
                opened, length = await _spool(content)
                name = given.name
            else:
                raise _no_file(content)
            stack.push_async_callback(tidied, opened.close)
            yield cls(name, opened, length, given.progress)

    def check(self, limits: FileLimits, name: str = "") -> None:
        """Refuse a file whose suffix or size the platform doesn't allow.

        Args:
            limits: what the operation takes; empty where that isn't known.
            name: the name that is sent, where it is another than the file's own.

        Raises:
            ConfigurationError: another suffix, or too many bytes.
        """
        suffix = Path(name or self.name).suffix.removeprefix(".").lower()
        for suffixes, most in limits:
            if suffix in suffixes:
                if self.length > most:
                    raise ConfigurationError(
                        "file", f"{self.length:,} bytes were found", f"A .{suffix} may have {most:,}: make it smaller"
                    )
                return
        if limits:
            allowed = ", ".join(f".{suffix}" for suffixes, _ in limits for suffix in suffixes)
            raise ConfigurationError(
                "file",
                f"its name ends in {suffix and '.'}{suffix or 'no suffix'}",
                f"The operation takes {allowed}; name the file so, if it is one",
            )

    async def digest(self, algorithm: str) -> str:
        """The digest of the content, in small hexadecimal digits."""
        digest = hasher(algorithm)

        def take(offset: int) -> int:
            piece = self._read(offset)
            digest.update(piece)
            return len(piece)

        offset = 0
        while offset < self.length and (taken := await in_thread(take, offset)):
            offset += taken
        return digest.hexdigest()

    async def enclose(self, envelope: Envelope) -> dict[str, Any]:
        """The request's attributes for the file: `body` for a small one, else `payload`."""
        length = len(envelope.head) + self.length + len(envelope.tail)

        async def chunks() -> AsyncIterator[bytes]:
            yield envelope.head
            offset = 0
            while offset < self.length:
                piece = await in_thread(self._read, offset)
                if not piece:
                    raise OSError("the file became shorter while it was sent")
                yield piece
                offset += len(piece)
                if self._progress is not None:
                    self._progress(offset, self.length)
            yield envelope.tail

        payload = Payload(length=length, chunks=chunks)
        if self.length <= _SMALL and self._progress is None:
            return {"body": await payload.read()}
        return {"payload": payload}

    def _read(self, offset: int) -> bytes:
        end = min(offset + _PIECE, self.length)
        if isinstance(self._content, bytes):
            return self._content[offset:end]
        self._content.seek(offset)
        return self._content.read(end - offset)


def members_of_meta(request: Request) -> dict[str, Any]:
    """The members of an upload's `meta` that the caller gave, in a dict of its own.

    Raises:
        ConfigurationError: `meta` is no mapping.
    """
    meta = request.meta
    if not isinstance(meta, Mapping | None):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("meta", f"{type_of(meta)} was given", "Give a dict")
    return dict(meta or {})


def headers_of(request: Request, envelope: Envelope, accept: str) -> Headers:
    """The headers of an upload.

    Args:
        request: the call, with the caller's headers.
        envelope: what surrounds the file.
        accept: the content type of the answer.

    Raises:
        ConfigurationError: the caller gave a content type, which can't name the boundary between the parts.
    """
    if "Content-Type" in request.headers:
        raise ConfigurationError(
            "headers['Content-Type']", "the client names the boundary between an upload's parts in it", "Leave it out"
        )
    return Headers({"Accept": accept, "Content-Type": envelope.content_type}).merge(request.headers)


def _no_file(content: object) -> ConfigurationError:
    remedy = "Give a Path, bytes, chunks of bytes as an asynchronous iterable, or an Attachment"
    if hasattr(content, "read"):
        remedy = "Give what is in it, file.read(), and its name in meta={'filename': 'licence.jpg'}"
    return ConfigurationError("file", f"{type_of(content)} was found", remedy)


async def _open(path: Path) -> tuple[IO[bytes], int]:
    def open_it() -> tuple[IO[bytes], int]:
        if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe waits for who writes into it
            raise ConfigurationError(
                "file", f"{str(path)!r} is a device or a pipe", "Give the path of a file, or what comes as bytes"
            )
        opened = path.open("rb")
        return opened, opened.seek(0, 2)

    with reading(path):
        return await opened_in_thread(open_it, lambda found: found[0].close())


async def _spool(chunks: AsyncIterable[bytes]) -> tuple[IO[bytes], int]:
    try:
        spooled = await opened_in_thread(_temporary_file, lambda opened: opened.close())
    except OSError as error:
        raise _no_room(error) from None
    try:
        async for chunk in chunks:
            try:
                await in_thread(spooled.write, chunk)
            except OSError as error:
                raise _no_room(error) from None
        return spooled, await in_thread(_length_of, spooled)
    except BaseException:
        with suppress(OSError):  # a full disk has no room for the rest of the buffer either
            spooled.close()
        raise


def _temporary_file() -> IO[bytes]:
    return TemporaryFile()


def _length_of(spooled: IO[bytes]) -> int:
    try:
        spooled.flush()
    except OSError as error:
        raise _no_room(error) from None
    return spooled.tell()


def _no_room(error: OSError) -> ConfigurationError:
    return ConfigurationError(
        "file",
        f"its chunks can't be kept in a temporary file ({error.strerror or error})",
        "Their digest is sent before them: let TMPDIR name a folder with room, or give a Path or bytes",
    )
