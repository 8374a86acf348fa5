"""Keys of SM2, as values: neither `cryptography` nor Python's `ssl` can load one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from .. import der
from . import curve

EC_KEY = bytes.fromhex("2a8648ce3d0201")
"""The object identifier of all keys of elliptic curves."""
SM2_CURVE = bytes.fromhex("2a811ccf5501822d")
_KIND = der.write(der.SEQUENCE, der.write(der.OBJECT_IDENTIFIER, EC_KEY), der.write(der.OBJECT_IDENTIFIER, SM2_CURVE))
_UNCOMPRESSED = b"\x04"

USER_ID = b"1234567812345678"
"""Signed with every message: the platform's choice for all merchants."""


@dataclass(frozen=True, slots=True)
class SM2PublicKey:
    """A public key of SM2.

    Attributes:
        point: both coordinates, 64 bytes.

    Raises:
        ValueError: the point isn't on the curve.
    """

    point: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.point) != 2 * curve.SIZE or not curve.is_on_curve(self.coordinates):
            raise ValueError("the point is not on the curve of SM2")

    @property
    def coordinates(self) -> curve.Point:
        """Both coordinates as numbers."""
        return int.from_bytes(self.point[: curve.SIZE], "big"), int.from_bytes(self.point[curve.SIZE :], "big")

    def to_der(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return der.write(der.SEQUENCE, _KIND, der.write(der.BIT_STRING, b"\0" + _UNCOMPRESSED + self.point))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class SM2PrivateKey:
    """A private key of SM2. Its repr shows nothing of it, and it is not pickled.

    Attributes:
        secret: the private number, 32 bytes.
        public: the public key.

    Raises:
        ValueError: the number is no private key.
    """

    secret: bytes = field(repr=False)
    public: SM2PublicKey = field(repr=False)

    def __post_init__(self) -> None:
        check_secret(self.secret)

    def public_key(self) -> SM2PublicKey:
        """The public key, as keys of `cryptography` give it."""
        return self.public

    def to_der(self) -> bytes:
        """PKCS#8."""
        return pkcs8(self.secret, self.public)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: read it anew where it is needed")


def check_secret(secret: bytes) -> None:
    """Check a private number.

    Raises:
        ValueError: it hasn't 32 bytes, or isn't from 1 to the curve's order less 2.
    """
    if len(secret) != curve.SIZE or not 1 <= int.from_bytes(secret, "big") <= curve.N - 2:
        raise ValueError("the number is no private key of SM2")


def pkcs8(secret: bytes, public: SM2PublicKey | None = None) -> bytes:
    """A private key as PKCS#8, with its public key where that is given."""
    point = b"" if public is None else der.write(0xA1, der.write(der.BIT_STRING, b"\0" + _UNCOMPRESSED + public.point))
    inner = der.write(der.SEQUENCE, der.write_integer(1), der.write(der.OCTET_STRING, secret), point)
    return der.write(der.SEQUENCE, der.write_integer(0), _KIND, der.write(der.OCTET_STRING, inner))
