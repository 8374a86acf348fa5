"""The content of a downloaded file, unpacked as it arrives and checked against its digest."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Iterator

from ..crypto import digest
from ..crypto.hashing import hasher
from ..errors import ConfigurationError, DecodeError, SignatureError
from ..http.reading import MOST_TIMES, is_bomb

_GZIP = b"\x1f\x8b"
_WINDOW = 31  # a gzip header is expected
# Bytes that are unpacked at once, at most.
_PIECE = 256 * 1024


async def unpacked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content, unpacked where it is gzip, in pieces of bounded size.

    Raises:
        DecodeError: the packed content is damaged or cut off.
    """
    unpack: _Gunzip | None = None
    begun = b""
    sniffed = False
    async for chunk in chunks:
        if not sniffed:
            begun += chunk
            if len(begun) < len(_GZIP):
                continue
            sniffed, chunk = True, begun
            unpack = _Gunzip() if begun.startswith(_GZIP) else None
        if unpack is None:
            yield chunk
        else:
            for piece in unpack.feed(chunk):
                yield piece
                # One chunk may unpack to so many pieces that other tasks would starve.
                await asyncio.sleep(0)
    if not sniffed and begun:
        yield begun
    if unpack is not None:
        unpack.finish()


def check_digest(algorithm: str, expected: str) -> None:
    """Refuse what can't be the digest of any content, before that is asked for.

    Args:
        algorithm: of the digest.
        expected: the digest that the content is to have.

    Raises:
        ConfigurationError: an unknown algorithm, or a text that is no digest of it.
    """
    digits = len(hasher(algorithm).hexdigest())
    if not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", expected):
        raise ConfigurationError(
            "hash_value",
            f"what was found is no {algorithm.upper()}",
            f"Give that of the unpacked content, in {digits} hexadecimal digits",
        )


async def checked(chunks: AsyncIterator[bytes], algorithm: str, expected: str) -> AsyncIterator[bytes]:
    """The content, unchanged. At its end its digest is compared with the expected one.

    Raises:
        SignatureError: the digest is another.
    """
    content = hasher(algorithm)
    async for chunk in chunks:
        content.update(chunk)
        yield chunk
    if not digest.equal(content.hexdigest(), expected.lower()):
        raise SignatureError(
            f"the downloaded file has another {algorithm} than was announced: it was cut off or changed on its way"
        )


class _Gunzip:
    """Unpacks gzip, also of several members, piece by piece."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_WINDOW)
        self._came = self._unpacked = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Unpack another chunk."""
        self._came += len(chunk)
        while chunk:
            if self._member.eof:
                self._member = zlib.decompressobj(_WINDOW)
            try:
                piece = self._member.decompress(chunk, _PIECE)
            except zlib.error:
                raise DecodeError("the downloaded file is damaged: it can't be unpacked") from None
            self._unpacked += len(piece)
            if is_bomb(self._came, self._unpacked):
                raise DecodeError(f"the downloaded file grows more than {MOST_TIMES} times: no bill does")
            if piece:
                yield piece
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def finish(self) -> None:
        """End the content, and check that it is complete."""
        if not self._member.eof:
            raise DecodeError("the downloaded file is cut off: its packed content doesn't end")
