"""Credentials: every mistake is found at construction, named with its remedy, and shows no key."""

from __future__ import annotations

import copy
import pickle
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from wechatpay_chain.credentials.merchant import Credentials
from wechatpay_chain.credentials.signer import KeySigner, Signer
from wechatpay_chain.crypto import rsa
from wechatpay_chain.crypto.api_keys import load_apiv3_key
from wechatpay_chain.errors import ConfigurationError, type_of
from wechatpay_chain.wire.hosts import check_base_url

MCHID = "1900000109"
SERIAL = "0DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
PLATFORM_SERIAL = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
APIV3_KEY = "0123456789abcdefghijABCDEFGHIJ01"


def pem(key: RSAPrivateKey) -> str:
    """A private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate_of(key: RSAPrivateKey, serial: str = SERIAL) -> x509.Certificate:
    """A merchant API certificate."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, MCHID)])
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), int(serial, 16), start, end)
    return builder.sign(key, hashes.SHA256())


@pytest.fixture
def right(merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey) -> dict[str, Any]:
    """Arguments without a mistake."""
    return {
        "mchid": MCHID,
        "serial": SERIAL,
        "private_key": merchant_key,
        "certs": {PUBLIC_KEY_ID: platform_key.public_key()},
    }


def load(arguments: dict[str, Any], **changes: Any) -> Credentials:
    """Credentials of these arguments, some of them changed."""
    return Credentials.load(**{**arguments, **changes})


def refused(arguments: dict[str, Any], *secrets: str, **changes: Any) -> ConfigurationError:
    """The error of a mistake, after a look for secrets in it."""
    with pytest.raises(ConfigurationError) as raised:
        load(arguments, **changes)
    error = raised.value
    shown = f"{error} {error!r} {''.join(traceback.format_exception(error))}"
    assert not any(line in shown for secret in secrets for line in secret.splitlines() if len(line) > 8)
    assert error.found
    assert error.remedy
    assert error.outcome == "not_sent"
    return error


def test_what_is_right(right: dict[str, Any], merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey) -> None:
    """Everything is loaded once, and nothing of the caller's is changed."""
    before = dict(right["certs"])
    loaded = Credentials.load(
        **right, apiv3_key=APIV3_KEY, apiv2_key="a" * 32, merchant_cert=certificate_of(merchant_key)
    )
    assert (loaded.mchid, loaded.serial, loaded.private_key) == (MCHID, SERIAL, merchant_key)
    assert loaded.apiv3_key is not None
    assert loaded.apiv2_key is not None
    assert (loaded.apiv3_key.reveal(), loaded.apiv2_key.reveal()) == (APIV3_KEY.encode(), "a" * 32)
    key = loaded.platform_keys.find(PUBLIC_KEY_ID)
    assert key
    assert key.public_key == platform_key.public_key()
    assert right["certs"] == before


def test_both_kinds_of_platform_key(right: dict[str, Any], platform_certificate: x509.Certificate) -> None:
    """Certificates and public keys stand side by side; a serial may lack its zero or be written small."""
    certs = right["certs"] | {PLATFORM_SERIAL[1:].lower(): platform_certificate}
    loaded = load(right, certs=certs)
    assert len(list(loaded.platform_keys)) == 2
    assert loaded.platform_keys.find(PLATFORM_SERIAL)
    assert loaded.platform_keys.preferred is loaded.platform_keys.find(PUBLIC_KEY_ID)


@pytest.mark.parametrize("serial", [SERIAL, SERIAL.lower(), SERIAL[1:], f" {SERIAL}\n", "0D:DE" + SERIAL[4:]])
def test_the_serial_in_many_spellings(right: dict[str, Any], serial: str) -> None:
    """The platform gets its own spelling of the merchant's serial."""
    assert load(right, serial=serial).serial == SERIAL


async def test_forms_of_the_private_key(right: dict[str, Any], merchant_key: RSAPrivateKey, tmp_path: Path) -> None:
    """Path, PEM and PKCS#12 with the merchant number give a signer that signs."""
    (tmp_path / "k.pem").write_text(pem(merchant_key))
    protection = BestAvailableEncryption(MCHID.encode())
    bundle = pkcs12.serialize_key_and_certificates(None, merchant_key, None, None, protection)
    for source in (tmp_path / "k.pem", str(tmp_path / "k.pem"), pem(merchant_key), pem(merchant_key).encode(), bundle):
        loaded = load(right, private_key=source)
        assert await loaded.signer.sign(b"x") == rsa.sign(merchant_key, b"x")


