"""PKCS#12 bundles, with the merchant number as password, another, or none."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from tests import openssl
from tests.crypto.keys.texts import MCHID, WITHOUT, bundle, load_private_key, load_public_key, refused, same
from wechatpay_chain.crypto.keys import load_certificate


def bundle_in_plain(key: RSAPrivateKey, certificate: x509.Certificate) -> bytes:
    """A PKCS#12 bundle that nothing encrypts."""
    return pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, WITHOUT)


def test_pkcs12_with_the_merchant_number(merchant_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> None:
    """apiclient_cert.p12 opens with the merchant number, as bytes and as Base64."""
    source = bundle(merchant_key, None, MCHID)
    for form in (source, base64.b64encode(source).decode()):
        assert load_private_key(form, password=MCHID).private_numbers() == merchant_key.private_numbers()


@pytest.mark.parametrize("password", ["", "1900000108", "wrong", "密码"])
def test_pkcs12_with_another_password(merchant_key: RSAPrivateKey, password: str) -> None:
    """A bundle that doesn't open says which password was tried: the merchant number."""
    error = refused(load_private_key, bundle(merchant_key, None, MCHID), password=password)
    assert "that is damaged, or has another password than the merchant number," in error.found
    assert not password or password not in str(error)


@pytest.mark.parametrize("change", [lambda der: der[:-40], lambda der: der[:500] + der[501:], lambda der: der[:40]])
def test_pkcs12_that_is_damaged(merchant_key: RSAPrivateKey, change: Callable[[bytes], bytes]) -> None:
    """A bundle that is cut off, or lacks a byte, isn't taken for one with another password alone."""
    error = refused(load_private_key, change(bundle(merchant_key, None, MCHID)), password=MCHID)
    assert "a PKCS#12 bundle that is damaged, or has" in error.found


def test_pkcs12_in_ber(merchant_key: RSAPrivateKey) -> None:
    """A bundle that isn't strict DER, here by what follows it, opens without a warning of the library that reads it."""
    source = bundle(merchant_key, None, MCHID) + b"\0\0"
    assert load_private_key(source, password=MCHID).private_numbers() == merchant_key.private_numbers()


def test_pkcs12_without_a_key(platform_certificate: x509.Certificate) -> None:
    """A bundle that holds certificates alone is no private key."""
    source = pkcs12.serialize_key_and_certificates(
        None, None, platform_certificate, None, BestAvailableEncryption(MCHID.encode())
    )
    error = refused(load_private_key, source, password=MCHID)
    assert error.found == "a PKCS#12 bundle that holds a certificate alone was found, not a private key"
    assert load_certificate(source, argument="merchant_cert", password=MCHID) == platform_certificate


def test_pkcs12_without_a_certificate(merchant_key: RSAPrivateKey) -> None:
    """A bundle that holds a key alone is no certificate, and among the platform's keys it has no password."""
    source = bundle(merchant_key, None, MCHID)
    error = refused(load_certificate, source, argument="merchant_cert", password=MCHID)
    assert error.found == "a PKCS#12 bundle that holds a private key alone was found, not a certificate"
    found = refused(load_public_key, source, argument="certs").found
    assert found == "a PKCS#12 bundle was found, neither a public key nor a certificate"


@pytest.mark.parametrize("pack", [openssl.bundle, bundle_in_plain])
def test_pkcs12_without_a_password(
    merchant_key: RSAPrivateKey, pack: Callable[[RSAPrivateKey, x509.Certificate], bytes]
) -> None:
    """A bundle that was packed again with an empty password, or with none, opens."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, merchant_key.public_key(), 7, start, end)
    certificate = builder.sign(merchant_key, hashes.SHA256())
    source = pack(merchant_key, certificate)
    assert same(load_private_key(source, password=MCHID), merchant_key)
    assert load_certificate(source, argument="merchant_cert", password=MCHID) == certificate
