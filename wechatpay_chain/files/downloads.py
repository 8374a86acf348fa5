"""Downloading bills, receipts, invoices and images of any size; a file appears only after it was checked.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from .._threads import in_thread
from ..errors import APIError, DecodeError, TransportError, TrustError
from ..http.attachment import Progress
from ..http.response import Response, about
from ..pipeline import Handler, foreign_error
from ..wire import v2
from ..wire.refusal import api_error, is_refusal
from .content import check_digest, checked, unpacked
from .disk import check_target, open_new, part_of, path_of, tidied, writing
from .links import Link, Wanted, announced, wanted

_OK = 200
# Bytes that are read of a refusal. A longer one is cut off, and then is no XML.
_LONGEST_REFUSAL = 64 * 1024


class Files:
    """Downloads over a client's pipeline.

    Args:
        send: signs and sends a request, and raises refusals.
        fetch: sends a request to a foreign host, unsigned.
        base_url: where the client's calls go.
        default_base_url: where they go by default.
        backups: where they go while `base_url` is down.
    """

    def __init__(
        self, send: Handler, fetch: Handler, base_url: str, default_base_url: str, backups: Sequence[str] = ()
    ) -> None:
        self._send = send
        self._fetch = fetch
        self._base_url = base_url
        self._default_base_url = default_base_url
        self._backups = backups

    async def stream(
        self,
        link: Link,
        *,
        hash_type: str = "",
        hash_value: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - of the connection, not of the whole
        progress: Progress | None = None,
        unpack: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        """The content, piece by piece; see `WeChatPay.stream`.

        Args:
            link: what to download.
            hash_type: algorithm of `hash_value`, where the link itself doesn't say.
            hash_value: digest of the unpacked content.
            timeout: seconds without any progress.
            progress: called with the bytes received so far.
            unpack: whether to unpack gzip, and to check the digest, which is that of the unpacked content.
        """

        def asked_for(link: Link) -> Wanted:
            target = wanted(link, self._base_url, self._default_base_url, self._backups)
            if hash_value:
                target = replace(target, hash_type=hash_type or target.hash_type, hash_value=hash_value)
            if target.hash_value and unpack:
                check_digest(target.hash_type, target.hash_value)
            return target if timeout is None else replace(target, request=target.request.changed(timeout=timeout))

        target, response = await self._open(asked_for(link), asked_for)
        try:
            if response.status != _OK:
                raise DecodeError(f"it was answered with the status {response.status}: that is no whole file")
            async with aclosing(_received(response, progress)) as received:
                content = await _after_refusal(received, response, target) if target.is_apiv2 else received
                async for piece in _content(content, target, response) if unpack else content:
                    yield piece
        except TrustError as error:
            raise about(response.changed(request=target.request), error) from None
        except TransportError as error:
            error.request = target.request.line
            raise
        finally:
            if response.stream is not None:
                await response.stream.aclose()

    async def download(self, link: Link, to: str | Path, **options: Any) -> Path:
        """Write the content to a file, which appears whole and checked or not at all; see `WeChatPay.download`."""
        to = path_of(to, "to", "Give the path of the file to be written; stream() gives the content itself")
        await check_target(to)
        part = part_of(to)
        with writing(to):
            file = await open_new(part)
            try:
                async with aclosing(self.stream(link, **options)) as pieces:
                    async for piece in pieces:
                        await in_thread(file.write, piece)
                await in_thread(file.close)
                await in_thread(part.replace, to)
            finally:
                await tidied(_tidy, file, part)
        return to

    async def _open(self, target: Wanted, asked_for: Callable[[Response[Any]], Wanted]) -> tuple[Wanted, Response[Any]]:
        """The answer with its content unread. An expired link is replaced by a fresh one, once."""
        try:
            return target, await self._ask(target)
        except APIError as error:
            if target.renewal is None or error.outcome != "rejected":
                raise
        fresh = asked_for(await self._send(target.renewal))
        return fresh, await self._ask(fresh)

    async def _ask(self, target: Wanted) -> Response[Any]:
        if target.signed:
            return await self._send(target.request)
        response = await self._fetch(target.request)
        if is_refusal(response):
            raise api_error(response.changed(request=target.request))
        return response


async def _received(response: Response[Any], progress: Progress | None) -> AsyncGenerator[bytes, None]:
    chunks = _whole(response.content) if response.stream is None else aiter(response.stream)
    length = response.headers.get("Content-Length", "")
    # Content-Length counts packed bytes, and aiohttp yields unpacked ones.
    known = length.isdecimal() and "Content-Encoding" not in response.headers
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if progress is not None:
            try:
                progress(received, int(length) if known else None)
            except Exception as error:
                raise foreign_error(error, "the progress function", outcome="unknown") from error
        yield chunk


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


def _content(chunks: AsyncIterator[bytes], target: Wanted, response: Response[Any]) -> AsyncIterator[bytes]:
    algorithm, expected = announced(target, response)
    plain = unpacked(chunks)
    return checked(plain, algorithm, expected) if expected else plain


async def _after_refusal(chunks: AsyncIterator[bytes], response: Response[Any], target: Wanted) -> AsyncIterator[bytes]:
    """The chunks of an APIv2 bill; XML in its place is a refusal."""
    first = b""
    async for chunk in chunks:
        first += chunk
        if first.strip(v2.BLANKS) or len(first) > _LONGEST_REFUSAL:
            break
    if v2.is_xml(first):
        content = first
        async for chunk in chunks:
            if len(content) > _LONGEST_REFUSAL:
                break
            content += chunk
        raise api_error(response.changed(content=content, fields=v2.parse(content), request=target.request))
    return _chained(first, chunks)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _tidy(file: BinaryIO, part: Path) -> None:
    with suppress(OSError):  # a full disk has no room for the rest of the buffer either
        file.close()
    part.unlink(missing_ok=True)
