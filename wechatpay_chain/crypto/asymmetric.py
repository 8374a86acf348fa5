"""Signing, verifying, encrypting and decrypting, by the kind of the key: RSA or SM2.

`crypto.sm` is imported only where there is a key of SM2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from . import rsa
from .rsa import Padding

if TYPE_CHECKING:
    from .sm.keys import SM2PrivateKey, SM2PublicKey

Algorithm = Literal["RSA", "SM2"]
PrivateKey: TypeAlias = "RSAPrivateKey | SM2PrivateKey"
PublicKey: TypeAlias = "RSAPublicKey | SM2PublicKey"

_RSA = (RSAPublicKey, RSAPrivateKey)


class _Primitives(Protocol):
    """The functions that the modules `rsa` and `sm.sm2` have in common."""

    def sign(self, key: Any, message: bytes, /) -> bytes: ...

    def verify(self, key: Any, message: bytes, signature: str, /) -> None: ...

    def longest_plaintext(self, key: Any, /) -> int | None: ...

    def encrypt(self, key: Any, plaintext: str, /) -> str: ...


# Cached, because `issubclass` of RSA's abstract key classes is slow (`python -m benchmarks.share`).
@lru_cache(maxsize=16)
def _primitives_of(kind: type) -> _Primitives:
    if issubclass(kind, _RSA):
        return rsa
    from .sm import sm2

    return sm2


@lru_cache(maxsize=16)
def _algorithm_of(kind: type) -> Algorithm:
    return "RSA" if issubclass(kind, _RSA) else "SM2"


def algorithm_of(key: PrivateKey | PublicKey) -> Algorithm:
    """The algorithm of a key."""
    return _algorithm_of(type(key))  # type: ignore[arg-type] # mypy takes the hash of an abstract class for its objects'


def sign(key: PrivateKey, message: bytes) -> bytes:
    """The signature of `message`."""
    return _primitives_of(type(key)).sign(key, message)  # type: ignore[arg-type] # as above


def verify(key: PublicKey, message: bytes, signature: str) -> None:
    """Check a Base64 signature of `message`.

    Raises:
        SignatureError: it is no Base64, or not the signature of this message by this key.
    """
    _primitives_of(type(key)).verify(key, message, signature)  # type: ignore[arg-type] # as above


def longest_plaintext(key: PublicKey) -> int | None:
    """How many bytes `encrypt` takes: 214 for an RSA key of 2048 bits; None for any number."""
    return _primitives_of(type(key)).longest_plaintext(key)  # type: ignore[arg-type] # as above


def encrypt(key: PublicKey, plaintext: str) -> str:
    """Encrypt; Base64.

    Raises:
        ValueError: the plaintext is longer than `longest_plaintext`.
        ConfigurationError: it is empty, which SM2 can't encrypt.
    """
    return _primitives_of(type(key)).encrypt(key, plaintext)  # type: ignore[arg-type] # as above


def decrypt(key: PrivateKey, ciphertext: str, padding: Padding = "oaep") -> str:
    """Decrypt Base64.

    Args:
        key: the merchant's.
        ciphertext: Base64.
        padding: of RSA; SM2 has none.

    Raises:
        DecryptionError: it was not encrypted for this key, or with another padding.
    """
    if isinstance(key, RSAPrivateKey):
        return rsa.decrypt(key, ciphertext, padding)
    from .sm import sm2

    return sm2.decrypt(key, ciphertext)


def is_ciphertext(key: PrivateKey | PublicKey, value: str) -> bool:
    """Whether a value already is the Base64 of a ciphertext for a key of this kind, and of its size.

    No plaintext can be mistaken for one: with an RSA key of 2048 bits a ciphertext has 344 characters, and a plaintext
    at most 214 bytes; with SM2 a ciphertext holds a point of the curve.
    """
    if isinstance(key, _RSA):
        return rsa.is_ciphertext(value, key.key_size)
    from .sm import ciphertext

    return ciphertext.is_ciphertext(value)
