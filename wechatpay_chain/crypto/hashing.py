"""Digests of files: SHA-1, SHA-256, MD5, and SM3 where this machine's OpenSSL has it."""

from __future__ import annotations

import hashlib
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ..errors import ConfigurationError

# The platform's choice. SHA-1 and MD5 stand in answers that are signed with RSA and SHA-256.
_PLAIN = ("sha1", "sha256", "md5")


class Hasher(Protocol):
    """Computes a digest piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Take in a piece."""
        ...

    def hexdigest(self) -> str:
        """The digest of all pieces, in small hexadecimal digits."""
        ...


class _Sm3:
    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.copy().finalize().hex()


def hasher(algorithm: str) -> Hasher:
    """A new digest.

    Args:
        algorithm: `SHA1`, `SHA256`, `MD5` or `SM3`, in any case.

    Raises:
        ConfigurationError: another algorithm, or one that this machine's OpenSSL doesn't have.
    """
    name = algorithm.lower()
    if name == "sm3":
        try:
            return _Sm3()
        except UnsupportedAlgorithm:
            raise ConfigurationError(
                "hash_type", "this machine's OpenSSL has no SM3", "Install cryptography from its wheel, which has"
            ) from None
    if name not in _PLAIN:
        raise ConfigurationError("hash_type", f"the unknown algorithm {algorithm[:16]!r}", "Upgrade this package")
    return hashlib.new(name, usedforsecurity=False)
