"""The content of an answer as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp

from ..errors import ConnectionFailed, TransportError
from ..http.reading import MOST_TIMES, is_bomb

# Bytes that are yielded at once, at most.
_PIECE = 256 * 1024


class Stream:
    """Holds the connection until the content ends, or until it is closed.

    Args:
        answer: whose content it is.
        failure: converts an exception of reading into one of our errors.
    """

    def __init__(self, answer: aiohttp.ClientResponse, failure: Callable[[Exception], TransportError]) -> None:
        self._chunks = answer.content.iter_chunked(_PIECE)
        self._answer = answer
        self._failure = failure
        self._given = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._chunks)
        except StopAsyncIteration:
            await self.aclose()
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = self._failure(error)
        else:
            self._given += len(piece)
            # aiohttp unpacks what has a Content-Encoding.
            if not is_bomb(self._answer.content.total_raw_bytes, self._given):
                return piece
            failure = _bomb()
        await self.aclose()
        raise failure

    async def aclose(self) -> None:
        """Release the connection, also before the end of the content."""
        self._answer.release()
        await self._answer.wait_for_close()


def _bomb() -> ConnectionFailed:
    error = ConnectionFailed(f"the file grows more than {MOST_TIMES} times as it is unpacked: none does")
    error.outcome, error.attempts = "unknown", 1
    return error
