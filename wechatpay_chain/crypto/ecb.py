"""AES-256-ECB, by which APIv2 encrypts the `req_info` of refund notices.

https://pay.weixin.qq.com/doc/v2/merchant/4011940955
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from ..errors import DecryptionError
from .concealed import Concealed, reveal
from .digest import md5

NOT_OPENED = "the APIv2 key does not open req_info: set the key that the merchant portal shows now"

_BLOCK_BITS = 128


def encrypt(apiv2_key: str, plaintext: bytes) -> str:
    """Encrypt as `req_info` is: AES-256-ECB, PKCS#7, under the MD5 of the APIv2 key; Base64."""
    padder = PKCS7(_BLOCK_BITS).padder()
    encryptor = _cipher(apiv2_key).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def decrypt(apiv2_key: str | Concealed[str], ciphertext: str) -> bytes:
    """Decrypt the `req_info` of a refund notice.

    Raises:
        DecryptionError: it is no Base64, or was encrypted under another key.
    """
    try:
        encrypted = base64.b64decode("".join(ciphertext.split()), validate=True)
        decryptor = _cipher(apiv2_key).decryptor()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        padded = decryptor.update(encrypted) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (binascii.Error, ValueError):
        raise DecryptionError(NOT_OPENED) from None


def _cipher(apiv2_key: str | Concealed[str]) -> Cipher[ECB]:
    # The key is the MD5 as 32 lower-case hexadecimal digits, in ASCII.
    return Cipher(AES256(md5(reveal(apiv2_key).encode()).lower().encode("ascii")), ECB())  # noqa: S305 - the protocol's own mode
