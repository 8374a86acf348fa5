"""What is given in another's place is named for what it is."""

from __future__ import annotations

import base64
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.crypto.keys.texts import FORMS, load_private_key, load_public_key, public_pem, refused
from wechatpay_chain.crypto.keys import load_certificate


@pytest.mark.parametrize("form", ["PKCS#8", "bytes", "one line", "literal \\n", "no header", "DER"])
def test_certificate_as_private_key(platform_certificate: x509.Certificate, form: str) -> None:
    """The certificate in place of the key is named, with the file that belongs there."""
    source = FORMS[form](platform_certificate.public_bytes(Encoding.PEM).decode())
    error = refused(load_private_key, source)
    assert error.argument == "private_key"
    assert "certificate" in error.found
    assert "apiclient_key.pem" in error.remedy


@pytest.mark.parametrize("form", ["PKCS#8", "no header", "DER"])
def test_public_key_as_private_key(platform_key: RSAPrivateKey, form: str) -> None:
    """The public key in place of the key is refused with the file that belongs there."""
    error = refused(load_private_key, FORMS[form](public_pem(platform_key)))
    assert re.search("public key|no private key", error.found)
    assert "apiclient_key.pem" in error.remedy


@pytest.mark.parametrize("label", ["PUBLIC KEY", "RSA PUBLIC KEY", "X509 CERTIFICATE", "CERTIFICATES"])
def test_a_certificate_under_another_label(platform_certificate: x509.Certificate, label: str) -> None:
    """What a block holds counts, and not what its label says; as a private key it is named for what it is."""
    source = platform_certificate.public_bytes(Encoding.PEM).decode().replace("CERTIFICATE", label)
    assert load_public_key(source, argument="certs")[1] == platform_certificate
    assert load_certificate(source, argument="certs") == platform_certificate


@pytest.mark.parametrize("label", ["CERTIFICATE", "X509 CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY"])
@pytest.mark.parametrize("content", [b"", b"\x30\x03\x02\x01\x00", b"\x30\x82\x03\x00" + b"\0" * 300])
def test_what_is_damaged(label: str, content: bytes) -> None:
    """A certificate or a public key that can't be read is named as damaged, and not as what it isn't."""
    body = base64.encodebytes(content).decode()
    source = f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"
    for load in (load_public_key, load_certificate):
        assert refused(load, source, argument="x").found.startswith(f"a damaged {label.lower()} was found")


def test_a_bare_key_is_no_certificate(platform_key: RSAPrivateKey) -> None:
    """Where a certificate is needed, a public key is named."""
    error = refused(load_certificate, public_pem(platform_key), argument="merchant_cert")
    assert (error.argument, error.found) == ("merchant_cert", "a public key was found, not a certificate")


def test_a_tuple_is_no_certificate() -> None:
    """Certificate and key in one argument, as `requests` takes them, are named by their type."""
    error = refused(load_certificate, ("apiclient_cert.pem", "apiclient_key.pem"), argument="merchant_cert")
    assert error.found == "a tuple was found, not a certificate"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("private key", "a private key"),
        ("bundle", "PKCS#12 bundle that is damaged, or has another password"),
        ("garbage", "neither a key"),
    ],
)
def test_a19_what_is_no_merchant_certificate(merchant_key: RSAPrivateKey, name: str, found: str) -> None:
    """The remedy names the files that belong there, and never the platform's key."""
    private = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    bundle = pkcs12.serialize_key_and_certificates(b"x", merchant_key, None, None, BestAvailableEncryption(b"secret"))
    source = {"private key": private, "bundle": bundle, "garbage": b"\x30\x82\x01"}[name]
    error = refused(load_certificate, source, argument="merchant_cert", password="1900000109")
    assert found in error.found
    assert "apiclient_cert" in error.remedy
    assert "pub_key" not in error.remedy
