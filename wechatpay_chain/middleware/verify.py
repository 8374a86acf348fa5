"""Verify: an answer that is not signed by the platform is not handed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .. import catalogue
from ..errors import SignatureError
from ..message import Request, Response, about
from ..pipeline import Handler
from ..trust import PlatformKeys
from ..wire import v3


class Verify:
    """Checks the signature of every answer.

    A 2xx must be signed, an empty one too, unless the catalogue says that the operation's answers carry no signature.
    The platform doesn't sign every refusal, so a refusal is handed on with `verified` saying whether it was.

    Args:
        platform_keys: gives the platform's keys of the moment.
        clock: gives Unix time in seconds.
    """

    def __init__(self, platform_keys: Callable[[], PlatformKeys], clock: Callable[[], float]) -> None:
        self._platform_keys = platform_keys
        self._clock = clock

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, then check the answer's signature."""
        response = await call_next(request)
        operation = catalogue.find(request.method, request.template)
        signature = operation.answer_signature if operation else "body"
        if not 200 <= response.status < 300:
            return replace(response, verified=self._holds(response))
        if signature == "none":
            return response
        try:
            body = response.content
            if signature == "sha1-header":
                body = v3.statement_body(response.headers, body)
            self._verify(response, body)
        except SignatureError as error:
            raise about(response, error) from None
        return replace(response, verified=True)

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
        key = self._platform_keys().find(serial)
        return key.public_key if key else None
