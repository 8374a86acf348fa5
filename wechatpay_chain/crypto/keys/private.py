"""Private keys out of DER: PKCS#1, PKCS#8, SEC 1, OpenSSH and PKCS#12; PKCS#8 and PKCS#12 under a password, too."""

from __future__ import annotations

import base64
import contextlib
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_ssh_private_key

from ...errors import ConfigurationError
from . import bundles, sm2
from .armour import Block, encrypted_error
from .public import kind_of_sm2

_OPENSSH = "OPENSSH PRIVATE KEY"
_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
# Checking a private key takes 40 ms, so each key is checked once in a process. These are digests of the keys that
# passed; the keys themselves aren't kept.
_sound: set[bytes] = set()
_MOST_SOUND = 10_000


def private_key(block: Block, password: str, argument: str) -> object | None:
    """The private key in a block, of any algorithm; None if it holds something else.

    Raises:
        ConfigurationError: it is damaged, or encrypted with another password.
    """
    der = block.der
    if sm2.is_named_in(der) and kind_of_sm2(block) is None:
        return sm2.private_key(der, argument)
    key: object
    try:
        key = _of_openssh(der) if block.label == _OPENSSH else _plain(der)
    except TypeError:
        key = _decrypted(der, password, argument)
    except (ValueError, UnsupportedAlgorithm):
        is_pkcs8 = block.label == _ENCRYPTED
        key = _decrypted(der, password, argument) if is_pkcs8 else bundles.opened(der, password)[0]
    if key is None and block.label is not None:
        raise ConfigurationError(
            argument, "a damaged private key was found", "Copy the file again, whole, without changing a character"
        )
    return key


def _plain(der: bytes) -> object:
    """An unencrypted key in PKCS#1, PKCS#8 or SEC 1; its first loading checks it."""
    digest = sha256(der).digest()
    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=digest in _sound)
    if len(_sound) >= _MOST_SOUND:
        _sound.clear()
    _sound.add(digest)
    return key


def _of_openssh(der: bytes) -> object:
    body = base64.encodebytes(der).decode("ascii")
    return load_ssh_private_key(f"-----BEGIN {_OPENSSH}-----\n{body}-----END {_OPENSSH}-----\n".encode(), password=None)


def _decrypted(der: bytes, password: str, argument: str) -> object:
    """An encrypted key in PKCS#8, which `cryptography` opens unless SM2 or SM4 is involved."""
    if not password:
        raise encrypted_error(argument)
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        return load_der_private_key(der, password.encode())
    opened = sm2.decrypted(der, password)
    if opened is None:
        raise encrypted_error(argument)
    return sm2.private_key(opened, argument)
