"""SealV2: encrypts the secrets of an APIv2 call with the key for bank cards."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..credentials.bank_key import BankKey
from ..crypto.asymmetric import PrivateKey
from ..errors import ConfigurationError
from ..http.operation import Operation
from ..http.payload import as_of_now
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..pipeline import Handler
from ..policies import exposure
from ..wire.field_cipher import encrypt
from ..wire.sealing import FieldTree, Mark, field_tree, seal
from ..wire.unsealing import unsealed
from ..wire.v2.request import argument_of


class SealV2:
    """Encrypts the catalogue's secret fields. A `Secret` elsewhere is refused: APIv2 has no key for it.

    Args:
        bank_key: the key for bank cards; its download counts against the call's time.
        timeouts: of a call without its own.
        private_key: decrypts the encrypted fields of answers; None leaves them encrypted.
        monotonic: a clock that never goes back, in seconds.
    """

    scheme = "v2"

    def __init__(
        self,
        bank_key: BankKey,
        timeouts: Timeout,
        private_key: PrivateKey | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._private_key = private_key
        self._bank_key = bank_key
        self._timeouts = timeouts
        self._monotonic = monotonic

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Encrypt the request's secrets, call on, decrypt the answer's."""
        operation = request.operation
        exposure.check(request, operation)
        request = as_of_now(request)
        key: RSAPublicKey | None = None
        if operation is not None and operation.secret_key == "bankpay":  # noqa: S105 - a kind of key
            timeouts, started = chosen(request.timeout, self._timeouts), self._monotonic()
            key = await self._bank_key.get(call_next, timeouts)
            left = timeouts.total - (self._monotonic() - started)
            request = request.changed(timeout=timeouts.within(max(left, 0.001)))
        argument = argument_of(request)
        payload: Mapping[str, Any] | None = getattr(request, argument)
        if payload is not None:
            sealed = seal(payload, _marked(operation), partial(_encrypt, key=key), argument)
            request = request.changed(**{argument: sealed})
        return unsealed(await call_next(request), operation, self._private_key)


def _marked(operation: Operation | None) -> FieldTree | Mark | None:
    return field_tree(operation.secret_fields).get("xml") if operation else None


def _encrypt(plaintext: str, pointer: str, *, key: RSAPublicKey | None) -> str:
    if key is None:
        raise ConfigurationError(pointer, "a Secret, but the operation has no key for it", "Give the plain text")
    return encrypt(key, plaintext, pointer)
