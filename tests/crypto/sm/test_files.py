"""Keys and certificates of SM2 in every form that the openssl program writes, and what is wrong with others."""

from __future__ import annotations

import base64
import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests import openssl_sm
from tests.openssl_sm import openssl
from wechatpay_chain.crypto.keys import load_certificate, load_private_key, load_public_key
from wechatpay_chain.crypto.sm import engines, files, sm2
from wechatpay_chain.crypto.sm.keys import SM2PrivateKey, SM2PublicKey
from wechatpay_chain.crypto.sm.plain import Plain
from wechatpay_chain.errors import ConfigurationError

SERIAL = "5E1A3C77B2D94F60813E5A7C9B2D4F6081A3C5E7"
PASSWORD = "1900000109"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key, PEM in PKCS#8."""
    return openssl_sm.make_key(tmp_path_factory.mktemp("sm"))


@pytest.fixture(scope="module")
def key(key_file: Path) -> SM2PrivateKey:
    """The same, loaded."""
    return files.private_key(openssl("pkey", "-in", key_file, "-outform", "DER"))


def text_of(key_file: Path) -> str:
    """Its text."""
    return key_file.read_text()


def encrypted(*cipher: str) -> Any:
    """A form: PKCS#8 encrypted with a cipher under the merchant's number."""
    return lambda file: openssl("pkcs8", "-topk8", "-in", file, "-passout", f"pass:{PASSWORD}", *cipher)


def pkcs12(*options: str) -> Any:
    """A form: a bundle of the key and its certificate, under the merchant's number."""

    def make(file: Path) -> bytes:
        certificate = file.with_name("certificate.pem")
        certificate.write_bytes(openssl_sm.make_certificate(file, serial=SERIAL))
        return openssl(
            *("pkcs12", "-export", "-inkey", file, "-in", certificate, "-passout", f"pass:{PASSWORD}"), *options
        )

    return make


PRIVATE_FORMS: dict[str, Any] = {
    "path": lambda file: file,
    "text of the path": str,
    "PKCS#8": text_of,
    "PKCS#8 in bytes": lambda file: file.read_bytes(),
    "PKCS#8 with CRLF": lambda file: text_of(file).replace("\n", "\r\n"),
    "PKCS#8 on one line": lambda file: text_of(file).replace("\n", "\\n"),
    "PKCS#8 without its header": lambda file: "".join(text_of(file).splitlines()[1:-1]),
    "Base64 of PEM": lambda file: base64.b64encode(file.read_bytes()).decode(),
    "PKCS#8 in DER": lambda file: openssl("pkey", "-in", file, "-outform", "DER"),
    "SM2 PRIVATE KEY": lambda file: openssl("ec", "-in", file),
    "EC PRIVATE KEY": lambda file: openssl("ec", "-in", file).replace(b"SM2 PRIVATE", b"EC PRIVATE"),
    "SEC 1 in DER": lambda file: openssl("ec", "-in", file, "-outform", "DER"),
    "SEC 1 without its public key": lambda file: openssl("ec", "-in", file, "-no_public"),
    "behind its parameters": lambda file: openssl("ecparam", "-name", "SM2") + openssl("ec", "-in", file),
    "encrypted with AES-256": encrypted("-v2", "aes-256-cbc"),
    "encrypted with AES-128 and SHA-1": encrypted("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"),
    "encrypted with SM4": encrypted("-v2", "sm4-cbc"),
    "encrypted in DER": encrypted("-v2", "sm4-cbc", "-outform", "DER"),
    "PKCS#12": pkcs12(),
    "PKCS#12 with SM4": pkcs12("-keypbe", "SM4-CBC", "-certpbe", "SM4-CBC"),
}


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_private_keys(form: str, key_file: Path, key: SM2PrivateKey) -> None:
    """Every form gives the same key; those that are encrypted, with the merchant's number."""
    assert load_private_key(PRIVATE_FORMS[form](key_file), password=PASSWORD) == key


def test_loaded_key(key: SM2PrivateKey) -> None:
    """A key that was loaded is taken as it is."""
    assert load_private_key(key) is key
    assert load_public_key(key.public, argument="certs") == (key.public, None)


@pytest.mark.parametrize("form", ["encrypted with AES-256", "encrypted with SM4", "encrypted in DER"])
@pytest.mark.parametrize("password", ["", "1900000110"])
def test_another_password(form: str, password: str, key_file: Path) -> None:
    """A key under another password is told as such, with the command that decrypts it."""
    with pytest.raises(ConfigurationError, match="encrypted with a pass phrase"):
        load_private_key(PRIVATE_FORMS[form](key_file), password=password)


