"""RSA as the platform uses it: PKCS#1 v1.5 signatures over SHA-256, OAEP encryption with SHA-1.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as paddings
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from ..errors import DecryptionError, SignatureError

_SHA256 = hashes.SHA256()
_PKCS1V15 = paddings.PKCS1v15()
# SHA-1 is the platform's choice for OAEP, where it is no weakness; the platform accepts no other.
_OAEP = paddings.OAEP(mgf=paddings.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 - the protocol's own
_OAEP_OVERHEAD = 42

Padding = Literal["oaep", "pkcs1v15"]
_PADDINGS = {"oaep": _OAEP, "pkcs1v15": _PKCS1V15}


def sign(key: RSAPrivateKey, message: bytes) -> bytes:
    """The signature (PKCS#1 v1.5, SHA-256) of `message`."""
    return key.sign(message, _PKCS1V15, _SHA256)


def verify(key: RSAPublicKey, message: bytes, signature: str) -> None:
    """Check a Base64 signature (PKCS#1 v1.5, SHA-256) of `message`.

    Raises:
        SignatureError: it is no Base64, or not the signature of this message by this key.
    """
    try:
        key.verify(binascii.a2b_base64(signature, strict_mode=True), message, _PKCS1V15, _SHA256)
    except (binascii.Error, ValueError):
        raise SignatureError("the signature is not Base64") from None
    except InvalidSignature:
        raise SignatureError("the signature does not fit the content") from None


def longest_plaintext(key: RSAPublicKey) -> int:
    """How many bytes `encrypt` takes: 214 for a 2048-bit key."""
    return key.key_size // 8 - _OAEP_OVERHEAD


def encrypt(key: RSAPublicKey, plaintext: str) -> str:
    """Encrypt with OAEP (SHA-1); Base64.

    Raises:
        ValueError: the plaintext is longer than `longest_plaintext`.
    """
    return base64.b64encode(key.encrypt(plaintext.encode(), _OAEP)).decode("ascii")


def decrypt(key: RSAPrivateKey, ciphertext: str, padding: Padding = "oaep") -> str:
    """Decrypt Base64.

    Args:
        key: the merchant's.
        ciphertext: Base64.
        padding: OAEP (SHA-1), or PKCS#1 v1.5, in which a few products answer.

    Raises:
        DecryptionError: it was not encrypted for this key, or with another padding. PKCS#1 v1.5 does not always show
            that: OpenSSL then returns random bytes, and one time in a hundred these are valid UTF-8.
    """
    try:
        return key.decrypt(base64.b64decode(ciphertext, validate=True), _PADDINGS[padding]).decode()
    except ValueError:  # binascii.Error and UnicodeDecodeError are ValueErrors
        raise DecryptionError(
            "cannot be decrypted with the merchant's private key: it was encrypted for another key, or with another "
            "padding"
        ) from None


def is_ciphertext(value: str, key_size: int) -> bool:
    """Whether a value already is the Base64 of an RSA ciphertext by a key of `key_size` bits.

    No plaintext can be mistaken for one: a 2048-bit key gives 344 characters and takes 214 bytes.
    """
    size = key_size // 8
    if len(value) != 4 * -(-size // 3):
        return False
    try:
        return len(base64.b64decode(value, validate=True)) == size
    except (binascii.Error, ValueError):
        return False
