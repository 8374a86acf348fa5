"""Fresh keys of both sides: the merchant's, and the platform's in its two kinds."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ...crypto import aead, serials

_BITS = 2048
_EXPONENT = 65537
# https://pay.weixin.qq.com/doc/v3/merchant/4012153196: a platform certificate is valid for five years.
_VALIDITY = timedelta(days=5 * 365)
_IDENTIFIER_DIGITS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key under the name that the other side knows it by.

    Attributes:
        serial: certificate serial, or `PUB_KEY_ID_...`.
        private_key: RSA, 2048 bits.
        certificate: of a platform certificate; None for a key that is known without one.
    """

    serial: str
    private_key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate | None = field(default=None, repr=False)

    @classmethod
    def merchant(cls) -> Self:
        """The key of a merchant API certificate, with the certificate."""
        return cls.certified()

    @classmethod
    def wechatpay(cls) -> Self:
        """A WeChat Pay public key, known by its `PUB_KEY_ID_0114...`."""
        number = "".join(secrets.choice(digits) for _ in range(_IDENTIFIER_DIGITS))
        return cls(serial=f"{serials.PUBLIC_KEY_PREFIX}0114{number}", private_key=_generate())

    @classmethod
    def certified(cls, not_before: datetime | None = None) -> Self:
        """A platform certificate, signed by a made-up authority.

        Args:
            not_before: start of its five years, aware; yesterday by default.
        """
        key = _generate()
        certificate = _certify(key, not_before or datetime.now(UTC) - timedelta(days=1))
        return cls(serial=serials.from_number(certificate.serial_number), private_key=key, certificate=certificate)

    def to_json(self) -> dict[str, str]:
        """The pair as it is kept on disk."""
        certified = {} if self.certificate is None else {"certificate": self.public_pem}
        return {"serial": self.serial, "private_key": self.private_pem, **certified}

    @classmethod
    def from_json(cls, members: Mapping[str, str]) -> Self:
        """The pair that `to_json` wrote.

        Raises:
            ValueError: it isn't one.
            TypeError: it is a key of another kind.
        """
        # Checking a key takes 40 ms, and this one was made here.
        key = load_pem_private_key(members["private_key"].encode(), None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the key is not an RSA key")
        text = members.get("certificate")
        certificate = None if text is None else x509.load_pem_x509_certificate(text.encode())
        return cls(serial=members["serial"], private_key=key, certificate=certificate)

    @property
    def private_pem(self) -> str:
        """The private key as PKCS#8, like `apiclient_key.pem`."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    @property
    def pkcs1_pem(self) -> str:
        """The public key alone in PKCS#1, as `risk/getpublickey` of APIv2 has it."""
        return self.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode("ascii")

    @property
    def public_pem(self) -> str:
        """The certificate where there is one, else the public key, like `wechatpay_public_key.pem`."""
        if self.certificate is not None:
            return self.certificate.public_bytes(Encoding.PEM).decode("ascii")
        public_key = self.private_key.public_key()
        return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def make_apiv3_key() -> str:
    """32 random letters and digits."""
    return "".join(secrets.choice(ascii_letters + digits) for _ in range(aead.KEY_SIZE))


def _generate() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(_EXPONENT, _BITS)


def _certify(key: rsa.RSAPrivateKey, not_before: datetime) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name("Emulated platform"))
        .issuer_name(_name("Emulated authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + _VALIDITY)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
