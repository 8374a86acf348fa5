"""Presenting the merchant certificate (mTLS), which some operations of APIv2 ask for.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from ..crypto import keys, serials
from ..crypto.asymmetric import PrivateKey
from ..errors import ConfigurationError
from ..http.value import frozen


@frozen(kw_only=True)
class ClientCertificate:
    """A certificate with its private key."""

    certificate: x509.Certificate = field(repr=False)
    private_key: RSAPrivateKey = field(repr=False)

    def context(self) -> ssl.SSLContext:
        """A TLS context that checks the server and presents the certificate. It reads and writes files.

        Raises:
            ConfigurationError: there is no temporary folder, or no room in it.
        """
        context = ssl.create_default_context()
        # ssl reads files only: the key is in one for a moment, encrypted with a random password.
        password = secrets.token_hex(32)
        try:
            with TemporaryDirectory() as folder:
                chain, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
                chain.write_bytes(self.certificate.public_bytes(Encoding.PEM))
                encryption = BestAvailableEncryption(password.encode())
                key.write_bytes(self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
                context.load_cert_chain(chain, key, password)
        except OSError as error:
            raise ConfigurationError(
                "merchant_cert",
                f"it can't be put into a temporary file ({error.strerror or error})",
                "TLS reads certificates from files: let TMPDIR name a folder with some room, or give an ssl.SSLContext "
                "that presents it",
            ) from None
        return context


def load_client_tls(
    source: keys.PublicKeySource | ssl.SSLContext, serial: str, private_key: PrivateKey | None, mchid: str
) -> Callable[[], ssl.SSLContext] | None:
    """A function that makes the TLS context which presents the merchant certificate; None if its key isn't here.

    Args:
        source: the certificate in any form, or a context that presents it.
        serial: of the merchant API certificate.
        private_key: the merchant's; None with a `Signer` of the caller's own.
        mchid: the password of a PKCS#12 bundle.

    Raises:
        ConfigurationError: it is another certificate than the one of `serial`, or can't be presented.
    """
    if isinstance(source, ssl.SSLContext):
        context = source
        return lambda: context
    if private_key is not None and not isinstance(private_key, RSAPrivateKey):
        raise ConfigurationError(
            "merchant_cert",
            "private_key is of SM2, which Python's TLS can't present",
            "Give an ssl.SSLContext that presents the certificate of RSA, or leave it out: APIv3 asks for none",
        )
    certificate = keys.load_certificate(source, argument="merchant_cert", password=mchid)
    _check_own(certificate, serial, private_key)
    if private_key is None:
        return None
    return ClientCertificate(certificate=certificate, private_key=private_key).context


def _check_own(certificate: x509.Certificate, serial: str, private_key: RSAPrivateKey | None) -> None:
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
