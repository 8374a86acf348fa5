"""A merchant's credentials, checked as a whole before anything is sent.

https://pay.weixin.qq.com/doc/v3/merchant/4013070756
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from .crypto import aead, keys, rsa, serials
from .errors import ConfigurationError
from .trust import PlatformKeys, load_platform_keys

_MCHID = re.compile(r"[0-9]{1,32}", re.ASCII)
_SERIAL = re.compile(r"[0-9A-Za-z_\-]{1,64}", re.ASCII)
_APIV2_KEY_SIZE = 32
_LONGEST_SHOWN = 16


@runtime_checkable
class Signer(Protocol):
    """Signs for the merchant without handing out the key: a KMS, an HSM, a signing service."""

    async def sign(self, message: bytes) -> bytes:
        """The RSA signature (PKCS#1 v1.5, SHA-256) of `message`."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A `Signer` that holds the private key itself."""

    private_key: RSAPrivateKey = field(repr=False)

    async def sign(self, message: bytes) -> bytes:
        """The RSA signature (PKCS#1 v1.5, SHA-256) of `message`."""
        return rsa.sign(self.private_key, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a merchant signs, verifies and decrypts with. Its repr shows no key.

    Attributes:
        mchid: merchant number.
        serial: serial number of the merchant API certificate.
        signer: signs requests.
        private_key: decrypts what the platform encrypted for the merchant; None with a `Signer` of the caller's own.
        platform_keys: the platform's keys.
        apiv3_key: decrypts notifications and downloaded certificates.
        apiv2_key: signs APIv2 calls.
    """

    mchid: str
    serial: str
    signer: Signer = field(repr=False)
    private_key: RSAPrivateKey | None = field(repr=False)
    platform_keys: PlatformKeys = field(repr=False)
    apiv3_key: bytes | None = field(default=None, repr=False)
    apiv2_key: str | None = field(default=None, repr=False)

    @classmethod
    def load(
        cls,
        mchid: str,
        serial: str,
        private_key: keys.PrivateKeySource | Signer,
        certs: Mapping[str, keys.PublicKeySource] | None,
        *,
        apiv3_key: str | bytes | None = None,
        apiv2_key: str | None = None,
        merchant_cert: keys.PublicKeySource | None = None,
    ) -> Credentials:
        """Load and check everything; arguments as for `WeChatPay`.

        Raises:
            ConfigurationError: the first mistake found, with the argument, what was found, and the remedy.
        """
        _check_mchid(mchid)
        serial = _check_serial(serial)
        signer, key = _signer(private_key, mchid)
        if not certs:
            raise ConfigurationError(
                "certs",
                "no platform key was given, so no answer could be verified",
                "Give {'PUB_KEY_ID_...': Path('wechatpay_public_key.pem')}: identifier and file are in the merchant "
                "portal under API security",
            )
        platform_keys = load_platform_keys(certs)
        _check_not_merchant(platform_keys, serial, key)
        if merchant_cert is not None:
            _check_merchant_cert(keys.load_certificate(merchant_cert, argument="merchant_cert"), serial, key)
        return cls(
            mchid=mchid,
            serial=serial,
            signer=signer,
            private_key=key,
            platform_keys=platform_keys,
            apiv3_key=load_apiv3_key(apiv3_key),
            apiv2_key=_check_apiv2_key(apiv2_key),
        )


def load_apiv3_key(apiv3_key: str | bytes | None) -> bytes | None:
    """The 32 bytes of an APIv3 key.

    Raises:
        ConfigurationError: it has another length.
    """
    if apiv3_key is None:
        return None
    if not isinstance(apiv3_key, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("apiv3_key", f"a {type(apiv3_key).__name__} was found", "Give a str of 32 characters")
    key = apiv3_key.encode("utf-8", "replace") if isinstance(apiv3_key, str) else apiv3_key
    if len(key) != aead.KEY_SIZE:
        blanks = " with blanks around it" if key.strip() != key else ""
        raise ConfigurationError(
            "apiv3_key",
            f"{len(key)} bytes were found{blanks}",
            f"Give the {aead.KEY_SIZE} characters that were set in the merchant portal under API security",
        )
    return key


def _check_mchid(mchid: object) -> None:
    if not isinstance(mchid, str) or not _MCHID.fullmatch(mchid):
        # Not shown, unless it is short: arguments in the wrong order put a key here.
        found = f"a {type(mchid).__name__}"
        if isinstance(mchid, str):
            found = f"{mchid!r}" if len(mchid) <= _LONGEST_SHOWN else f"a text of {len(mchid)} characters"
        raise ConfigurationError("mchid", f"{found} was found", "Give the merchant number as a string of digits")


def _check_serial(serial: object) -> str:
    if not isinstance(serial, str) or not _SERIAL.fullmatch(canonical := serials.canonical(serial)):
        raise ConfigurationError(
            "serial",
            "it is no serial number" if isinstance(serial, str) else f"a {type(serial).__name__} was found",
            "Give the 40 hexadecimal digits of the merchant API certificate "
            "(openssl x509 -in apiclient_cert.pem -noout -serial)",
        )
    if canonical.startswith(serials.PUBLIC_KEY_PREFIX):
        raise ConfigurationError(
            "serial",
            "the identifier of a WeChat Pay public key was found",
            "Give the serial of the merchant API certificate; the public key belongs in certs",
        )
    return canonical


def _signer(source: keys.PrivateKeySource | Signer, mchid: str) -> tuple[Signer, RSAPrivateKey | None]:
    if isinstance(source, Path | str | bytes | RSAPrivateKey):
        key = keys.load_private_key(source, password=mchid)
        return KeySigner(key), key
    # A loaded key of another kind has a method `sign` too.
    if hasattr(source, "public_key") or not isinstance(source, Signer):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError(
            "private_key",
            f"a {type(source).__name__} was found",
            "Give a Path, PEM text or bytes, a loaded RSA key, or an object with async def sign(message)",
        )
    return source, None


def _check_not_merchant(platform_keys: PlatformKeys, serial: str, private_key: RSAPrivateKey | None) -> None:
    own = private_key.public_key().public_numbers() if private_key is not None else None
    for key in platform_keys:
        if key.public_key.public_numbers() == own:
            raise ConfigurationError(
                f"certs[{key.serial!r}]",
                "the merchant's own certificate or public key was found",
                "Give the platform's: wechatpay_public_key.pem, or a certificate from GET /v3/certificates",
            )
    if platform_keys.find(serial) is not None:
        raise ConfigurationError(
            "serial",
            f"{serial} is also the serial of a platform certificate in certs",
            "serial names the merchant API certificate (apiclient_cert.pem); certs takes certificates of the platform",
        )


def _check_merchant_cert(certificate: x509.Certificate, serial: str, private_key: RSAPrivateKey | None) -> None:
    found = serials.from_number(certificate.serial_number)
    if serials.key(found) != serials.key(serial):
        raise ConfigurationError(
            "merchant_cert", f"its serial is {found}, not {serial}", "Give the one that serial names"
        )
    public_key = certificate.public_key()
    if (
        private_key is not None
        and isinstance(public_key, RSAPublicKey)
        and public_key.public_numbers() != private_key.public_key().public_numbers()
    ):
        raise ConfigurationError(
            "merchant_cert", "private_key is not its key", "Give the certificate and the key that were made together"
        )


def _check_apiv2_key(apiv2_key: object) -> str | None:
    if apiv2_key is None:
        return None
    if not isinstance(apiv2_key, str) or len(apiv2_key) != _APIV2_KEY_SIZE:
        found = (
            f"{len(apiv2_key)} characters were" if isinstance(apiv2_key, str) else f"a {type(apiv2_key).__name__} was"
        )
        raise ConfigurationError(
            "apiv2_key", f"{found} found", f"Give the {_APIV2_KEY_SIZE} characters set in the merchant portal"
        )
    return apiv2_key
