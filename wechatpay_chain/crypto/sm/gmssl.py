"""The engine of GmSSL, by the library `gmssl_pyx` of the extra `sm`. Its time of decryption depends on the key."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from .ciphertext import Ciphertext
from .failure import EngineError
from .keys import USER_ID, SM2PrivateKey, SM2PublicKey
from .plain import Plain

_LONGEST = 255  # bytes of a plaintext that GmSSL takes


class _Library(Protocol):
    GmsslInnerError: type[Exception]

    def sm2_sign(self, private_key: bytes, public_key: bytes, message: bytes, signer_id: bytes) -> bytes: ...

    def sm2_verify(self, public_key: bytes, message: bytes, signature: bytes, signer_id: bytes) -> bool: ...

    def sm2_encrypt(self, public_key: bytes, plaintext: bytes) -> bytes: ...

    def sm2_decrypt(self, private_key: bytes, ciphertext: bytes) -> bytes: ...


class Gmssl:
    """SM2 by GmSSL; what it doesn't take, longer plaintexts for instance, by plain Python.

    Raises:
        ImportError: the extra `sm` isn't installed.
    """

    name = "gmssl_pyx"

    def __init__(self) -> None:
        # The library has no py.typed, so type checkers ignore its stubs.
        self._library = cast("_Library", import_module("gmssl_pyx"))
        self._plain = Plain()

    def public_point(self, secret: bytes) -> bytes:
        """The public key of a private number."""
        return self._plain.public_point(secret)

    def sign(self, key: SM2PrivateKey, message: bytes) -> bytes:
        """The signature, DER."""
        try:
            return self._library.sm2_sign(key.secret, key.public.point, message, signer_id=USER_ID)
        except self._library.GmsslInnerError:
            raise EngineError("GmSSL failed to sign") from None

    def verify(self, key: SM2PublicKey, message: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the message by this key."""
        try:
            return self._library.sm2_verify(key.point, message, signature, signer_id=USER_ID)
        except self._library.GmsslInnerError:
            return False

    def encrypt(self, key: SM2PublicKey, plaintext: bytes) -> bytes:
        """The ciphertext, C1C3C2 in ASN.1."""
        if len(plaintext) > _LONGEST:
            return self._plain.encrypt(key, plaintext)
        try:
            return self._library.sm2_encrypt(key.point, plaintext)
        except self._library.GmsslInnerError:
            raise EngineError("GmSSL failed to encrypt") from None

    def decrypt(self, key: SM2PrivateKey, ciphertext: bytes) -> bytes:
        """The plaintext.

        Raises:
            ValueError: it was encrypted for another key, or changed.
        """
        if len(Ciphertext.parse(ciphertext).masked) > _LONGEST:
            return self._plain.decrypt(key, ciphertext)
        try:
            return self._library.sm2_decrypt(key.secret, ciphertext)
        except self._library.GmsslInnerError:
            raise ValueError("the ciphertext was made for another key, or changed") from None