def test_a_signer_of_the_callers_own(right: dict[str, Any]) -> None:
    """An object with `sign` is taken as it is; there is no private key then."""

    class Remote:
        async def sign(self, message: bytes) -> bytes:
            return message

    signer = Remote()
    assert isinstance(signer, Signer)
    loaded = load(right, private_key=signer)
    assert loaded.signer is signer
    assert loaded.private_key is None


@pytest.mark.parametrize(
    "mchid",
    ["", " 1900000109", "1900000109\n", "19000x0109", "\uff11\uff19", 1900000109, None, b"1900000109", "-1", "1" * 33],
)
def test_mchid(right: dict[str, Any], mchid: object) -> None:
    """Anything but a string of digits is refused."""
    assert refused(right, mchid=mchid).argument == "mchid"


@pytest.mark.parametrize("serial", ["", "  ", "1900000109!", "a" * 65, 0x1DDE, None, b"1DDE", "1D DE/", '1"', "1\n2"])
def test_serial(right: dict[str, Any], serial: object) -> None:
    """What can't be a serial, or would break the Authorization header, is refused; how to find it is said."""
    error = refused(right, serial=serial)
    assert error.argument == "serial"
    assert "openssl x509" in error.remedy


def test_a_public_key_identifier_as_serial(right: dict[str, Any]) -> None:
    """The platform's identifier in the merchant's place is named."""
    assert "identifier of a WeChat Pay public key" in refused(right, serial=PUBLIC_KEY_ID).found


@pytest.mark.parametrize("serial", [PLATFORM_SERIAL, PLATFORM_SERIAL.lower(), PLATFORM_SERIAL[1:]])
def test_a_platform_serial_as_serial(
    right: dict[str, Any], platform_certificate: x509.Certificate, serial: str
) -> None:
    """The serial of a platform certificate in the merchant's place is named, in any spelling."""
    error = refused(right, serial=serial, certs={PLATFORM_SERIAL: platform_certificate})
    assert error.argument == "serial"
    assert "also the serial of a platform certificate" in error.found


@pytest.mark.parametrize("form", ["certificate", "public key", "PEM", "certificate as the public key"])
def test_the_merchants_own_certificate_as_platforms(
    right: dict[str, Any], merchant_key: RSAPrivateKey, form: str
) -> None:
    """The merchant's own certificate or public key among the platform's is recognised by its key."""
    own = certificate_of(merchant_key)
    forms: dict[str, dict[str, Any]] = {
        "certificate": {SERIAL: own},
        "public key": {PUBLIC_KEY_ID: merchant_key.public_key()},
        "PEM": {SERIAL: own.public_bytes(Encoding.PEM)},
        "certificate as the public key": {PUBLIC_KEY_ID: own},
    }
    certs = forms[form]
    error = refused(right, certs=certs)
    assert error.argument == f"certs[{next(iter(certs))!r}]"
    assert "merchant's own" in error.found


@pytest.mark.parametrize("certs", [None, {}])
def test_no_platform_key(right: dict[str, Any], certs: object) -> None:
    """Without a platform key no answer could be believed: what to give is said."""
    error = refused(right, certs=certs)
    assert error.argument == "certs"
    assert "PUB_KEY_ID_" in error.remedy


def test_platform_keys_under_a_wrong_name(
    right: dict[str, Any],
    platform_key: RSAPrivateKey,
    platform_certificate: x509.Certificate,
    merchant_key: RSAPrivateKey,
) -> None:
    """A public key without its prefix, a certificate under another name, a private key and garbage are each named."""
    bare = PUBLIC_KEY_ID.removeprefix("PUB_KEY_ID_")
    error = refused(right, certs={bare: platform_key.public_key()})
    assert PUBLIC_KEY_ID in error.remedy
    for name in (SERIAL, PUBLIC_KEY_ID):
        error = refused(right, certs={name: platform_certificate})
        assert PLATFORM_SERIAL in error.found
        assert PLATFORM_SERIAL in error.remedy
    error = refused(right, pem(merchant_key), certs={PUBLIC_KEY_ID: pem(merchant_key)})
    assert error.argument == f"certs['{PUBLIC_KEY_ID}']"
    refused(right, certs={PUBLIC_KEY_ID: b"garbage"})
    refused(right, certs={PUBLIC_KEY_ID: Path("/nonexistent.pem")})


