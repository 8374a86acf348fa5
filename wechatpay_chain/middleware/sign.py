"""Sign: a fresh timestamp and nonce for every attempt, and the Authorization header over the very bytes to be sent."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from ..credentials.signer import Signer, signature_by
from ..credentials.signing import signing_of_loop
from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler
from ..wire import v3


class Sign:
    """Signs requests for a merchant.

    Args:
        mchid: merchant number.
        serial: serial of the merchant API certificate.
        signer: makes the signature.
        clock: gives Unix time in seconds.
        nonce: gives a random string.
    """

    def __init__(
        self,
        mchid: str,
        serial: str,
        signer: Signer,
        clock: Callable[[], float],
        nonce: Callable[[], str] = v3.make_nonce,
    ) -> None:
        self._mchid = mchid
        self._serial = serial
        self._signer = signer
        self._clock = clock
        self._nonce = nonce

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Sign the request, then call on. APIv2 has its own signature, inside of the body."""
        if request.is_apiv2:
            return await call_next(request)
        timestamp, nonce = str(int(self._clock())), self._nonce()
        message = v3.request_message(request.method, request.target, timestamp, nonce, request.signed_bytes)
        with signing_of_loop():
            signature = await signature_by(self._signer, message)
            return await call_next(self._authorized(request, timestamp, nonce, signature))

    def _authorized(self, request: Request, timestamp: str, nonce: str, signature: bytes) -> Request:
        encoded = base64.b64encode(signature).decode("ascii")
        authorization = str(v3.Authorization(self._mchid, self._serial, nonce, timestamp, encoded))
        return request.changed(headers=request.headers.plus("Authorization", authorization))
