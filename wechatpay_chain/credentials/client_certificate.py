"""Presenting the merchant certificate (mTLS), which some operations of APIv2 ask for.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import secrets
import ssl
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

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
        # ssl reads from files alone: the key is there for a moment, encrypted under a password that is nowhere.
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
