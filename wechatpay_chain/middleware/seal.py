"""Seal: encrypts the secrets of a request, and decrypts those of its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import Any

from ..catalogue.lookup import of_path
from ..credentials.platform_keys import PlatformKey, PlatformKeys
from ..credentials.sm_threads import Run
from ..crypto import serials, shapes
from ..crypto.asymmetric import PrivateKey
from ..errors import ConfigurationError
from ..http.characters import check_text
from ..http.headers import NO_HEADERS, Headers
from ..http.operation import Operation
from ..http.payload import LOCATIONS, as_of_now
from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler
from ..policies import exposure
from ..wire.field_cipher import encrypt
from ..wire.schemes import Scheme
from ..wire.sealing import FieldTree, field_tree, seal
from ..wire.unsealing import unsealed
from ..wire.v3.signature import SERIAL_HEADER

# XML belongs to APIv2, whose secrets `SealV2` encrypts.
_SEALED = {name: location for name, location in LOCATIONS.items() if name != "xml"}


class Seal:
    """Encrypts the catalogue's secret fields and every `Secret`, and names the key in `Wechatpay-Serial`.

    Args:
        platform_keys: returns the current platform keys; called once for each request.
        private_key: decrypts the encrypted fields of answers; None leaves them encrypted.
        scheme: of the calls that pass here.
        renews: whether unknown platform certificates may be downloaded when an answer names them.
        run: runs slow encryption and decryption in another thread; None runs them here.
    """

    def __init__(
        self,
        platform_keys: Callable[[], PlatformKeys],
        private_key: PrivateKey | None,
        *,
        scheme: Scheme = "v3",
        renews: bool = False,
        run: Run | None = None,
    ) -> None:
        self.scheme = scheme
        self._run = run
        self._renews = renews
        self._platform_keys = platform_keys
        self._private_key = private_key

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Encrypt the request's secrets, call on, decrypt the answer's."""
        operation = request.operation or of_path(request)
        exposure.check(request, operation)
        if self._run is not None:
            return self._in_threads(as_of_now(request), call_next, operation, self._run)
        sealed = self._seal(request, operation)
        if operation is None or not operation.answer_secret_fields:
            return call_next(sealed)
        return self._with_answer(sealed, call_next, operation)

    async def _with_answer(self, sealed: Request, call_next: Handler, operation: Operation) -> Response[Any]:
        return unsealed(await call_next(sealed), operation, self._private_key)

    async def _in_threads(
        self, request: Request, call_next: Handler, operation: Operation | None, run: Run
    ) -> Response[Any]:
        answer = await call_next(await run(self._seal, request, operation))
        if operation is None or not operation.answer_secret_fields:
            return answer
        return await run(unsealed, answer, operation, self._private_key)

    def _seal(self, request: Request, operation: Operation | None) -> Request:
        keys, headers = self._platform_keys(), request.headers
        named = None if headers is NO_HEADERS else headers.get(SERIAL_HEADER)
        key = keys.preferred if named is None else self._named_key(keys, named)
        encrypt = partial(_encrypt, key, named)
        marked = _marked(operation.secret_fields if operation else ())
        sealed: dict[str, Any] = {}
        given = vars(request)
        for name, location in _SEALED.items():
            if given[name] is not None:
                sealed[name] = seal(given[name], marked.get(location), encrypt, name)
        if key is not None:  # its serial in the platform's spelling, not the caller's
            sealed["headers"] = (
                _naming(key.serial) if headers is NO_HEADERS else headers.plus(SERIAL_HEADER, key.serial)
            )
        return request.changed(**sealed)

    def _named_key(self, keys: PlatformKeys, named: str) -> PlatformKey | None:
        """The key that the caller named; None if it may be a certificate that isn't downloaded yet."""
        key = keys.find(named)
        if key is None and not (self._renews and serials.is_certificate_serial(named)):
            raise ConfigurationError(
                f"headers[{SERIAL_HEADER!r}]",
                f"{shapes.what_is(named)} was found, which is not in certs, so no answer could be verified",
                "Leave the header out: the client names the key that it uses. Another key is added to certs first",
            )
        if key is not None and key.algorithm != keys.algorithm:
            raise ConfigurationError(
                f"headers[{SERIAL_HEADER!r}]",
                f"it names a key of {key.algorithm}, and the request is signed with {keys.algorithm}",
                "Leave the header out: the client names the key that it uses",
            )
        return key


# Cached: most calls have no headers of their own, and name the same few keys (`python -m benchmarks.pipeline`).
@lru_cache(maxsize=64)
def _naming(serial: str) -> Headers:
    return NO_HEADERS.plus(SERIAL_HEADER, serial)


@lru_cache(maxsize=512)
def _marked(secret_fields: tuple[str, ...]) -> FieldTree:
    """The secret fields of an operation by location, `json`, `query` or `meta`."""
    return field_tree(secret_fields)


def _encrypt(key: PlatformKey | None, named: str | None, plaintext: str, pointer: str) -> str:
    if key is None:
        raise ConfigurationError(
            f"headers[{SERIAL_HEADER!r}]" if named else "certs",
            f"the key {named!r} to encrypt {pointer} with is not in certs" if named else f"no key to encrypt {pointer}",
            "Add it to certs, or leave the header out: the client names the key that it uses",
        )
    check_text(plaintext, pointer)
    sealed = encrypt(key.public_key, plaintext, pointer)
    if named is None and sealed == plaintext:
        raise ConfigurationError(
            pointer,
            "it already is ciphertext, but not said by which key",
            f"Give the plaintext, or name the key: headers={{{SERIAL_HEADER!r}: 'PUB_KEY_ID_...'}}",
        )
    return sealed
