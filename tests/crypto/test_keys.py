"""Keys and certificates in every form that merchants have them, and every wrong one with its remedy."""

from __future__ import annotations

import base64
import re
import textwrap
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import openssl
from wechatpay_chain.crypto import keys
from wechatpay_chain.crypto.keys import load_certificate
from wechatpay_chain.errors import ConfigurationError, type_of

MCHID = "1900000109"
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
WITHOUT = NoEncryption()


def load_private_key(source: Any, **options: Any) -> RSAPrivateKey:
    """A private key of RSA, loaded."""
    key = keys.load_private_key(source, **options)
    assert isinstance(key, RSAPrivateKey)
    return key


def load_public_key(source: Any, **options: Any) -> tuple[RSAPublicKey, x509.Certificate | None]:
    """A public key of RSA, loaded, and its certificate."""
    key, certificate = keys.load_public_key(source, **options)
    assert isinstance(key, RSAPublicKey)
    return key, certificate


def pem(key: Any, private_format: PrivateFormat = PKCS8) -> str:
    """A private key as PEM."""
    return str(key.private_bytes(Encoding.PEM, private_format, WITHOUT), "ascii")


def public_pem(key: RSAPrivateKey, public_format: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """Its public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, public_format).decode()


def bare(text: str) -> str:
    """What stands between BEGIN and END."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("-----"))


def bundle(key: RSAPrivateKey, certificate: x509.Certificate | None, password: str) -> bytes:
    """A PKCS#12 bundle, as the merchant portal gives it out."""
    return pkcs12.serialize_key_and_certificates(
        b"Tenpay Certificate", key, certificate, None, BestAvailableEncryption(password.encode())
    )


def bundle_in_plain(key: RSAPrivateKey, certificate: x509.Certificate) -> bytes:
    """A PKCS#12 bundle that nothing encrypts."""
    return pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, WITHOUT)


FORMS: dict[str, Any] = {
    "PKCS#8": lambda text: text,
    "bytes": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "literal \\n": lambda text: text.replace("\n", "\\n"),
    "literal \\r\\n": lambda text: text.replace("\n", "\\r\\n"),
    "literal \\n as bytes": lambda text: text.replace("\n", "\\n").encode(),
    "one line": lambda text: text.replace("\n", ""),
    "one line with blanks": lambda text: text.replace("\n", " "),
    "BOM": lambda text: "\ufeff" + text,
    "BOM as bytes": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no last line end": lambda text: text.rstrip("\n"),
    "indented": lambda text: textwrap.indent(text, "    "),
    "blank lines around": lambda text: "\n\n" + text + "\n\n",
    "text before": lambda text: "Bag Attributes\n    friendlyName: Tenpay\n" + text,
    "no header": bare,
    "no header, bytes": lambda text: bare(text).encode(),
    "no header, one line": lambda text: bare(text).replace("\n", ""),
    "no header, literal \\n": lambda text: bare(text).replace("\n", "\\n"),
    "DER": lambda text: base64.b64decode(bare(text)),
}


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


def refused(call: Any, source: Any, *secrets: str, **arguments: Any) -> ConfigurationError:
    """The error of a call, after a look for key material in it."""
    with pytest.raises(ConfigurationError) as raised:
        call(source, **arguments)
    error = raised.value
    shown = f"{error} {error!r} {error.args} {''.join(traceback.format_exception(error, chain=True))}"
    for secret in secrets:
        body = re.sub(r"\s|\\n", "", bare(secret)) or secret
        pieces = [body[at : at + 24] for at in range(0, len(body) - 24, 24)] or [body]
        assert not any(piece in shown for piece in pieces)
    assert error.argument
    assert error.found
    assert error.remedy
    return error


@pytest.mark.parametrize("private_format", [PKCS1, PKCS8])
@pytest.mark.parametrize("form", FORMS)
def test_private_key_in_every_form(merchant_key: RSAPrivateKey, private_format: PrivateFormat, form: str) -> None:
    """PKCS#1 and PKCS#8 load as text or bytes, with any line ends, with or without header, and as DER."""
    key = load_private_key(FORMS[form](pem(merchant_key, private_format)))
    assert key.private_numbers() == merchant_key.private_numbers()