def test_private_keys_of_other_kinds(right: dict[str, Any], platform_certificate: x509.Certificate) -> None:
    """Loaded keys of other algorithms, which can sign too, and anything else are refused by type."""
    others: list[Any] = [
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
        right["private_key"].public_key(),
        platform_certificate,
        bytearray(pem(right["private_key"]).encode()),
        None,
        5,
        object(),
    ]
    for other in others:
        error = refused(right, private_key=other)
        assert error.argument == "private_key"
        assert type_of(other) in error.found
    assert "certificate" in refused(right, private_key=platform_certificate.public_bytes(Encoding.PEM)).found


@pytest.mark.parametrize(
    "key", ["", "x", APIV3_KEY[:-1], APIV3_KEY + "0", f"{APIV3_KEY}\n", f" {APIV3_KEY}", "中" * 32, b"x" * 31]
)
def test_apiv3_key_of_another_length(right: dict[str, Any], key: str | bytes) -> None:
    """An APIv3 key that isn't 32 bytes is refused with its length, and blanks around it are named."""
    size = len(key.encode() if isinstance(key, str) else key)
    error = refused(right, key if isinstance(key, str) else "", apiv3_key=key)
    assert (error.argument, error.found.startswith(f"{size} bytes were found")) == ("apiv3_key", True)
    assert ("blanks around" in error.found) == (isinstance(key, str) and key != key.strip())


@pytest.mark.parametrize("key", [5, ["x"], Path("x"), bytearray(32)])
def test_apiv3_key_of_another_type(right: dict[str, Any], key: object) -> None:
    """Anything but text or bytes is refused by type."""
    assert type_of(key) in refused(right, apiv3_key=key).found


def test_apiv3_keys() -> None:
    """Text and bytes of 32 are one key; none is none."""
    for key in (APIV3_KEY, APIV3_KEY.encode()):
        loaded = load_apiv3_key(key)
        assert loaded is not None
        assert loaded.reveal() == APIV3_KEY.encode()
    assert load_apiv3_key(None) is None


@pytest.mark.parametrize("key", ["", "x", "a" * 31, "a" * 33, 5, b"a" * 32])
def test_apiv2_key(right: dict[str, Any], key: object) -> None:
    """An APIv2 key that is empty, of another length or another type is refused, and not shown."""
    error = refused(right, apiv2_key=key)
    assert error.argument == "apiv2_key"
    assert "aaaaaaaa" not in str(error)


