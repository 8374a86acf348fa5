"""APIv2's sums: keyed MD5 and HMAC-SHA256 in capital hexadecimal, and the AES-256-ECB of refund notices.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from ..errors import DecryptionError
from .concealed import Concealed, reveal

NOT_OPENED = "the APIv2 key does not open req_info: set the key that the merchant portal shows now"

_BLOCK_BITS = 128


def md5(message: bytes) -> str:
    """MD5, capital hexadecimal."""
    # The platform's choice for APIv2; the secret key stands at the message's end.
    return hashlib.md5(message, usedforsecurity=False).hexdigest().upper()


def hmac_sha256(key: bytes, message: bytes) -> str:
    """HMAC-SHA256, capital hexadecimal."""
    return hmac.digest(key, message, "sha256").hex().upper()


def equal(ours: str, theirs: str) -> bool:
    """Whether two digests are equal, in a time that doesn't tell where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))


def encrypt_ecb(apiv2_key: str, plaintext: bytes) -> str:
    """Encrypt as `req_info` is: AES-256-ECB, PKCS#7, under the MD5 of the APIv2 key; Base64."""
    padder = PKCS7(_BLOCK_BITS).padder()
    encryptor = _ecb(apiv2_key).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def decrypt_ecb(apiv2_key: str | Concealed[str], ciphertext: str) -> bytes:
    """Decrypt the `req_info` of a refund notice.

    Raises:
        DecryptionError: it is no Base64, or was encrypted under another key.
    """
    try:
        encrypted = base64.b64decode("".join(ciphertext.split()), validate=True)
        decryptor = _ecb(apiv2_key).decryptor()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        padded = decryptor.update(encrypted) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (binascii.Error, ValueError):
        raise DecryptionError(NOT_OPENED) from None


def _ecb(apiv2_key: str | Concealed[str]) -> Cipher[ECB]:
    # https://pay.weixin.qq.com/doc/v2/merchant/4011940955: the 32 small hexadecimal digits are the key's bytes.
    return Cipher(AES256(md5(reveal(apiv2_key).encode()).lower().encode("ascii")), ECB())  # noqa: S305 - the protocol's own mode
