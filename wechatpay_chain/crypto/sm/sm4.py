"""AEAD_SM4_GCM: how notifications and platform certificates are sealed in SM mode, with the APIv3 key.

https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from ...errors import ConfigurationError, DecryptionError
from .plain import sm3

_KEY_SIZE = 16
_TAG_SIZE = 16


def encrypt(apiv3_key: bytes, nonce: bytes, plaintext: bytes, associated_data: bytes = b"") -> str:
    """Encrypt; Base64 of the ciphertext with its 16-byte tag at the end."""
    encryptor = Cipher(_algorithm(apiv3_key), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(associated_data)
    sealed = encryptor.update(plaintext) + encryptor.finalize()
    return base64.b64encode(sealed + encryptor.tag).decode("ascii")


def decrypt(apiv3_key: bytes, nonce: bytes, ciphertext: str, associated_data: bytes = b"") -> bytes:
    """Decrypt Base64 of a ciphertext with its 16-byte tag at the end.

    Raises:
        DecryptionError: it is no Base64, or key, nonce or associated data are not those of the encryption.
    """
    try:
        sealed = binascii.a2b_base64(ciphertext, strict_mode=True)
        decryptor = Cipher(_algorithm(apiv3_key), GCM(nonce, sealed[-_TAG_SIZE:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(sealed[:-_TAG_SIZE]) + decryptor.finalize()
    except InvalidTag:
        raise DecryptionError(
            "the APIv3 key does not open the ciphertext: set the key that the merchant portal shows now "
            "(a changed key applies to everything encrypted after the change)"
        ) from None
    except UnsupportedAlgorithm:
        raise ConfigurationError(
            "apiv3_key", "this machine's `cryptography` has no SM4", "Install cryptography from its wheel, which has"
        ) from None
    except (binascii.Error, ValueError):
        raise DecryptionError("the ciphertext or its nonce is malformed") from None


def _algorithm(apiv3_key: bytes) -> SM4:
    # The platform's rule: the first half of the APIv3 key's SM3.
    return SM4(sm3(apiv3_key)[:_KEY_SIZE])