def test_merchant_certificate(right: dict[str, Any], merchant_key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    """A merchant certificate with another serial, for another key, or that is a bare key, is refused."""
    error = refused(right, merchant_cert=certificate_of(merchant_key, PLATFORM_SERIAL))
    assert PLATFORM_SERIAL in error.found
    assert SERIAL in error.found
    assert "private_key is not its key" in refused(right, merchant_cert=certificate_of(other_key)).found
    public = merchant_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert "a public key was found" in refused(right, merchant_cert=public).found
    for error in (
        refused(right, merchant_cert=b"x"),
        refused(right, pem(merchant_key), merchant_cert=pem(merchant_key)),
    ):
        assert error.argument == "merchant_cert"


def test_arguments_in_the_wrong_order(right: dict[str, Any], merchant_key: RSAPrivateKey) -> None:
    """A key that stands in another argument's place is not repeated by the error."""
    key = pem(merchant_key)
    for name in ("mchid", "serial", "apiv3_key", "apiv2_key", "merchant_cert"):
        refused(right, key, **{name: key})
    for name in ("mchid", "private_key", "apiv2_key", "merchant_cert"):
        refused(right, APIV3_KEY, **{name: APIV3_KEY[:31]})
    refused(right, APIV3_KEY, mchid=APIV3_KEY)
    refused(right, APIV3_KEY, private_key=APIV3_KEY)


def test_nothing_is_shown_or_pickled(right: dict[str, Any], merchant_key: RSAPrivateKey) -> None:
    """Credentials in a log show merchant and serial alone, and don't go into a pickle."""
    loaded = Credentials.load(**right, apiv3_key=APIV3_KEY, apiv2_key="a" * 32)
    assert repr(loaded) == f"Credentials(mchid='{MCHID}', serial='{SERIAL}')"
    assert repr(KeySigner(merchant_key)) == "KeySigner()"
    with pytest.raises(TypeError):
        pickle.dumps(loaded)
    with pytest.raises(AttributeError):
        loaded.apiv3_key = None  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the misuse is the point
    assert copy.copy(loaded) == loaded


ANY = st.none() | st.text(max_size=50) | st.binary(max_size=50) | st.integers() | st.lists(st.integers(), max_size=2)


@settings(max_examples=150)
@given(name=st.sampled_from(["mchid", "serial", "private_key", "apiv3_key", "apiv2_key", "merchant_cert"]), value=ANY)
def test_any_argument(merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey, name: str, value: Any) -> None:
    """Any value in any place is accepted or refused with a ConfigurationError, and nothing else."""
    arguments: dict[str, Any] = {
        "mchid": MCHID,
        "serial": SERIAL,
        "private_key": merchant_key,
        "certs": {PUBLIC_KEY_ID: platform_key.public_key()},
    }
    try:
        load(arguments, **{name: value})
    except ConfigurationError as error:
        found = error.argument
    else:
        found = name
    assert found == name


DIGITS = "3775B6A45ACD588826D15E583A95F5DD12345678"


@pytest.mark.parametrize(
    ("serial", "found", "remedy"),
    [
        (str(int(DIGITS, 16)), "a serial number in decimal digits", DIGITS),
        (f"0x{DIGITS}", "a serial number with 0x before it", DIGITS),
        (f"0X{DIGITS.lower()}", "a serial number with 0x before it", DIGITS),
        (MCHID, "a merchant number", "openssl x509"),
        (APIV3_KEY, "a text of 32 characters, as an API key has,", "openssl x509"),
        ("ab" * 16, "a text of 32 characters, as an API key has,", "openssl x509"),
        (PUBLIC_KEY_ID, "the identifier of a WeChat Pay public key", "certs"),
        ("apiclient_cert.pem", "the path of a file", "openssl x509"),
        (f'"{DIGITS}"', "a serial number in quotes", DIGITS),
        (f"\ufeff{DIGITS}", "a serial number with the invisible character U+FEFF in it", DIGITS),
        (f"serial={DIGITS}", "a text of 47 characters", DIGITS),
        (f"{DIGITS}0", "a text of 41 characters", "40 hexadecimal digits"),
        ("", "nothing", "40 hexadecimal digits"),
    ],
)
def test_a07_serials_that_are_none(right: dict[str, Any], serial: str, found: str, remedy: str) -> None:
    """What stands in the serial's place is named for what it is, with the digits where they can be told."""
    error = refused(right, serial=serial)
    assert (error.argument, error.found) == ("serial", f"{found} was found")
    assert remedy in error.remedy


def test_a07_a_serial_as_a_number(right: dict[str, Any]) -> None:
    """The number that `certificate.serial_number` gives is answered with the digits that it stands for."""
    error = refused(right, serial=int(DIGITS, 16))
    assert (error.found, error.remedy) == ("an int was found", f"Give its hexadecimal digits, as text: {DIGITS!r}")


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----\n", ", a private key"),
        (MCHID, ", a merchant number"),
        (PUBLIC_KEY_ID, ", the identifier of a WeChat Pay public key"),
        ("./apiv3.key", ", the path of a file"),
        ("a" * 31, ""),
    ],
)
@pytest.mark.parametrize("argument", ["apiv3_key", "apiv2_key"])
def test_another_thing_in_the_place_of_an_api_key(right: dict[str, Any], argument: str, key: str, found: str) -> None:
    """It is named for what it is, beside its length."""
    error = refused(right, **{argument: key})
    assert error.found.startswith(f"{len(key)} ")
    assert error.found.endswith(f"were found{found}")


