"""Keys that the platform takes, and those that it doesn't, each with its remedy."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crypto.keys.texts import (
    FORMS,
    MCHID,
    PKCS1,
    PKCS8,
    WITHOUT,
    load_private_key,
    load_public_key,
    pem,
    public_pem,
    refused,
)
from wechatpay_chain.crypto.keys import load_certificate
from wechatpay_chain.errors import ConfigurationError


@pytest.fixture(scope="module")
def small_key() -> RSAPrivateKey:
    """A key of 1024 bits."""
    return rsa.generate_private_key(65537, 1024)


@pytest.fixture(scope="module")
def ec_key() -> ec.EllipticCurvePrivateKey:
    """A key of another algorithm."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def certificate_of_ec_key(ec_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A certificate of another algorithm."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, ec_key.public_key(), 7, start, end)
    return builder.sign(ec_key, hashes.SHA256())


def test_loaded_keys_pass_through(merchant_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> None:
    """What is loaded already is taken as it is."""
    assert load_private_key(merchant_key) is merchant_key
    public_key = merchant_key.public_key()
    assert load_public_key(public_key, argument="x") == (public_key, None)
    assert load_public_key(platform_certificate, argument="x")[1] is platform_certificate


def test_loaded_keys_in_the_wrong_place(merchant_key: RSAPrivateKey, ec_key: ec.EllipticCurvePrivateKey) -> None:
    """A loaded private key among the platform's, and loaded keys of other kinds, are named by type."""
    assert "RSAPrivateKey" in refused(load_public_key, merchant_key, argument="certs").found
    assert "RSAPublicKey" in refused(load_private_key, merchant_key.public_key()).found
    assert "ECPublicKey" in refused(load_public_key, ec_key.public_key(), argument="certs").found


def test_key_and_certificate_in_one_file(merchant_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> None:
    """Of several PEM blocks the private key is found; as a platform key such a file is refused."""
    source = platform_certificate.public_bytes(Encoding.PEM).decode() + pem(merchant_key)
    assert load_private_key(source).private_numbers() == merchant_key.private_numbers()
    assert "a private key was found" in refused(load_public_key, source, pem(merchant_key), argument="certs").found


@pytest.mark.parametrize("reverse", [False, True])
def test_a_chain(
    platform_certificate: x509.Certificate, certificate_of_ec_key: x509.Certificate, reverse: bool
) -> None:
    """Of a chain that certificate is taken whose serial was given, in any spelling and order; without one the first."""
    chain = [platform_certificate, certificate_of_ec_key][:: -1 if reverse else 1]
    source = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    serial = f"{platform_certificate.serial_number:040x}"
    for spelled in (serial, serial.upper(), serial.lstrip("0")):
        assert load_public_key(source, argument="x", serial=spelled)[1] == platform_certificate
    if reverse:
        assert "not an RSA key" in refused(load_public_key, source, argument="x").found
    else:
        assert load_public_key(source, argument="x", serial="PUB_KEY_ID_1")[1] == platform_certificate


@pytest.mark.parametrize("private_format", [PKCS1, PKCS8])
@pytest.mark.parametrize("form", ["PKCS#8", "bytes", "one line", "literal \\n"])
def test_private_key_as_platform_key(merchant_key: RSAPrivateKey, private_format: PrivateFormat, form: str) -> None:
    """A private key among the platform's is refused, and not repeated."""
    text = pem(merchant_key, private_format)
    error = refused(load_public_key, FORMS[form](text), text, argument="certs['PUB_KEY_ID_1']")
    assert error.argument == "certs['PUB_KEY_ID_1']"
    assert error.found == "a private key was found"
    assert "pub_key.pem" in error.remedy


@pytest.mark.parametrize("form", ["no header", "DER"])
def test_bare_private_key_as_platform_key(merchant_key: RSAPrivateKey, form: str) -> None:
    """Without a header it is refused all the same, and not repeated."""
    refused(load_public_key, FORMS[form](pem(merchant_key)), pem(merchant_key), argument="certs")


def test_other_algorithms(ec_key: ec.EllipticCurvePrivateKey, certificate_of_ec_key: x509.Certificate) -> None:
    """An elliptic key is named, as private key, public key and certificate."""
    public = ec_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for error in (
        refused(load_private_key, pem(ec_key), pem(ec_key)),
        refused(load_private_key, pem(ec_key, PKCS1), pem(ec_key, PKCS1)),
        refused(load_public_key, public, argument="x"),
        refused(load_public_key, certificate_of_ec_key, argument="x"),
        refused(load_certificate, certificate_of_ec_key.public_bytes(Encoding.PEM), argument="x"),
    ):
        assert re.search("E(C|lliptic).*, not an RSA key", error.found)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_another_algorithm_under_a_password(ec_key: ec.EllipticCurvePrivateKey, encoding: Encoding) -> None:
    """An elliptic key that its password opens is named for its algorithm, not for the password."""
    source = ec_key.private_bytes(encoding, PKCS8, BestAvailableEncryption(MCHID.encode()))
    assert "not an RSA key" in refused(load_private_key, source, password=MCHID).found


def test_small_keys(small_key: RSAPrivateKey) -> None:
    """A key of 1024 bits is refused with its size, loaded or not."""
    for error in (
        refused(load_private_key, small_key),
        refused(load_private_key, pem(small_key), pem(small_key)),
        refused(load_public_key, small_key.public_key(), argument="x"),
        refused(load_public_key, public_pem(small_key), argument="x"),
    ):
        assert "1024 bits" in error.found
        assert "2048" in error.remedy


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(source: bytes) -> None:
    """Arbitrary bytes are refused with a ConfigurationError and nothing else."""
    refused(load_private_key, source, password=MCHID)
    refused(load_public_key, source, argument="certs")


@settings(max_examples=20)
@given(data=st.data())
def test_any_altered_byte(data: st.DataObject, merchant_key: RSAPrivateKey, platform_certificate: Any) -> None:
    """A key or certificate with one byte altered either loads or is a ConfigurationError."""
    sources: list[tuple[Any, bytes]] = [
        (load_private_key, merchant_key.private_bytes(Encoding.DER, PKCS8, WITHOUT)),
        (load_public_key, platform_certificate.public_bytes(Encoding.DER)),
    ]
    for call, der in sources:
        at = data.draw(st.integers(0, len(der) - 1))
        altered = der[:at] + bytes([der[at] ^ data.draw(st.integers(1, 255))]) + der[at + 1 :]
        try:
            key = call(altered, argument="x")
        except ConfigurationError:
            continue
        assert isinstance(key[0] if isinstance(key, tuple) else key, RSAPrivateKey | RSAPublicKey)
