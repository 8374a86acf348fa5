"""Reading an answer whole, which is held in memory, and so may only have so many bytes."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from .errors import ConnectionFailed, TransportError
from .message import Response

LARGEST = 64 * 1024 * 1024
"""Bytes: larger than any answer of the platform that is no file."""


def too_large(most: int) -> ConnectionFailed:
    """What is raised for an answer of more than `most` bytes."""
    error = ConnectionFailed(f"the answer is larger than {most} bytes, as only files are: use download()")
    error.outcome, error.attempts = "unknown", 1
    return error


async def without_stream(response: Response[Any]) -> Response[Any]:
    """The answer with its content in place of its stream, which is read and closed, whatever happens.

    Raises:
        TransportError: the content broke off, or is larger than `LARGEST`.
    """
    if response.stream is None:
        return response
    content = bytearray()
    try:
        async with aclosing(response.stream) as stream:
            async for piece in stream:
                content += piece
                if len(content) > LARGEST:
                    raise too_large(LARGEST)
    except TransportError as error:
        error.request_id, error.attempts = response.request_id, response.attempts
        raise
    return response.changed(content=bytes(content), stream=None)
