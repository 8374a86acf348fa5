"""SM2 as the platform uses it: signatures over SM3 in DER, ciphertexts C1C3C2 in ASN.1, both in Base64.

https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""

from __future__ import annotations

import base64
import binascii
import secrets

from ...errors import ConfigurationError, DecryptionError, SignatureError
from . import curve
from .engines import engine
from .failure import EngineError
from .keys import SM2PrivateKey, SM2PublicKey


def generate() -> SM2PrivateKey:
    """A fresh key."""
    return private_key((secrets.randbelow(curve.N - 2) + 1).to_bytes(curve.SIZE, "big"))


def private_key(secret: bytes) -> SM2PrivateKey:
    """The key of a private number, with its public key."""
    return SM2PrivateKey(secret, SM2PublicKey(engine().public_point(secret)))


def sign(key: SM2PrivateKey, message: bytes) -> bytes:
    """The signature (SM2 with SM3, DER) of `message`."""
    return engine().sign(key, message)


def verify(key: SM2PublicKey, message: bytes, signature: str) -> None:
    """Check a Base64 signature (SM2 with SM3, DER) of `message`.

    Raises:
        SignatureError: it is no Base64, or not the signature of this message by this key.
    """
    try:
        raw = binascii.a2b_base64(signature, strict_mode=True)
    except (binascii.Error, ValueError):
        raise SignatureError("the signature is not Base64") from None
    try:
        fits = engine().verify(key, message, raw)
    except EngineError as error:
        raise SignatureError(f"the signature could not be checked: {error}") from None
    if not fits:
        raise SignatureError("the signature does not fit the content")


def longest_plaintext(_key: SM2PublicKey) -> None:
    """None: `encrypt` takes any number of bytes."""


def encrypt(key: SM2PublicKey, plaintext: str) -> str:
    """Encrypt; Base64.

    Raises:
        ConfigurationError: the plaintext is empty, which SM2 can't encrypt, or the engine failed.
    """
    if not plaintext:
        raise ConfigurationError("secret", "it is empty, and SM2 encrypts no empty text", "Leave the field out")
    try:
        return base64.b64encode(engine().encrypt(key, plaintext.encode())).decode("ascii")
    except EngineError as error:
        mistake = ConfigurationError("secret", f"it could not be encrypted: {error}", "Look at this machine's memory")
    raise mistake


def decrypt(key: SM2PrivateKey, ciphertext: str) -> str:
    """Decrypt Base64.

    Raises:
        DecryptionError: it was not encrypted for this key.
    """
    try:
        return engine().decrypt(key, base64.b64decode(ciphertext, validate=True)).decode()
    except (ValueError, EngineError):  # binascii.Error and UnicodeDecodeError are ValueErrors
        raise DecryptionError(
            "cannot be decrypted with the merchant's private key: it was encrypted for another key, or not with SM2"
        ) from None
