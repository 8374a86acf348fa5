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


def certificate_in(block: Block) -> x509.Certificate | None:
    """The certificate in a block, whatever its label says; None if it holds something else, or is damaged."""
    try:
        with warnings.catch_warnings():
            # A warning about a negative serial, as in a damaged file: the serial is refused later.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(block.der)
    except (ValueError, x509.InvalidVersion):
        return None


def certificate_key(certificate: x509.Certificate, argument: str) -> object | None:
    """The public key of a certificate, of any algorithm; None for an unknown algorithm.

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
    """The public key in a block, of any algorithm; None if it holds something else, or is damaged.

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
    """What a block of SM2 is, if not a private key; None for a private key, or if it is damaged."""
    if certificate_in(block) is not None:
        return "a certificate"
    with contextlib.suppress(ConfigurationError):
        sm2.public_key(block.der, "")
        return "a public key"
    return None
