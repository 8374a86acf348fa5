"""EncodeV2: completes, signs and writes the parameters of an APIv2 call, exactly once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..files.uploads import Source, headers_of, members_of_meta
from ..http.attachment import File
from ..http.characters import check_text
from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler
from ..wire import multipart, v3
from ..wire.v2.request import Identity, addressed, check, encode, encode_form


class EncodeV2:
    """Writes `xml` (`params` of a GET, `meta` of an upload) with its `sign`, as APIv2 takes it.

    Args:
        identity: who calls, and with what he signs.
        nonce: returns at most 32 random characters.
    """

    scheme = "v2"

    def __init__(self, identity: Identity, nonce: Callable[[], str] = v3.make_nonce) -> None:
        self._identity = identity
        self._nonce = nonce

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Encode the request, then call on."""
        check(request)
        if request.file is None:
            return call_next(encode(request, self._identity, self._nonce()))
        return self._with_file(request, request.file, call_next)

    async def _with_file(self, request: Request, file: File, call_next: Handler) -> Response[Any]:
        async with Source.open(file) as source:
            return await call_next(await self._upload(request, source))

    async def _upload(self, request: Request, source: Source) -> Request:
        operation = request.operation
        source.check((operation and operation.file_limits) or ())
        given = members_of_meta(request)
        check_text(source.name, "file")
        digest_field = (operation and operation.digest_field) or "media_hash"
        if digest_field not in given:
            given[digest_field] = await source.digest((operation and operation.digest) or "md5")
        form = encode_form(request, self._identity, self._nonce(), given, source.name, multipart.make_boundary())
        headers = headers_of(request, form, "*/*")
        return addressed(request, self._identity, headers=headers, **await source.enclose(form))
