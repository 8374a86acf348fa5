"""A certificate authority of the emulator's own, for clients that speak nothing but https.

Its certificate is constrained to the names of this machine, so trusting it endangers no other connection.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import ConfigurationError
from .private_files import write_private

CERTIFICATE = "ca.pem"
_KEY = "ca_key.pem"
_SERVER = "server.pem"
_YEARS = timedelta(days=3650)
# Clients refuse server certificates that live longer.
_SERVER_LIFETIME = timedelta(days=397)
_LOOPBACK = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1")), x509.IPAddress(IPv6Address("::1"))]
_CONSTRAINTS = x509.NameConstraints(
    [
        x509.DNSName("localhost"),
        x509.IPAddress(IPv4Network("127.0.0.0/8")),
        x509.IPAddress(IPv6Network("::1/128")),
    ],
    None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate authority.

    Attributes:
        certificate: its own, which clients trust.
        key: signs the certificates of servers.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Load the authority that is saved in a folder; if there is none, make one and save it there.

        Raises:
            ConfigurationError: what is saved is damaged.
        """
        paths = folder / CERTIFICATE, folder / _KEY
        if not all(path.exists() for path in paths):
            made = cls._make()
            pem = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_private(paths[0], made.certificate.public_bytes(Encoding.PEM).decode())
            write_private(paths[1], pem.decode())
            return made
        try:
            key = load_pem_private_key(paths[1].read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(paths[0].read_bytes())
        except ValueError as error:
            raise _damaged(folder, str(error)) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise _damaged(folder, "certificate and key don't belong together")
        return cls(certificate=certificate, key=key)

    def context(self, folder: Path) -> ssl.SSLContext:
        """The TLS context of an https server on this machine.

        Args:
            folder: where its certificate and key are written for OpenSSL to read.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = (
            _builder(_name("localhost"), self.certificate.subject, key, now, now + _SERVER_LIFETIME)
            .add_extension(x509.SubjectAlternativeName(_LOOPBACK), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        write_private(folder / _SERVER, pem + certificate.public_bytes(Encoding.PEM).decode())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / _SERVER)
        return context

    @classmethod
    def _make(cls) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        name, now = _name("wechatpay-chain emulator, this machine only"), datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            _builder(name, name, key, now, now + _YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_CONSTRAINTS, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate=certificate, key=key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Valid on a machine whose clock is a little behind, too.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(end)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _damaged(folder: Path, found: str) -> ConfigurationError:
    return ConfigurationError(
        "folder", f"the authority in {folder} is damaged: {found}", f"Remove {CERTIFICATE} and {_KEY} to make a new one"
    )