@pytest.mark.parametrize("form", FORMS)
def test_public_key_in_every_form(platform_key: RSAPrivateKey, form: str) -> None:
    """A WeChat Pay public key loads in the same forms, and comes without a certificate."""
    key, certificate = load_public_key(FORMS[form](public_pem(platform_key)), argument="certs")
    assert key.public_numbers() == platform_key.public_key().public_numbers()
    assert certificate is None


@pytest.mark.parametrize("form", FORMS)
def test_certificate_in_every_form(platform_certificate: x509.Certificate, form: str) -> None:
    """A platform certificate loads in the same forms, and comes with its key."""
    source = FORMS[form](platform_certificate.public_bytes(Encoding.PEM).decode())
    key, certificate = load_public_key(source, argument="certs")
    assert certificate == platform_certificate
    assert key.public_numbers() == platform_certificate.public_key().public_numbers()  # type: ignore[union-attr] # pyright: ignore[reportAttributeAccessIssue] # it is RSA
    assert load_certificate(source, argument="certs") == platform_certificate


def test_pkcs1_public_key(platform_key: RSAPrivateKey) -> None:
    """The PEM that `risk/getpublickey` answers loads too."""
    source = public_pem(platform_key, PublicFormat.PKCS1)
    assert load_public_key(source, argument="x")[0] == platform_key.public_key()


@pytest.mark.parametrize("kind", [Path, str])
@pytest.mark.parametrize("content", ["pem", "der", "p12", "base64"])
def test_private_key_from_a_file(merchant_key: RSAPrivateKey, tmp_path: Path, content: str, kind: type) -> None:
    """A path, as Path or text, leads to a file of any form."""
    text = pem(merchant_key)
    (tmp_path / "密钥.key").write_bytes(
        {
            "pem": text.encode(),
            "der": base64.b64decode(bare(text)),
            "p12": bundle(merchant_key, None, MCHID),
            "base64": bare(text).encode(),
        }[content]
    )
    key = load_private_key(kind(tmp_path / "密钥.key"), password=MCHID)
    assert key.private_numbers() == merchant_key.private_numbers()


@pytest.mark.parametrize("kind", [Path, str])
def test_certificate_from_a_file(platform_certificate: x509.Certificate, tmp_path: Path, kind: type) -> None:
    """A certificate's path works the same."""
    (tmp_path / "cert.pem").write_bytes(platform_certificate.public_bytes(Encoding.PEM))
    assert load_public_key(kind(tmp_path / "cert.pem"), argument="x")[1] == platform_certificate


def test_a_path_from_home(merchant_key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is the home directory, as in a shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "k.pem").write_text(pem(merchant_key))
    assert load_private_key("~/k.pem").private_numbers() == merchant_key.private_numbers()
    assert load_private_key(Path("~/k.pem")).private_numbers() == merchant_key.private_numbers()


