"""Keys of SM2 out of DER. `crypto.sm` is imported with the first such key; most processes never see one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeGuard

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from ..sm.keys import SM2PrivateKey, SM2PublicKey

# The object identifier of the curve, which stands in every key and certificate of SM2.
_CURVE = bytes.fromhex("06082a811ccf5501822d")


def is_named_in(der: bytes) -> bool:
    """Whether this is a key or a certificate of SM2, or holds one."""
    return _CURVE in der


def is_private_key(source: object) -> TypeGuard[SM2PrivateKey]:
    """Whether this is a loaded private key of SM2."""
    from ..sm.keys import SM2PrivateKey

    return isinstance(source, SM2PrivateKey)


def is_public_key(source: object) -> TypeGuard[SM2PublicKey]:
    """Whether this is a loaded public key of SM2."""
    from ..sm.keys import SM2PublicKey

    return isinstance(source, SM2PublicKey)


def private_key(der: bytes, argument: str) -> SM2PrivateKey:
    """A private key in PKCS#8 or SEC 1.

    Raises:
        ConfigurationError: it is damaged.
    """
    from ..sm import files
    from ..sm.failure import EngineError

    try:
        return files.private_key(der)
    except (ValueError, IndexError, EngineError) as error:
        mistake = _damaged(error, argument)
    # Raised outside of the handler, whose frames hold the key.
    raise mistake


def public_key(der: bytes, argument: str) -> SM2PublicKey:
    """A public key in SubjectPublicKeyInfo.

    Raises:
        ConfigurationError: it is damaged, or something else.
    """
    from ..sm import files

    try:
        return files.public_key(der)
    except (ValueError, IndexError) as error:
        raise _damaged(error, argument) from None


def certificate_key(der: bytes, argument: str) -> SM2PublicKey:
    """The public key in a certificate.

    Raises:
        ConfigurationError: it is damaged.
    """
    from ..sm import files

    try:
        return files.certificate_key(der)
    except (ValueError, IndexError) as error:
        raise _damaged(error, argument) from None


def decrypted(der: bytes, password: str) -> bytes | None:
    """PKCS#8 out of its encrypted form; None where it holds no key of SM2, or has another password."""
    from ..sm import files

    with contextlib.suppress(ValueError, IndexError):
        opened = files.decrypted(der, password.encode())
        return opened if is_named_in(opened) else None
    return None


def _damaged(error: Exception, argument: str) -> ConfigurationError:
    return ConfigurationError(
        argument,
        f"a damaged key of SM2 was found ({error})",
        "Copy the file again, whole and unchanged",
    )
