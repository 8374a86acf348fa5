"""AEAD_AES_256_GCM and AEAD_SM4_GCM, by which notifications and platform certificates are encrypted with the APIv3 key.

Bills are encrypted by the same ciphers, each with its own key.
https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from ..errors import ConfigurationError, DecryptionError
from .concealed import Concealed, reveal

KEY_SIZE = 32

AES_256_GCM = "AEAD_AES_256_GCM"
SM4_GCM = "AEAD_SM4_GCM"
"""In SM mode."""

CIPHERS: Mapping[str, Callable[[bytes], CipherAlgorithm]] = {AES_256_GCM: AES256, "SM4_GCM": SM4}
"""The ciphers that a bill may be encrypted with, as its page names them; keys have 32 and 16 bytes."""

_TAG_SIZE = 16


# One cipher for each key (`python -m benchmarks.webhook`), dropped together with the key.
_ciphers: WeakKeyDictionary[Concealed[bytes], AESGCM] = WeakKeyDictionary()


def _cipher(key: bytes | Concealed[bytes]) -> AESGCM:
    if not isinstance(key, Concealed):
        return AESGCM(key)
    cipher = _ciphers.get(key)
    if cipher is None:
        cipher = _ciphers[key] = AESGCM(key.reveal())
    return cipher


def encrypt(
    key: bytes, nonce: bytes, plaintext: bytes, associated_data: bytes = b"", *, algorithm: str = AES_256_GCM
) -> str:
    """Encrypt; Base64 of the ciphertext with its 16-byte tag at the end."""
    if algorithm == SM4_GCM:
        from .sm import sm4

        return sm4.encrypt(key, nonce, plaintext, associated_data)
    return base64.b64encode(AESGCM(key).encrypt(nonce, plaintext, associated_data)).decode("ascii")


def decrypt(
    key: bytes | Concealed[bytes],
    nonce: bytes,
    ciphertext: str,
    associated_data: bytes = b"",
    *,
    algorithm: str = AES_256_GCM,
) -> bytes:
    """Decrypt Base64 of a ciphertext with its 16-byte tag at the end.

    Args:
        key: the APIv3 key.
        nonce: of the encryption.
        ciphertext: Base64.
        associated_data: of the encryption.
        algorithm: `AES_256_GCM` or `SM4_GCM`.

    Raises:
        DecryptionError: it is no Base64, or key, nonce or associated data are not those of the encryption.
    """
    if algorithm == SM4_GCM:
        from .sm import sm4

        return sm4.decrypt(reveal(key), nonce, ciphertext, associated_data)
    try:
        return _cipher(key).decrypt(nonce, binascii.a2b_base64(ciphertext, strict_mode=True), associated_data)
    except InvalidTag:
        raise DecryptionError(
            "the APIv3 key does not open the ciphertext: set the key that the merchant portal shows now "
            "(a changed key applies to everything encrypted after the change)"
        ) from None
    except (binascii.Error, ValueError):
        raise DecryptionError("the ciphertext or its nonce is malformed") from None


class Opener:
    """Decrypts a ciphertext piece by piece; the ciphertext ends with its 16-byte tag.

    Don't trust the plaintext before `finish` has returned.

    Args:
        algorithm: one of `CIPHERS`.
        key: of the cipher's size.
        nonce: 8 to 128 bytes.

    Raises:
        DecryptionError: key or nonce has a wrong size.
        ConfigurationError: an unknown cipher, or one that this machine's OpenSSL doesn't have.
    """

    def __init__(self, algorithm: str, key: bytes, nonce: bytes) -> None:
        if algorithm not in CIPHERS:
            raise ConfigurationError("algorithm", f"{algorithm[:32]!r} was found", f"Give one of {', '.join(CIPHERS)}")
        try:
            self._decryptor = Cipher(CIPHERS[algorithm](key), GCM(nonce)).decryptor()
        except UnsupportedAlgorithm:
            raise ConfigurationError(
                "algorithm", f"this machine's OpenSSL has no {algorithm}", "Ask for AEAD_AES_256_GCM"
            ) from None
        except ValueError:
            raise DecryptionError("the key or the nonce of the ciphertext is malformed") from None
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Decrypt another piece. The last 16 bytes are held back, since they may be the tag."""
        held = self._held + piece
        self._held = held[-_TAG_SIZE:]
        return self._decryptor.update(held[:-_TAG_SIZE])

    def finish(self) -> None:
        """End the decryption, and check the tag.

        Raises:
            DecryptionError: key and nonce are not those of the encryption, or the ciphertext was changed or cut off.
        """
        try:
            self._decryptor.finalize_with_tag(self._held)
        except (InvalidTag, ValueError):
            raise DecryptionError("the ciphertext was changed or cut off on its way, or has another key") from None
