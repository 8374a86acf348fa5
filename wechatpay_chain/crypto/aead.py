"""AEAD_AES_256_GCM: how notifications and platform certificates are encrypted, with the APIv3 key.

https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import DecryptionError

KEY_SIZE = 32


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def encrypt(key: bytes, nonce: bytes, plaintext: bytes, associated_data: bytes = b"") -> str:
    """Encrypt; Base64 of the ciphertext with its 16-byte tag at the end."""
    return base64.b64encode(AESGCM(key).encrypt(nonce, plaintext, associated_data)).decode("ascii")


def decrypt(key: bytes, nonce: bytes, ciphertext: str, associated_data: bytes = b"") -> bytes:
    """Decrypt Base64 of a ciphertext with its 16-byte tag at the end.

    Raises:
        DecryptionError: it is no Base64, or key, nonce or associated data are not those of the encryption.
    """
    try:
        return _cipher(key).decrypt(nonce, binascii.a2b_base64(ciphertext, strict_mode=True), associated_data)
    except InvalidTag:
        raise DecryptionError(
            "the APIv3 key does not open the ciphertext: set the key that the merchant portal shows now "
            "(a changed key applies to everything encrypted after the change)"
        ) from None
    except (binascii.Error, ValueError):
        raise DecryptionError("the ciphertext or its nonce is malformed") from None