def test_pkcs12_with_the_merchant_number(merchant_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> None:
    """apiclient_cert.p12 opens with the merchant number, as bytes and as Base64."""
    source = bundle(merchant_key, None, MCHID)
    for form in (source, base64.b64encode(source).decode()):
        assert load_private_key(form, password=MCHID).private_numbers() == merchant_key.private_numbers()


def test_loaded_keys_pass_through(merchant_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> None:
    """What is loaded already is taken as it is."""
    assert load_private_key(merchant_key) is merchant_key
    public_key = merchant_key.public_key()
    assert load_public_key(public_key, argument="x") == (public_key, None)
    assert load_public_key(platform_certificate, argument="x")[1] is platform_certificate


def test_key_and_certificate_in_one_file(merchant_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> None:
    """Of several PEM blocks the private key is found; as a platform key such a file is refused."""
    source = platform_certificate.public_bytes(Encoding.PEM).decode() + pem(merchant_key)
    assert load_private_key(source).private_numbers() == merchant_key.private_numbers()
    assert "a private key was found" in refused(load_public_key, source, pem(merchant_key), argument="certs").found


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


@pytest.mark.parametrize("private_format", [PKCS1, PKCS8])
@pytest.mark.parametrize("form", ["PKCS#8", "bytes", "one line", "literal \\n"])
def test_private_key_as_platform_key(merchant_key: RSAPrivateKey, private_format: PrivateFormat, form: str) -> None:
    """A private key among the platform's is refused, and not repeated."""
    text = pem(merchant_key, private_format)
    error = refused(load_public_key, FORMS[form](text), text, argument="certs['PUB_KEY_ID_1']")
    assert error.argument == "certs['PUB_KEY_ID_1']"
    assert error.found == "a private key was found"
    assert "wechatpay_public_key.pem" in error.remedy


@pytest.mark.parametrize("form", ["no header", "DER"])
def test_bare_private_key_as_platform_key(merchant_key: RSAPrivateKey, form: str) -> None:
    """Without a header it is refused all the same, and not repeated."""
    refused(load_public_key, FORMS[form](pem(merchant_key)), pem(merchant_key), argument="certs")


@pytest.mark.parametrize("private_format", [PKCS1, PKCS8])
@pytest.mark.parametrize("form", ["PKCS#8", "bytes", "one line", "literal \\n", "CRLF"])
def test_encrypted_pem(merchant_key: RSAPrivateKey, private_format: PrivateFormat, form: str) -> None:
    """A pass phrase is named with the command that removes it, for both kinds of encrypted PEM."""
    text = merchant_key.private_bytes(Encoding.PEM, private_format, BestAvailableEncryption(b"secret")).decode()
    error = refused(load_private_key, FORMS[form](text), text)
    assert error.found == "the key is encrypted with a pass phrase"
    assert "openssl pkey" in error.remedy


def test_encrypted_der(merchant_key: RSAPrivateKey) -> None:
    """Encrypted PKCS#8 without PEM is recognised as well."""
    der = merchant_key.private_bytes(Encoding.DER, PKCS8, BestAvailableEncryption(b"secret"))
    assert "encrypted" in refused(load_private_key, der).found


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


@pytest.mark.parametrize("kind", [Path, str])
def test_a_missing_file_and_a_directory(tmp_path: Path, kind: type) -> None:
    """A file that can't be read is named with the system's reason."""
    missing = refused(load_private_key, kind(tmp_path / "none.pem"))
    assert "none.pem" in missing.found
    assert "No such file" in missing.found
    assert "directory" in refused(load_public_key, kind(tmp_path), argument="certs").found


@pytest.mark.parametrize(
    "source", ["", b"", "   ", b"\n", "\x00", "a\x00b.pem", "~nobody-at-all/k.pem", Path("~nobody-at-all/k"), "\ud800"]
)
def test_nothing_and_impossible_paths(source: Any) -> None:
    """Emptiness, NUL, a home of nobody and a lone surrogate are mistakes like others."""
    assert refused(load_private_key, source).argument == "private_key"
    assert refused(load_public_key, source, argument="certs").argument == "certs"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-200],
        lambda text: text.replace("-----END", "----END"),
        lambda text: "\n".join(text.splitlines()[:10]),
        lambda text: "\n".join(text.splitlines()[10:]),
        lambda text: "\n".join([*text.splitlines()[:5], "!!!!", *text.splitlines()[5:]]),
        lambda text: "\n".join([*text.splitlines()[:5], *text.splitlines()[6:]]),
        lambda text: text.replace("=", "").replace("A", "", 1),
        lambda text: bare(text)[:-100],
        lambda text: bare(text)[:400],
        lambda text: text.encode()[:-200],
        lambda text: base64.b64decode(bare(text))[:-5],
        lambda text: base64.b64decode(bare(text)) + b"\x00",
        lambda text: text.replace("PRIVATE", "PUBLIC"),
        lambda text: base64.b64encode(text.encode()[:-300]).decode(),
        lambda text: text.replace("-----END PRIVATE KEY", "-----END CERTIFICATE"),
    ],
)
def test_damaged_private_keys(merchant_key: RSAPrivateKey, damage: Any) -> None:
    """A key that was cut, altered or mislabelled is refused, and no piece of it is repeated."""
    text = pem(merchant_key)
    refused(load_private_key, damage(text), text)
    refused(load_public_key, damage(text), text, argument="certs")


