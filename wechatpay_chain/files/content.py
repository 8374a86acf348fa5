"""A file on its way in: where its link may be asked for, what it must be, and its content, unpacked as it comes.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ..crypto import digest
from ..crypto.hashing import hasher
from ..errors import ConfigurationError, DecodeError, SignatureError, type_of
from ..http.headers import NO_HEADERS
from ..http.path import check_path, check_query
from ..http.reading import MOST_TIMES, is_bomb
from ..http.request import Request
from ..http.response import Response
from ..wire.hosts import is_api_origin, split_url
from ..wire.schemes import scheme_of
from ..wire.v3.signature import STATEMENT_HEADER

Link = str | Mapping[str, Any] | Response[Any] | Request
"""A link, an answer or a member of one that holds a `download_url`, or a request whose answer is the file itself."""

_FOREIGN = "/{file}"
_GZIP = b"\x1f\x8b"
_WINDOW = 31  # a gzip header is expected
# However well it is packed, so much at once comes out of it.
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be downloaded.

    Attributes:
        request: asks for it.
        signed: whether the request goes through the pipeline; one to a foreign host is sent as it is.
        hash_type: algorithm of `hash_value`.
        hash_value: digest of the unpacked content; empty where none is known.
        renewal: the request that gives a fresh link; None where there is none.
    """

    request: Request
    signed: bool
    hash_type: str = "SHA1"
    hash_value: str = ""
    renewal: Request | None = field(default=None, repr=False)

    @property
    def is_apiv2(self) -> bool:
        """Whether it is a call of APIv2, where XML in place of the file is a refusal; no path of a foreign host is."""
        return self.signed and scheme_of(self.request.template) == "v2"


def wanted(link: Link, base_url: str, default_base_url: str, backups: Sequence[str] = ()) -> Wanted:
    """What a link stands for.

    Only the client's own host and the platform's API hosts get a signed request. With another base URL than the
    default, a reverse proxy or a test server, links to the platform's API hosts go there too.

    Args:
        link: as `Link` says.
        base_url: where the client's calls go.
        default_base_url: where they go by default.
        backups: where they go while that is down; links to these are the client's own too.

    Raises:
        ConfigurationError: there is no link, or it isn't one.
    """
    if isinstance(link, Request):
        return Wanted(request=link.changed(streamed=True), signed=True)
    if isinstance(link, str):
        return _by_url(link, base_url, default_base_url, backups)
    members: object = link
    renewal: Request | None = None
    if isinstance(link, Response):
        members = link.json()
        renewal = _renewal(link.request)
    if not isinstance(members, Mapping):
        raise ConfigurationError("link", f"{type_of(members)} was found", "Give an answer with a download_url")
    found = cast("Mapping[str, Any]", members)
    url = found.get("download_url")
    if not isinstance(url, str):
        raise ConfigurationError(
            "link", "there is no download_url in it", "Give the answer of the call that applied for the file"
        )
    by_url = _by_url(url, base_url, default_base_url, backups)
    return Wanted(
        request=by_url.request,
        signed=by_url.signed,
        # A database that the link was kept in gives None for what wasn't there.
        hash_type=str(found.get("hash_type") or "SHA1"),
        hash_value=str(found.get("hash_value") or ""),
        renewal=renewal,
    )


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
                # So many may come out of one chunk that nothing else would have its turn.
                await asyncio.sleep(0)
    if not sniffed and begun:
        yield begun
    if unpack is not None:
        unpack.finish()


async def checked(chunks: AsyncIterator[bytes], algorithm: str, expected: str) -> AsyncIterator[bytes]:
    """The content, handed on while its digest is made, which is compared at the end.

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


def announced(target: Wanted, response: Response[Any]) -> tuple[str, str]:
    """Algorithm and digest that the content must have; an empty digest where nothing says."""
    if target.hash_value:
        return target.hash_type, target.hash_value
    return "SHA1", response.headers.get(STATEMENT_HEADER, "")


class _Gunzip:
    """Unpacks gzip, of several members too, without ever holding more than a piece of the outcome."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_WINDOW)
        self._came = self._unpacked = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Unpack some more."""
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
        """Say that nothing more comes."""
        if not self._member.eof:
            raise DecodeError("the downloaded file is cut off: its packed content doesn't end")


def _by_url(url: str, base_url: str, default_base_url: str, backups: Sequence[str]) -> Wanted:
    parts = split_url(url)
    if parts is None:
        raise ConfigurationError("link", "it is no http(s) URL", "Give download_url as the platform sent it")
    check_path(parts.path)
    check_query(parts.query)
    origin = f"{parts.scheme}://{parts.netloc}"
    # Exactly as given: the token in the query is signed and sent without being written anew.
    request = Request(method="GET", template=parts.path, query=parts.query, streamed=True)
    home = any(own == origin or own.startswith(f"{origin}/") for own in (base_url, *backups))
    signed = home or is_api_origin(origin)
    if signed and scheme_of(request.template) == "v2":
        raise ConfigurationError("link", "its path is one of APIv2, which gives no links", "Give a Request instead")
    if home or (signed and base_url != default_base_url):
        return Wanted(request=request, signed=True)
    if not signed:
        # Its path may hold a token, and a template is logged.
        request = request.changed(template=_FOREIGN, path=parts.path)
    return Wanted(request=request.changed(origin=origin), signed=signed)


def _renewal(request: Request | None) -> Request | None:
    """The request of an answer, ready to be sent anew: what the pipeline put on it is taken off."""
    if request is None or request.method != "GET":
        return None
    return Request(
        method=request.method,
        template=request.template,
        path=request.path,
        query=request.query,
        headers=NO_HEADERS,
        timeout=request.timeout,
    )
