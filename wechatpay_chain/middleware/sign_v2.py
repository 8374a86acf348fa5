"""SignV2: the parameter of a few APIv2 calls that is signed with the merchant's private key."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

from ..credentials.signer import Signer, algorithm_of, signature_by
from ..errors import ConfigurationError
from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler
from ..wire.v2 import certificate_message
from ..wire.v2.parameters import texts


class SignV2:
    """Makes `cert_sign` if the operation has one and the caller gives none. `EncodeV2` makes `sign`.

    Args:
        serial: serial number of the merchant certificate.
        signer: signs with its key.
        clock: returns Unix time in seconds.
    """

    scheme = "v2"

    def __init__(self, serial: str, signer: Signer, clock: Callable[[], float]) -> None:
        self._serial = serial
        self._signer = signer
        self._clock = clock

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
            signature = base64.b64encode(await signature_by(self._signer, message)).decode("ascii")
            request = request.changed(xml={**fields, name: signature})
        return await call_next(request)
