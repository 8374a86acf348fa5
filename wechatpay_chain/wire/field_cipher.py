"""Encrypting one secret field."""

from __future__ import annotations

from ..crypto import asymmetric
from ..crypto.asymmetric import PublicKey
from ..errors import ConfigurationError


def encrypt(key: PublicKey, plaintext: str, pointer: str) -> str:
    """The ciphertext of a field's value. A value that already is a ciphertext for such a key is returned unchanged.

    Args:
        key: of the platform.
        plaintext: the value.
        pointer: JSON pointer of the field, for errors.

    Raises:
        ConfigurationError: the value is too long, or empty where the key can't encrypt that.
    """
    longest = asymmetric.longest_plaintext(key)
    size = len(plaintext.encode())
    if longest is None or size > longest:  # a ciphertext of RSA is longer than any plaintext
        if asymmetric.is_ciphertext(key, plaintext):
            return plaintext
        if longest is not None:
            raise ConfigurationError(
                pointer, f"{size} bytes were found", f"A secret takes at most {longest} bytes of UTF-8"
            )
    try:
        return asymmetric.encrypt(key, plaintext)
    except ConfigurationError as error:
        raise ConfigurationError(pointer, error.found, error.remedy) from None
