"""Public keys and certificates out of DER: SubjectPublicKeyInfo, PKCS#1, OpenSSH's one line, X.509."""

from __future__ import annotations

import contextlib
import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, load_ssh_public_key
from cryptography.utils import CryptographyDeprecationWarning

from ...errors import ConfigurationError
from . import sm2
from .armour import SSH_RSA, Block

_CERTIFICATES = {None, "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}


def certificate_in(block: Block) -> x509.Certificate | None:
    """The certificate that a block holds; None for something else, or a damaged one."""
    if block.label not in _CERTIFICATES:
        return None
    try:
        with warnings.catch_warnings():
            # Of serials below zero, which a damaged file may have: it is refused for its serial anyway.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(block.der)
    except (ValueError, x509.InvalidVersion):
        return None


def certificate_key(certificate: x509.Certificate, argument: str) -> object | None:
    """The public key of a certificate, of whatever algorithm; None for one that is unknown here.

    Raises:
        ConfigurationError: it is of SM2, and damaged.
    """
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        der = certificate.public_bytes(Encoding.DER)
        if sm2.is_named_in(der):
            return sm2.certificate_key(der, argument)
        return None


def public_key(block: Block, argument: str) -> object | None:
    """The public key that a block holds, of whatever algorithm; None for something else, or a damaged one.

    Raises:
        ConfigurationError: it is of SM2, and damaged or no public key.
    """
    if sm2.is_named_in(block.der):
        return sm2.public_key(block.der, argument)
    try:
        return load_ssh_public_key(block.der) if block.label == SSH_RSA else load_der_public_key(block.der)
    except (ValueError, UnsupportedAlgorithm):
        return None


def kind_of_sm2(block: Block) -> str | None:
    """What a block of SM2 is that holds no private key; None for one that does, or is damaged."""
    if certificate_in(block) is not None:
        return "a certificate"
    with contextlib.suppress(ConfigurationError):
        sm2.public_key(block.der, "")
        return "a public key"
    return None
