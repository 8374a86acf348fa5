"""Sign: signs each attempt, with a fresh timestamp and nonce, over the very bytes that are sent."""

from __future__ import annotations

import time
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

from ..credentials.signer import KeySigner, Signer, signature_by
from ..credentials.signing import signing_of_loop
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..pipeline import Handler
from ..wire import v3
from ..wire.schemes import Scheme


class Sign:
    """Signs requests in the `Authorization` header.

    Args:
        authorize: writes the header; takes nonce, timestamp and Base64 of the signature.
        signer: makes the signature.
        clock: returns Unix time in seconds.
        nonce: returns a random string.
        scheme: of the calls that pass here.
        timeouts: of a call that brings none. The time that a signer elsewhere takes counts against it.
        monotonic: returns seconds of a clock that never goes back.
    """

    def __init__(
        self,
        authorize: Callable[[str, str, str], object],
        signer: Signer,
        clock: Callable[[], float],
        nonce: Callable[[], str] = v3.make_nonce,
        *,
        scheme: Scheme = "v3",
        timeouts: Timeout = Timeout(),  # noqa: B008 - it is immutable
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scheme = scheme
        self._is_here = isinstance(signer, KeySigner)
        self._timeouts = timeouts
        self._monotonic = monotonic
        self._authorize = authorize
        self._signer = signer
        self._clock = clock
        self._nonce = nonce

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Sign the request, then call on."""
        timestamp, nonce = str(int(self._clock())), self._nonce()
        message = v3.request_message(request.method, request.target, timestamp, nonce, request.signed_bytes)
        with signing_of_loop():
            if self._is_here:
                signature = await signature_by(self._signer, message)
            else:
                request, signature = await self._signed_elsewhere(request, message)
            return await call_next(self._authorized(request, timestamp, nonce, signature))

    async def _signed_elsewhere(self, request: Request, message: bytes) -> tuple[Request, bytes]:
        """The signature, and the request with the time that is left of its own."""
        timeouts, started = chosen(request.timeout, self._timeouts), self._monotonic()
        signature = await signature_by(self._signer, message, timeouts.total)
        left = timeouts.total - (self._monotonic() - started)
        return request.changed(timeout=timeouts.within(max(left, 0.001))), signature

    def _authorized(self, request: Request, timestamp: str, nonce: str, signature: bytes) -> Request:
        # Not in `__call__`, whose frame stands in tracebacks with its local variables.
        authorization = str(self._authorize(nonce, timestamp, b2a_base64(signature, newline=False).decode("ascii")))
        return request.changed(headers=request.headers.plus("Authorization", authorization))
