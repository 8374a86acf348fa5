"""PKCS#12 bundles (`apiclient_cert.p12`). The platform's password is the merchant's number."""

from __future__ import annotations

import contextlib
import re
import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# A bundle begins with its version, 3; nothing else that is loaded here does.
_BEGINNING = rb"(?s)\x30(?:\x80|[\x81-\x84].{1,4}?|.)\x02\x01\x03"


def is_bundle(der: bytes) -> bool:
    """Whether this is a bundle, whatever its password."""
    return re.match(_BEGINNING, der) is not None


def opened(der: bytes, password: str) -> tuple[object | None, x509.Certificate | None]:
    """The private key of a bundle, of whatever algorithm, and its certificate.

    Both are None if the password is another, or it is no bundle.
    """
    from cryptography.hazmat.primitives.serialization import pkcs12

    # The owner's password, and none: people repack bundles without a password.
    passwords = password.encode(), b""
    for tried in passwords:
        with contextlib.suppress(ValueError, UnsupportedAlgorithm), warnings.catch_warnings():
            # Of bundles in BER, as some programs write them: `cryptography` reads these, too.
            warnings.filterwarnings("ignore", "PKCS#12 bundle could not be parsed as DER", UserWarning)
            key, certificate, others = pkcs12.load_key_and_certificates(der, tried)
            return key, certificate or (next(iter(others), None) if key is None else None)
    return _opened_of_sm2(der, passwords) if is_bundle(der) else (None, None)


def _opened_of_sm2(der: bytes, passwords: tuple[bytes, ...]) -> tuple[object | None, x509.Certificate | None]:
    """The same for a bundle that `cryptography` can't open."""
    from ..sm import files

    for tried in passwords:
        with contextlib.suppress(ValueError, IndexError):
            key, certificate = files.bundle(der, tried)
            return key, None if certificate is None else x509.load_der_x509_certificate(certificate)
    return None, None