@pytest.mark.parametrize("form", ["PKCS#12", "PKCS#12 with SM4"])
def test_bundle_with_another_password(form: str, key_file: Path) -> None:
    """The error says that the bundle has another password."""
    with pytest.raises(ConfigurationError, match="another password than the merchant number"):
        load_private_key(PRIVATE_FORMS[form](key_file), password="1900000110")


def test_bundle_without_a_certificate(key_file: Path) -> None:
    """Where a certificate is asked for, a bundle that holds the key alone is named as such, not for its password."""
    with pytest.raises(ConfigurationError, match="that holds a private key alone was found, not a certificate"):
        load_certificate(pkcs12("-nocerts")(key_file), argument="merchant_cert", password=PASSWORD)


PUBLIC_FORMS: dict[str, Any] = {
    "PEM": openssl_sm.public_of,
    "DER": lambda file: openssl("pkey", "-in", file, "-pubout", "-outform", "DER"),
    "without its header": lambda file: "".join(openssl_sm.public_of(file).decode().splitlines()[1:-1]),
    "Base64 of PEM": lambda file: base64.b64encode(openssl_sm.public_of(file)).decode(),
}


@pytest.mark.parametrize("form", PUBLIC_FORMS)
def test_public_keys(form: str, key_file: Path, key: SM2PrivateKey) -> None:
    """Every form gives the same key."""
    assert load_public_key(PUBLIC_FORMS[form](key_file), argument="certs") == (key.public, None)


@pytest.mark.parametrize("is_der", [False, True])
def test_certificates(key_file: Path, key: SM2PrivateKey, *, is_der: bool) -> None:
    """The key of a certificate is read, and its serial number is there."""
    content = openssl_sm.make_certificate(key_file, serial=SERIAL)
    if is_der:
        content = openssl("x509", "-outform", "DER", stdin=content)
    public, certificate = load_public_key(content, argument="certs")
    assert public == key.public
    assert certificate is not None
    assert f"{certificate.serial_number:X}" == SERIAL
    assert load_public_key(certificate, argument="certs") == (key.public, certificate)


def test_certificate_of_a_bundle(key_file: Path) -> None:
    """The merchant's certificate is read out of a bundle, too."""
    certificate = load_certificate(pkcs12()(key_file), argument="merchant_cert", password=PASSWORD)
    assert f"{certificate.serial_number:X}" == SERIAL


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (lambda file: openssl_sm.public_of(file), "a public key was found, not a private key"),
        (lambda file: openssl_sm.make_certificate(file, serial=SERIAL), "a certificate was found, not a private key"),
        (lambda file: openssl("pkey", "-in", file, "-pubout", "-outform", "DER"), "a public key was found"),
        (lambda file: openssl("pkey", "-in", file, "-outform", "DER")[:-1], "a damaged key of SM2"),
    ],
)
def test_what_is_no_private_key(source: Any, found: str, key_file: Path) -> None:
    """Something else of SM2 in a private key's place is named."""
    with pytest.raises(ConfigurationError, match=found):
        load_private_key(source(key_file))


def test_private_key_as_platform_key(key_file: Path) -> None:
    """A private key doesn't belong among the platform's."""
    with pytest.raises(ConfigurationError, match="a private key was found"):
        load_public_key(key_file, argument="certs")


def test_foreign_public_key(key: SM2PrivateKey) -> None:
    """A file whose public key belongs to another private key is damaged, and refused."""
    other = sm2.generate()
    mixed = key.to_der().replace(key.public.point, other.public.point)
    with pytest.raises(ConfigurationError, match="belongs to another private key"):
        load_private_key(mixed)


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_numbers_that_are_no_keys(secret: bytes, key: SM2PrivateKey) -> None:
    """Zero, a number above the curve's order, and a short one are refused."""
    with pytest.raises(ValueError, match="no private key"):
        SM2PrivateKey(secret, key.public)


def test_points_off_the_curve(key: SM2PrivateKey) -> None:
    """A point that isn't on the curve is no key."""
    with pytest.raises(ValueError, match="not on the curve"):
        SM2PublicKey(key.public.point[:-1] + bytes((key.public.point[-1] ^ 1,)))


def test_keys_are_silent(key: SM2PrivateKey) -> None:
    """Nothing that is printed or pickled shows the private number."""
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(key)


def test_keys_are_read_without_libcrypto(key_file: Path, key: SM2PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """All forms but PKCS#12 are read without libcrypto; of a bundle the error says that it can't be opened."""
    monkeypatch.setattr(engines, "candidates", list)
    monkeypatch.setattr(sm2, "engine", Plain)
    for form in ("PKCS#8", "SEC 1 in DER", "encrypted with SM4"):
        assert load_private_key(PRIVATE_FORMS[form](key_file), password=PASSWORD) == key
    with pytest.raises(ConfigurationError, match="PKCS#12"):
        load_private_key(PRIVATE_FORMS["PKCS#12"](key_file), password=PASSWORD)
