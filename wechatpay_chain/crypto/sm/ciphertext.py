"""The ciphertext of SM2 as the platform writes it: C1C3C2 in ASN.1."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from .. import der
from . import curve

_DIGEST_SIZE = 32
# Base64 of the smallest one; a shorter value isn't looked at.
_SHORTEST = 132
_SEQUENCE_IN_BASE64 = "M"


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """What SM2 makes of a plaintext.

    Attributes:
        point: C1, a point of the curve.
        digest: C3, the SM3 of the plaintext between the shared coordinates.
        masked: C2, as long as the plaintext.
    """

    point: curve.Point
    digest: bytes
    masked: bytes

    def to_der(self) -> bytes:
        """C1C3C2 in ASN.1."""
        x, y = self.point
        return der.write(
            der.SEQUENCE,
            der.write_integer(x),
            der.write_integer(y),
            der.write(der.OCTET_STRING, self.digest),
            der.write(der.OCTET_STRING, self.masked),
        )

    @classmethod
    def parse(cls, data: bytes) -> Ciphertext:
        """Read C1C3C2 in ASN.1.

        Raises:
            ValueError: it is something else, or its point isn't on the curve.
        """
        items = der.read_one(data).expect(der.SEQUENCE).items
        if len(items) != 4:
            raise ValueError("a ciphertext of SM2 has four parts")
        point = der.read_integer(items[0]), der.read_integer(items[1])
        digest, masked = (item.expect(der.OCTET_STRING).content for item in items[2:])
        if not curve.is_on_curve(point) or len(digest) != _DIGEST_SIZE or not masked:
            raise ValueError("a part of the ciphertext is not one of SM2")
        return cls(point, digest, masked)


def is_ciphertext(value: str) -> bool:
    """Whether a text already is the Base64 of a ciphertext. No plaintext has a point of the curve in such a place."""
    if len(value) < _SHORTEST or not value.startswith(_SEQUENCE_IN_BASE64):
        return False
    try:
        Ciphertext.parse(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return False
    return True
