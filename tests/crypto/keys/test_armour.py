"""A key is found under everything that people put around it, and what is damaged is named."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.crypto.keys.texts import (
    AROUND,
    FORMS,
    MCHID,
    PKCS1,
    PKCS8,
    WITHOUT,
    bare,
    bundle,
    load_private_key,
    load_public_key,
    pem,
    public_pem,
    refused,
    same,
)
from wechatpay_chain.crypto.keys import load_certificate
from wechatpay_chain.errors import type_of


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


def test_a06_begin_of_another_kind(merchant_key: RSAPrivateKey) -> None:
    """BEGIN RSA PRIVATE KEY with the END line of PKCS#8, or the other way, is one key all the same."""
    text = merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert same(load_private_key(text.replace("BEGIN PRIVATE", "BEGIN RSA PRIVATE")), merchant_key)
    assert "don't match" in refused(load_private_key, text.replace("END PRIVATE KEY", "END CERTIFICATE")).found


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


def test_a06_file_urls(merchant_key: RSAPrivateKey, tmp_path: Path) -> None:
    """The URL of a file, as other SDKs take it, is its path; one that isn't there is named."""
    file = tmp_path / "apiclient key.pem"
    file.write_bytes(merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert same(load_private_key(file.as_uri()), merchant_key)
    error = refused(load_private_key, "file:///srv/shop/apiclient_key.pem")
    assert "'/srv/shop/apiclient_key.pem' cannot be read" in error.found
    assert "Give a Path" in error.remedy


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


@pytest.mark.parametrize("source", [None, 5, bytearray(b"x"), ["x"], object(), {}])
def test_sources_of_other_types(source: Any) -> None:
    """None, as an unset variable gives it, and other types are named."""
    kind = type_of(source)
    assert kind in refused(load_private_key, source).found
    assert kind in refused(load_public_key, source, argument="certs").found


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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"kty": "RSA", "n": "%s", "d": "secret"}', "a JSON Web Key"),
        ('\ufeff{\n  "kty": "EC", "d": "%s"\n}', "a JSON Web Key"),
        ("<RSAKeyValue><Modulus>%s</Modulus></RSAKeyValue>", "a key of .NET"),
        ("PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPrivate-Lines: 14\n%s", "PuTTY's form"),
    ],
)
@pytest.mark.parametrize("size", [40, 2000])
def test_a_key_in_another_form(tmp_path: Path, text: str, found: str, size: int) -> None:
    """Keys of other programs are named as such, of any length, from a text or a file; nothing of them is shown."""
    text %= "k" * size
    (tmp_path / "key").write_text(text)
    for source in (text, text.encode(), tmp_path / "key"):
        for load in (load_private_key, load_public_key, load_certificate):
            error = refused(load, source, "kkkk", argument="x")
            assert found in error.found
            assert "PEM" in error.remedy


def test_a_url_is_no_path() -> None:
    """The address of a key is named as one, and not shown: it may hold a token."""
    error = refused(load_private_key, "https://vault.example/apiclient_key.pem?token=secret", "token=secret")
    assert error.found == "a URL was found"


def test_pem_is_read_in_one_pass() -> None:
    """Many BEGIN lines without an END are no block, and take no longer than the text is long."""
    text = "-----BEGIN PRIVATE KEY-----\n" * 30_000
    assert "no complete PEM block" in refused(load_private_key, text).found
    assert "characters were found" in refused(load_private_key, text * 3).found


def test_backslashes_are_read_in_one_pass(merchant_key: RSAPrivateKey) -> None:
    """Line ends that were escaped several times are taken away, and many backslashes in one pass."""
    escaped = pem(merchant_key).replace("\n", "\\\\n")
    assert same(load_private_key(escaped), merchant_key)
    assert "no complete PEM" in refused(load_private_key, "\\" * 500_000).found


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
