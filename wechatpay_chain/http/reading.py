"""Reading whole answers into memory, with a bound on their size."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from contextlib import aclosing
from typing import Any

from ..errors import ConnectionFailed, TransportError
from .response import Response

LARGEST = 64 * 1024 * 1024
"""Bytes: more than any answer of the platform has, except files."""

MOST_UNPACKED = 1024**3
MOST_TIMES = 100
"""A packed bill has a tenth of its size. What grows more than a hundred times, beyond a gigabyte, is an attack."""

_GZIP_OR_ZLIB = frozenset({"gzip", "x-gzip", "deflate"})


async def read_whole(pieces: AsyncIterable[bytes], most: int = LARGEST) -> bytes:
    """All pieces in one.

    Args:
        pieces: what comes.
        most: bytes.

    Raises:
        ConnectionFailed: more come.
    """
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > most:
            raise _too_large(most)
    return bytes(content)


def unpacked(content: bytes, encoding: str, most: int = LARGEST) -> bytes:
    """The content of an answer that came compressed although that wasn't asked for, as some gateways do.

    Args:
        content: what came.
        encoding: `Content-Encoding` of the answer; empty or `identity` for plain content.
        most: bytes that it may unpack to.

    Raises:
        ConnectionFailed: it is damaged, of an unknown encoding, or unpacks to more.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return content
    if encoding not in _GZIP_OR_ZLIB:
        raise _unreadable(f"the answer came compressed as {encoding!r}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by its first bytes
    try:
        plain = unpacker.decompress(content, most + 1)
    except zlib.error as error:
        raise _unreadable(f"the answer is not the {encoding} that it claims to be ({error})") from None
    if len(plain) > most:
        raise _too_large(most)
    if not unpacker.eof:
        raise _unreadable(f"the answer's {encoding} was cut off")
    return plain


def is_bomb(came: int, unpacked: int) -> bool:
    """Whether a file is a decompression bomb, made to fill the disk or the memory.

    Args:
        came: packed bytes so far.
        unpacked: bytes that these were unpacked to.
    """
    return unpacked > max(MOST_UNPACKED, MOST_TIMES * came)


def _too_large(most: int) -> ConnectionFailed:
    return _unreadable(f"the answer is larger than {most} bytes, as only files are: use download()")


def _unreadable(message: str) -> ConnectionFailed:
    error = ConnectionFailed(message)
    error.outcome, error.attempts = "unknown", 1
    return error


async def without_stream(response: Response[Any]) -> Response[Any]:
    """The answer with its content in place of its stream, which is read and closed, whatever happens.

    Raises:
        TransportError: the content broke off, or is larger than `LARGEST`.
    """
    if response.stream is None:
        return response
    try:
        async with aclosing(response.stream):
            return response.changed(content=await read_whole(response.stream), stream=None)
    except TransportError as error:
        error.request_id, error.attempts = response.request_id, response.attempts
        raise