def test_a_key_is_checked_once(merchant_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound key is checked when it is first met in a process, an unsound one each time; digests alone are kept."""
    text = pem(merchant_key)
    unsound = bytearray(base64.b64decode(bare(text)))
    unsound[-1] ^= 1
    unchecked: list[bool] = []
    load = load_der_private_key

    def noting(der: bytes, **options: Any) -> Any:
        unchecked.extend(value for name, value in options.items() if name == "unsafe_skip_rsa_key_validation")
        return load(der, **options)

    monkeypatch.setattr(keys, "_sound", set[bytes]())
    monkeypatch.setattr(keys, "load_der_private_key", noting)
    loaded = [load_private_key(form) for form in (text, text.encode(), base64.b64decode(bare(text)))]
    assert unchecked == [False, True, True]
    assert len({key.private_numbers() for key in loaded}) == 1
    for _ in range(2):
        refused(load_private_key, bytes(unsound), text)
    assert unchecked[3:] == [False, False]
    assert [len(digest) for digest in keys._sound] == [32]


@pytest.mark.parametrize("length", [10, 32, 64, 200, 260, 299])
def test_a_piece_of_a_key_is_not_shown(merchant_key: RSAPrivateKey, length: int) -> None:
    """What is too short for a key and too odd for a path may be the tail of a key: its length is named alone."""
    piece = bare(pem(merchant_key)).replace("\n", "")[-length:]
    error = refused(load_private_key, piece, piece)
    assert piece not in str(error)
    assert str(length) in error.found


def test_another_secret_in_the_keys_place_is_not_shown() -> None:
    """An APIv3 key given as private key is not repeated."""
    apiv3_key = "0123456789abcdefghijABCDEFGHIJ01"
    assert apiv3_key not in str(refused(load_private_key, apiv3_key, apiv3_key))
    assert apiv3_key not in str(refused(load_private_key, apiv3_key.encode(), apiv3_key))


@pytest.mark.parametrize("password", ["", "1900000108", "wrong", "密码"])
def test_pkcs12_with_another_password(merchant_key: RSAPrivateKey, password: str) -> None:
    """A bundle that doesn't open says which password was tried: the merchant number."""
    error = refused(load_private_key, bundle(merchant_key, None, MCHID), password=password)
    assert "another password than the merchant number" in error.found
    assert not password or password not in str(error)


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


def test_a_tuple_is_no_certificate() -> None:
    """Certificate and key in one argument, as `requests` takes them, are named by their type."""
    error = refused(load_certificate, ("apiclient_cert.pem", "apiclient_key.pem"), argument="merchant_cert")
    assert error.found == "a tuple was found, not a certificate"


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ("<br>", "its Base64 holds '<', which never occurs there"),
        ("%0A", "its Base64 holds '%', which never occurs there"),
        ("&#10;", "its Base64 holds '&', which never occurs there"),
        ("，", r"its Base64 holds '\uff0c', which never occurs there"),
    ],
)
def test_what_doesnt_belong_into_a_key(merchant_key: RSAPrivateKey, between: str, found: str) -> None:
    """Of lines that something else than line ends parts, the first character that doesn't belong there is named."""
    text = pem(merchant_key)
    assert refused(load_private_key, text.replace("\n", between), text).found == found


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("-----", "----"),
        lambda text: text.replace("-----", "———"),
        lambda text: text[:-200],
        lambda text: text.replace("BEGIN", "begin"),
    ],
)
def test_a_damaged_line_of_pem(merchant_key: RSAPrivateKey, damage: Any) -> None:
    """Where a BEGIN or END line isn't whole, the error says that of the line, and nothing of the key."""
    text = pem(merchant_key)
    assert "its BEGIN or END line is damaged or missing" in refused(load_private_key, damage(text), text).found


