"""The ciphertext of one secret field, or why there can't be one."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..crypto import rsa
from ..errors import ConfigurationError
from .sealing import is_ciphertext


def encrypt(key: RSAPublicKey, plaintext: str, pointer: str) -> str:
    """The ciphertext of a field's value; a value that already is one, by a key of this size, stays as it is.

    Args:
        key: of the platform.
        plaintext: the value.
        pointer: JSON pointer of the field, for errors.

    Raises:
        ConfigurationError: the value is too long.
    """
    longest = rsa.longest_plaintext(key)
    size = len(plaintext.encode())
    if size <= longest:  # shorter than any ciphertext
        return rsa.encrypt(key, plaintext)
    if is_ciphertext(plaintext, key.key_size):
        return plaintext
    raise ConfigurationError(pointer, f"{size} bytes were found", f"A secret takes at most {longest} bytes of UTF-8")
