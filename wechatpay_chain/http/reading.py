"""Reading an answer whole, which is held in memory, and so may only have so many bytes."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import aclosing
from typing import Any

from ..errors import ConnectionFailed, TransportError
from .response import Response

LARGEST = 64 * 1024 * 1024
"""Bytes: larger than any answer of the platform that is no file."""


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
            error = ConnectionFailed(f"the answer is larger than {most} bytes, as only files are: use download()")
            error.outcome, error.attempts = "unknown", 1
            raise error
    return bytes(content)


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