@pytest.mark.parametrize(("name", "found"), [(None, "variable isn't set"), (b"PUB_KEY_ID_1", "bytes"), (7, "int")])
def test_names_of_platform_keys_that_are_no_text(
    right: dict[str, Any], platform_key: RSAPrivateKey, name: object, found: str
) -> None:
    """A key under None, as an unset variable leaves it, under bytes or under a number is refused with the form."""
    error = refused(right, certs={name: platform_key.public_key()})
    assert error.argument == "certs"
    assert found in error.found
    assert "{'PUB_KEY_ID_...'" in error.remedy


@pytest.mark.parametrize(
    ("name", "found", "whole"),
    [
        (f"'{PUBLIC_KEY_ID}'", "quotes around it", PUBLIC_KEY_ID),
        (f"{PUBLIC_KEY_ID}\u200b", "U+200B", PUBLIC_KEY_ID),
        (f"{PUBLIC_KEY_ID} # main", "a blank in it", PUBLIC_KEY_ID),
        (f"{PUBLIC_KEY_ID[:20]} {PUBLIC_KEY_ID[20:]}", "a blank in it", PUBLIC_KEY_ID),
        (PUBLIC_KEY_ID.lower(), "without the prefix", PUBLIC_KEY_ID),
        (PUBLIC_KEY_ID.replace("_", "-"), "without the prefix", PUBLIC_KEY_ID),
        (PLATFORM_SERIAL, "under the serial number of a certificate", "PUB_KEY_ID_..."),
        ("", "without the prefix", "PUB_KEY_ID_..."),
        ("PUB_KEY_ID_", "with letters and digits behind it", "PUB_KEY_ID_..."),
        ("PUB_KEY_ID_0114...", "with letters and digits behind it", "PUB_KEY_ID_..."),
        (f"PUB_KEY_ID_{PUBLIC_KEY_ID}", "with letters and digits behind it", "PUB_KEY_ID_..."),
    ],
)
def test_names_of_public_keys(
    right: dict[str, Any], platform_key: RSAPrivateKey, name: str, found: str, whole: str
) -> None:
    """An identifier in quotes, in other letters, cut off or with something invisible in it is told as it must be."""
    error = refused(right, certs={name: platform_key.public_key()})
    assert error.argument == f"certs[{name!r}]"
    assert found in error.found
    assert error.remedy.endswith(f": {whole}")


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (lambda key: key, "a private key"),
        (lambda key: key.replace("\n", "\\n"), "a private key"),
        (lambda key: "".join(key.splitlines()[1:-1]), "characters"),
        (lambda _: APIV3_KEY, "as an API key has"),
    ],
    ids=["PEM", "one line", "Base64", "API key"],
)
def test_a_secret_in_the_place_of_a_name(
    right: dict[str, Any], merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey, form: Any, found: str
) -> None:
    """A key that was swapped with the name of a platform key, with a file's path or with the host is not shown."""
    secret = form(pem(merchant_key))
    for value in (platform_key.public_key(), PUBLIC_KEY_ID):
        error = refused(right, secret, certs={secret: value})
        assert (error.argument, found in error.found) == ("certs", True)
        assert "{'PUB_KEY_ID_...'" in error.remedy
    for argument in ("private_key", "merchant_cert"):
        error = refused(right, secret, **{argument: Path(secret)})
        assert (error.argument, found in error.found) == (argument, True)
        assert "its content as text" in error.remedy
    with pytest.raises(ConfigurationError) as raised:
        check_base_url(secret)
    assert secret[:40] not in str(raised.value)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("argument", ["apiv3_key", "apiv2_key"])
def test_a15_keys_in_quotes(right: dict[str, Any], argument: str, quote: str) -> None:
    """Quotes that an env file left around a key are named, and so is what can't be seen."""
    error = refused(right, **{argument: f"{quote}{APIV3_KEY}{quote}"})
    assert (error.argument, "with quotes around it" in error.found) == (argument, True)
    assert "U+200B" in refused(right, **{argument: f"{APIV3_KEY}\u200b"}).found
