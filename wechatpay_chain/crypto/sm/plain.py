"""The engine in plain Python, where no other works. It is slow, and its timing leaks information about the key."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from . import curve
from .ciphertext import Ciphertext
from .keys import USER_ID, SM2PrivateKey, SM2PublicKey

_USER_ID_BITS = (8 * len(USER_ID)).to_bytes(2, "big")
_DIGEST_SIZE = 32


class Plain:
    """SM2 by `curve` and by `cryptography`'s SM3."""

    name = "plain Python"

    def public_point(self, secret: bytes) -> bytes:
        """The public key of a private number."""
        return _bytes_of(_multiplied(int.from_bytes(secret, "big"), curve.GENERATOR))

    def sign(self, key: SM2PrivateKey, message: bytes) -> bytes:
        """The signature, DER."""
        secret, number = int.from_bytes(key.secret, "big"), _number(key.public, message)
        while True:
            nonce = secrets.randbelow(curve.N - 1) + 1
            r = (number + _multiplied(nonce, curve.GENERATOR)[0]) % curve.N
            s = pow(1 + secret, -1, curve.N) * (nonce - r * secret) % curve.N
            if r and s and r + nonce != curve.N:
                return encode_dss_signature(r, s)

    def verify(self, key: SM2PublicKey, message: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the message by this key."""
        try:
            r, s = decode_dss_signature(signature)
        except (ValueError, InvalidSignature):
            return False
        both = (r + s) % curve.N
        if not (0 < r < curve.N and 0 < s < curve.N and both) or encode_dss_signature(r, s) != signature:
            return False
        point = curve.multiply_sum(s, curve.GENERATOR, both, key.coordinates)
        return point is not None and (_number(key, message) + point[0]) % curve.N == r

    def encrypt(self, key: SM2PublicKey, plaintext: bytes) -> bytes:
        """The ciphertext, C1C3C2 in ASN.1."""
        while True:
            nonce = secrets.randbelow(curve.N - 1) + 1
            shared = _bytes_of(_multiplied(nonce, key.coordinates))
            mask = _mask(shared, len(plaintext))
            if any(mask):
                point = _multiplied(nonce, curve.GENERATOR)
                return Ciphertext(point, _digest(shared, plaintext), _xor(plaintext, mask)).to_der()

    def decrypt(self, key: SM2PrivateKey, ciphertext: bytes) -> bytes:
        """The plaintext.

        Raises:
            ValueError: it was encrypted for another key, or changed.
        """
        parts = Ciphertext.parse(ciphertext)
        shared = _bytes_of(_multiplied(int.from_bytes(key.secret, "big"), parts.point))
        plaintext = _xor(parts.masked, _mask(shared, len(parts.masked)))
        if not secrets.compare_digest(_digest(shared, plaintext), parts.digest):
            raise ValueError("the ciphertext's digest is another")
        return plaintext


def sm3(*parts: bytes) -> bytes:
    """The SM3 of some bytes, one behind the other."""
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def _number(key: SM2PublicKey, message: bytes) -> int:
    """What is signed: the digest of the signer and the message. GB/T 32918.2-2016, 5.5 and 6.1."""
    of_curve = b"".join(number.to_bytes(curve.SIZE, "big") for number in (curve.A, curve.B, *curve.GENERATOR))
    signer = sm3(_USER_ID_BITS, USER_ID, of_curve, key.point)
    return int.from_bytes(sm3(signer, message), "big")


def _digest(shared: bytes, plaintext: bytes) -> bytes:
    return sm3(shared[: curve.SIZE], plaintext, shared[curve.SIZE :])


def _mask(shared: bytes, size: int) -> bytes:
    """As many bytes as a plaintext has, derived from the shared point. GB/T 32918.4-2016, 5.4.3."""
    blocks = range(1, -(-size // _DIGEST_SIZE) + 1)
    return b"".join(sm3(shared, block.to_bytes(4, "big")) for block in blocks)[:size]


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _multiplied(factor: int, point: curve.Point) -> curve.Point:
    found = curve.multiply(factor, point)
    if found is None:
        raise ValueError("the point at infinity")
    return found


def _bytes_of(point: curve.Point) -> bytes:
    return b"".join(number.to_bytes(curve.SIZE, "big") for number in point)
