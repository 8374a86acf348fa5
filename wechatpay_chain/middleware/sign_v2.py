"""SignV2: the parameter of a few APIv2 calls that is signed with the merchant's private key."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

from ..credentials.signer import Signer, algorithm_of, signature_by
from ..errors import ConfigurationError
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..pipeline import Handler
from ..wire.v2 import certificate_message
from ..wire.v2.parameters import texts


class SignV2:
    """Makes `cert_sign` if the operation has one and the caller gives none. `EncodeV2` makes `sign`.

    Args:
        serial: serial number of the merchant certificate.
        signer: signs with its key.
        clock: returns Unix time in seconds.
        timeouts: of a call that brings none; a signer elsewhere may take no longer.
    """

    scheme = "v2"

    def __init__(
        self,
        serial: str,
        signer: Signer,
        clock: Callable[[], float],
        timeouts: Timeout = Timeout(),  # noqa: B008 - it is immutable
    ) -> None:
        self._serial = serial
        self._signer = signer
        self._clock = clock
        self._timeouts = timeouts

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Sign the request if its operation asks for that, then call on."""
        operation = request.operation
        if operation is None or operation.signed_field is None:
            return call_next(request)
        return self._certified(request, operation.signed_field, call_next)

    async def _certified(self, request: Request, name: str, call_next: Handler) -> Response[Any]:
        given = texts(request.xml or {}, (), "xml")
        if name not in given:
            if algorithm_of(self._signer) != "RSA":
                raise ConfigurationError(
                    "private_key", f"APIv2 has no {name} by a key of SM2", f"Give {name} made with the key of RSA"
                )
            fields = {"cert_serialno": self._serial, "timestamp": str(int(self._clock())), **given}
            message = certificate_message(fields["cert_serialno"], fields["timestamp"])
            seconds = chosen(request.timeout, self._timeouts).total
            signature = await signature_by(self._signer, message, seconds)
            request = request.changed(xml={**fields, name: base64.b64encode(signature).decode("ascii")})
        return await call_next(request)