def test_a_url_is_no_path() -> None:
    """The address of a key is named as one, and not shown: it may hold a token."""
    error = refused(load_private_key, "https://vault.example/apiclient_key.pem?token=secret", "token=secret")
    assert error.found == "a URL was found"


def test_a_bare_key_is_no_certificate(platform_key: RSAPrivateKey) -> None:
    """Where a certificate is needed, a public key is named."""
    error = refused(load_certificate, public_pem(platform_key), argument="merchant_cert")
    assert (error.argument, error.found) == (
        "merchant_cert",
        "a public key was found, not a certificate",
    )


@pytest.mark.parametrize("version", [0, 1, 3, 5, 255])
def test_certificates_of_impossible_versions(platform_certificate: x509.Certificate, version: int) -> None:
    """A certificate that states a version that there isn't is refused like any garbage."""
    der = bytearray(platform_certificate.public_bytes(Encoding.DER))
    der[der.index(b"\xa0\x03\x02\x01\x02") + 4] = version
    refused(load_public_key, bytes(der), argument="certs")
    refused(load_private_key, bytes(der))


@pytest.mark.parametrize("source", [None, 5, bytearray(b"x"), ["x"], object(), {}])
def test_sources_of_other_types(source: Any) -> None:
    """None, as an unset variable gives it, and other types are named."""
    kind = type_of(source)
    assert kind in refused(load_private_key, source).found
    assert kind in refused(load_public_key, source, argument="certs").found


def test_loaded_keys_in_the_wrong_place(merchant_key: RSAPrivateKey, ec_key: ec.EllipticCurvePrivateKey) -> None:
    """A loaded private key among the platform's, and loaded keys of other kinds, are named by type."""
    assert "RSAPrivateKey" in refused(load_public_key, merchant_key, argument="certs").found
    assert "RSAPublicKey" in refused(load_private_key, merchant_key.public_key()).found
    assert "ECPublicKey" in refused(load_public_key, ec_key.public_key(), argument="certs").found


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(source: bytes) -> None:
    """Arbitrary bytes are refused with a ConfigurationError and nothing else."""
    refused(load_private_key, source, password=MCHID)
    refused(load_public_key, source, argument="certs")


@given(st.text(max_size=60) | st.binary(min_size=225, max_size=240).map(base64.b64encode).map(bytes.decode))
def test_any_text(source: str) -> None:
    """Arbitrary text is refused with a ConfigurationError and nothing else."""
    refused(load_private_key, source, password=MCHID)
    refused(load_public_key, source, argument="certs")


