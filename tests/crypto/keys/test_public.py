"""Public keys in their rarer forms, and certificates that are none."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.crypto.keys.texts import load_private_key, load_public_key, public_pem, refused


def test_pkcs1_public_key(platform_key: RSAPrivateKey) -> None:
    """The PEM that `risk/getpublickey` answers loads too."""
    source = public_pem(platform_key, PublicFormat.PKCS1)
    assert load_public_key(source, argument="x")[0] == platform_key.public_key()


def test_a06_a_public_key_of_openssh(platform_key: RSAPrivateKey) -> None:
    """A public key in OpenSSH's one line is read too."""
    line = platform_key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert load_public_key(line, argument="certs")[0].public_numbers() == platform_key.public_key().public_numbers()


def test_a_public_key_of_openssh_as_a_private_one(platform_key: RSAPrivateKey) -> None:
    """It is told by its kind."""
    line = platform_key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert refused(load_private_key, line).found == "a ssh-rsa was found, not a private key"


@pytest.mark.parametrize("version", [0, 1, 3, 5, 255])
def test_certificates_of_impossible_versions(platform_certificate: x509.Certificate, version: int) -> None:
    """A certificate that states a version that there isn't is refused like any garbage."""
    der = bytearray(platform_certificate.public_bytes(Encoding.DER))
    der[der.index(b"\xa0\x03\x02\x01\x02") + 4] = version
    refused(load_public_key, bytes(der), argument="certs")
    refused(load_private_key, bytes(der))
