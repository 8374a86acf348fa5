"""Delivering to a server: a POST, whose redirects are not followed."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .apps import Answer
from .messages import Message

if TYPE_CHECKING:
    import aiohttp

# How many bytes of an answer are kept.
_KEPT = 4096


class Postman:
    """Posts notifications over connections that it keeps for a while; enter it with `async with`.

    aiohttp is imported when the first is posted: apps in the same process need no aiohttp.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, message: Message, patience: float) -> Answer:
        """Post a notification.

        Args:
            url: where to post.
            message: what to post.
            patience: real seconds that the merchant has to answer.

        Returns:
            The answer, or why there is none.
        """
        import aiohttp
        from yarl import URL

        if self._session is None:
            # Neither proxies nor cookies: only this machine is called.
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, connector=aiohttp.TCPConnector(limit=0)
            )
        begun = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                # A shop on this machine uses a self-signed certificate; the message is signed anyway.
                sent = self._session.post(
                    URL(url, encoded=True), data=message.body, headers=message.headers, allow_redirects=False, ssl=False
                )
                async with sent as response:
                    return Answer(
                        status=response.status,
                        content_type=response.headers.get("Content-Type", ""),
                        body=await response.content.read(_KEPT),
                        seconds=time.monotonic() - begun,
                    )
        except TimeoutError:
            error = f"no answer within {patience:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as raised:
            error = str(raised) or type(raised).__name__
        return Answer(error=error, seconds=time.monotonic() - begun)
