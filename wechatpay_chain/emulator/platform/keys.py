"""`KeyPair`: makes keys of merchants and of the platform, for RSA or SM2."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits
from typing import Self, get_args

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
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

from ..._arguments import Takes, check, one_of
from ...crypto import aead, serials
from ...crypto.asymmetric import Algorithm, PrivateKey, algorithm_of
from ...crypto.keys import load_private_key

_BITS = 2048
_EXPONENT = 65537
# https://pay.weixin.qq.com/doc/v3/merchant/4012153196: a platform certificate is valid for five years.
_VALIDITY = timedelta(days=5 * 365)
_IDENTIFIER_DIGITS = 24
_TAKES = {
    "not_before": Takes(
        lambda value: isinstance(value, datetime) and value.tzinfo is not None,
        "Give an aware datetime: datetime(2027, 1, 1, tzinfo=UTC)",
    ).or_none(),
    "algorithm": one_of(get_args(Algorithm), "Give 'RSA' or 'SM2'"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key with its serial, by which the other side knows it.

    Attributes:
        serial: certificate serial, or `PUB_KEY_ID_...`.
        private_key: of RSA with 2048 bits, or of SM2.
        certificate: its certificate; None for a key without one.
    """

    serial: str
    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate | None = field(default=None, repr=False)

    @classmethod
    def merchant(cls, algorithm: Algorithm = "RSA") -> Self:
        """The key of a merchant API certificate, with the certificate.

        Args:
            algorithm: `SM2` for a merchant in SM mode.

        Raises:
            ConfigurationError: `algorithm` is neither of the two.
        """
        return cls.certified(algorithm=algorithm)

    @classmethod
    def wechatpay(cls) -> Self:
        """A WeChat Pay public key, known by its `PUB_KEY_ID_0114...`."""
        number = "".join(secrets.choice(digits) for _ in range(_IDENTIFIER_DIGITS))
        return cls(serial=f"{serials.PUBLIC_KEY_PREFIX}0114{number}", private_key=_generate())

    @classmethod
    def certified(cls, not_before: datetime | None = None, *, algorithm: Algorithm = "RSA") -> Self:
        """A platform certificate, signed by a made-up authority.

        Args:
            not_before: start of its five years, or of its 13 months in SM mode, aware; yesterday by default.
            algorithm: of its key.

        Raises:
            ConfigurationError: `not_before` is naive, or `algorithm` is neither of the two.
        """
        check(_TAKES, not_before=not_before, algorithm=algorithm)
        not_before = not_before or datetime.now(UTC) - timedelta(days=1)
        key: PrivateKey
        if algorithm == "SM2":
            from ...crypto.sm import sm2
            from .sm_certificates import certify

            key = sm2.generate()
            certificate = certify(key, not_before)
        else:
            key = _generate()
            certificate = _certify(key, not_before)
        return cls(serial=serials.from_number(certificate.serial_number), private_key=key, certificate=certificate)

    @property
    def rsa_key(self) -> rsa.RSAPrivateKey:
        """The private key, typed as RSA.

        Raises:
            TypeError: it is of SM2.
        """
        if not isinstance(self.private_key, rsa.RSAPrivateKey):
            raise TypeError("this is a key of SM2")
        return self.private_key

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of the key."""
        return algorithm_of(self.private_key)

    def to_json(self) -> dict[str, str]:
        """The pair as it is saved on disk."""
        certified = {} if self.certificate is None else {"certificate": self.public_pem}
        return {"serial": self.serial, "private_key": self.private_pem, **certified}

    @classmethod
    def from_json(cls, members: Mapping[str, str]) -> Self:
        """The pair that `to_json` wrote.

        Raises:
            ValueError: it isn't one.
            TypeError: it is a key of another kind.
        """
        text = members.get("certificate")
        certificate = None if text is None else x509.load_pem_x509_certificate(text.encode())
        return cls(serial=members["serial"], private_key=_load(members["private_key"]), certificate=certificate)

    @property
    def private_pem(self) -> str:
        """The private key as PKCS#8, like `apiclient_key.pem`."""
        if not isinstance(self.private_key, rsa.RSAPrivateKey):
            return _pem("PRIVATE KEY", self.private_key.to_der())
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    @property
    def pkcs1_pem(self) -> str:
        """Only the public key, in PKCS#1, as `risk/getpublickey` of APIv2 returns it.

        Raises:
            TypeError: it is a key of SM2.
        """
        return self.rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode("ascii")

    @property
    def public_pem(self) -> str:
        """The certificate if there is one, else the public key, like the portal's `pub_key.pem`."""
        if self.certificate is not None:
            return self.certificate.public_bytes(Encoding.PEM).decode("ascii")
        if not isinstance(self.private_key, rsa.RSAPrivateKey):
            return _pem("PUBLIC KEY", self.private_key.public.to_der())
        public_key = self.private_key.public_key()
        return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def named(keys: Sequence[KeyPair], serial: str | None) -> KeyPair | None:
    """The key with a serial, in any spelling."""
    wanted = serials.key(serial or "")
    return next((key for key in keys if serials.key(key.serial) == wanted), None)


def usual(keys: Sequence[KeyPair], algorithm: Algorithm) -> KeyPair:
    """The key that signs by default, for a merchant whose keys have this algorithm."""
    found = [key for key in keys if key.algorithm == algorithm] or keys
    # A client that names no public key gets answers signed by a certificate's key, if there is one.
    return next((key for key in found if key.certificate is not None), found[0])


def other_than(keys: Sequence[KeyPair], key: KeyPair, serial: str) -> KeyPair:
    """The key with a serial, or the first that isn't the usual one; the usual one if there is no other.

    Args:
        keys: the platform's.
        key: the usual one.
        serial: of the key that is wanted; empty for any other than the usual one.
    """
    found = (one for one in keys if (one.serial == serial if serial else one.serial != key.serial))
    return next(found, key)


def make_apiv3_key() -> str:
    """32 random letters and digits."""
    return "".join(secrets.choice(ascii_letters + digits) for _ in range(aead.KEY_SIZE))


def _load(pem: str) -> PrivateKey:
    try:
        # Checking a key takes 40 ms, and this one was made here.
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm:
        return load_private_key(pem)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the key is of neither RSA nor SM2")
    return key


def _pem(label: str, content: bytes) -> str:
    body = base64.encodebytes(content).decode("ascii")
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


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