@given(
    st.sampled_from(["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "CERTIFICATE", "PUBLIC KEY", "X"]),
    st.binary(max_size=60).map(base64.b64encode).map(bytes.decode) | st.text(max_size=30),
)
def test_any_pem(label: str, body: str) -> None:
    """So is anything that is dressed as PEM."""
    source = f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"
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


def same(loaded: RSAPrivateKey, key: RSAPrivateKey) -> bool:
    """Whether two keys are one."""
    return loaded.private_numbers() == key.private_numbers()


def in_quotes(text: str) -> str:
    """As an env file leaves it."""
    return f'"{text}"'


# What people's editors, chats, shells and secret stores make of a key file, and that leaves no doubt of what it was.
AROUND: dict[str, Any] = {
    "as it is": lambda text: text,
    "bytes": str.encode,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "literal line feeds": lambda text: text.replace("\n", "\\n"),
    "two backslashes": lambda text: text.replace("\n", "\\\\n"),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-le"),
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64, bytes": lambda text: base64.b64encode(text.encode()),
    "Base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "in quotes": in_quotes,
    "in single quotes": lambda text: f"'{text}'\n",
    "Base64 in quotes": lambda text: in_quotes(base64.b64encode(text.encode()).decode()),
    "zero-width spaces": lambda text: text.replace("\n", "\u200b\n"),
    "no-break marks": lambda text: "\ufeff" + text.replace("KEY", "\u2060KEY"),
    "text around it": lambda text: f"Bag Attributes\n    friendlyName: x\n{text}\nend of file",
    "BEGIN and END twice": lambda text: f"{text.splitlines()[0]}\n{text}\n{text.splitlines()[-1]}\n",
    "on one line": lambda text: text.replace("\n", " "),
    "without any blank": lambda text: "".join(text.split()),
    "blanks within the dashes": lambda text: text.replace("-----BEGIN", "----- BEGIN").replace("KEY-----", "KEY -----"),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "Base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
}


@pytest.mark.parametrize(
    "written",
    [
        lambda der: base64.urlsafe_b64encode(der).decode(),
        lambda der: base64.urlsafe_b64encode(der).rstrip(b"="),
        lambda der: base64.b64encode(der).decode().rstrip("="),
        lambda der: base64.b64encode(base64.b64encode(der)),
        lambda der: der.hex(),
        lambda der: der.hex().upper().encode(),
    ],
)
def test_der_in_other_encodings(merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey, written: Any) -> None:
    """DER is found in Base64 of both alphabets, padded or not, in that of that, and in hexadecimal digits."""
    der = merchant_key.private_bytes(Encoding.DER, PKCS8, WITHOUT)
    assert same(load_private_key(written(der)), merchant_key)
    public = platform_key.public_key()
    source = written(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert load_public_key(source, argument="certs")[0].public_numbers() == public.public_numbers()


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH])
def test_a06_private_keys_as_people_have_them(merchant_key: RSAPrivateKey, form: PrivateFormat, around: str) -> None:
    """PKCS#8, PKCS#1 and OpenSSH load whatever an editor, a chat, a shell or a secret store put around them."""
    text = merchant_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    assert same(load_private_key(AROUND[around](text)), merchant_key)


@pytest.mark.parametrize("around", AROUND)
def test_a04_public_keys_as_people_have_them(platform_key: RSAPrivateKey, around: str) -> None:
    """So do public keys."""
    key, certificate = load_public_key(AROUND[around](public_pem(platform_key)), argument="certs")
    assert (key.public_numbers(), certificate) == (platform_key.public_key().public_numbers(), None)


def test_a06_a_public_key_of_openssh(platform_key: RSAPrivateKey) -> None:
    """A public key in OpenSSH's one line is read too."""
    line = platform_key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert load_public_key(line, argument="certs")[0].public_numbers() == platform_key.public_key().public_numbers()


def test_a06_begin_of_another_kind(merchant_key: RSAPrivateKey) -> None:
    """BEGIN RSA PRIVATE KEY with the END line of PKCS#8, or the other way, is one key all the same."""
    text = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert same(load_private_key(text.replace("BEGIN PRIVATE", "BEGIN RSA PRIVATE")), merchant_key)
    assert "don't match" in refused(load_private_key, text.replace("END PRIVATE KEY", "END CERTIFICATE")).found


def test_a06_file_urls(merchant_key: RSAPrivateKey, tmp_path: Path) -> None:
    """The URL of a file, as other SDKs take it, is its path; one that isn't there is named."""
    file = tmp_path / "apiclient key.pem"
    file.write_bytes(merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert same(load_private_key(file.as_uri()), merchant_key)
    error = refused(load_private_key, "file:///srv/shop/apiclient_key.pem")
    assert "'/srv/shop/apiclient_key.pem' cannot be read" in error.found
    assert "Give a Path" in error.remedy


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("private key", "a private key"),
        ("bundle", "PKCS#12 bundle with another password"),
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
    assert "wechatpay_public_key" not in error.remedy


def test_pem_is_read_in_one_pass() -> None:
    """Many BEGIN lines without an END are no block, and take no longer than the text is long."""
    text = "-----BEGIN PRIVATE KEY-----\n" * 30_000
    assert "no complete PEM block" in refused(load_private_key, text).found
    assert "characters were found" in refused(load_private_key, text * 3).found
