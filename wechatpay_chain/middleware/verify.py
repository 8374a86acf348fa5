"""Verify: an answer that is not signed by the platform is not handed on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .. import catalogue
from ..errors import SignatureError
from ..message import Request, Response, about
from ..path import without_needless_escapes
from ..pipeline import Handler
from ..trust import PlatformKeys, verifying_key
from ..wire import v3


class Verify:
    """Checks the signature of every answer.

    A 2xx must be signed, an empty one too, unless the catalogue says that the operation's answers carry no signature.
    The platform doesn't sign every refusal, so a refusal is handed on with `verified` saying whether it was.

    Args:
        platform_keys: gives the platform's keys of the moment.
        clock: gives Unix time in seconds.
        fetch: gets the key of an unknown serial, if that may be; None where nobody does.
    """

    def __init__(
        self,
        platform_keys: Callable[[], PlatformKeys],
        clock: Callable[[], float],
        fetch: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._platform_keys = platform_keys
        self._clock = clock
        self._fetch = fetch

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, then check the answer's signature. APIv2's is inside of the body, and `VerifyV2`'s affair."""
        response = await call_next(request)
        if request.is_apiv2:
            return response
        await self._fetch_unknown(response)
        operation = catalogue.find(request.method, request.template)
        by_path = catalogue.find(request.method, without_needless_escapes(request.path))
        # No exemption for a template that is not the one of the path that was sent.
        signature = operation.answer_signature if operation and operation == by_path else "body"
        if not 200 <= response.status < 300:
            return replace(response, verified=self._holds(response))
        if signature == "none":
            return replace(response, verified=False)
        if request.streamed and by_path is None and request.method == "GET":
            # Links change, and their files are not signed: what comes is believed for the answer that gave the link.
            return replace(response, verified=False)
        if response.stream is not None and signature == "body":
            response = replace(response, content=b"".join([chunk async for chunk in response.stream]), stream=None)
        try:
            body = response.content
            if signature == "sha1-header":
                # Of a stream the reader compares the digest, once everything was read.
                body = v3.statement_body(response.headers, body if response.stream is None else None)
            self._verify(response, body)
        except SignatureError as error:
            raise about(response, error) from None
        return replace(response, verified=response.stream is None)

    async def _fetch_unknown(self, response: Response[Any]) -> None:
        serial = response.headers.get(v3.SERIAL_HEADER)
        if self._fetch is not None and serial and self._platform_keys().find(serial) is None:
            await self._fetch(serial)

    def _verify(self, response: Response[Any], body: bytes) -> None:
        v3.verify(response.headers, body, self._find, self._clock())

    def _holds(self, response: Response[Any]) -> bool:
        if not v3.is_signed(response.headers):
            return False
        try:
            self._verify(response, response.content)
        except SignatureError:
            return False
        return True

    def _find(self, serial: str) -> RSAPublicKey | None:
        return verifying_key(self._platform_keys(), serial, self._clock())
