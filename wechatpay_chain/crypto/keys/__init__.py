r"""Loading keys and certificates in the forms that merchants have them.

Keys of RSA and of SM2: PEM with any line ends, on one line, with literal `\n`, without its header, in quotes, UTF-16;
DER; PKCS#1, PKCS#8, SEC 1 and OpenSSH; PKCS#12; any of them in Base64 or hexadecimal digits; a path or a file URL to
any of these; a loaded key. Every failure is a `ConfigurationError` that says what was found instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from ...errors import ConfigurationError, type_of
from .. import serials
from ..asymmetric import PrivateKey, PublicKey
from ..concealed import conceals_keys
from . import bundles, private, public, sm2
from .armour import Block, blocks_of

if TYPE_CHECKING:
    from ..sm.keys import SM2PrivateKey, SM2PublicKey

MINIMUM_BITS = 2048

PrivateKeySource: TypeAlias = "Path | str | bytes | RSAPrivateKey | SM2PrivateKey"
PublicKeySource: TypeAlias = "Path | str | bytes | RSAPublicKey | SM2PublicKey | x509.Certificate"


@conceals_keys
def load_private_key(source: PrivateKeySource, *, password: str = "", argument: str = "private_key") -> PrivateKey:
    """Load the merchant's private key (`apiclient_key.pem`, or `apiclient_cert.p12` with `password`).

    Args:
        source: path, PEM text or bytes, DER, PKCS#12, or a loaded key.
        password: of a PKCS#12 bundle, or of an encrypted key; the platform uses the merchant's number.
        argument: the name to be used in errors.

    Raises:
        ConfigurationError: unreadable, not a private key, encrypted with another password, neither RSA nor SM2, or an
            RSA key shorter than 2048 bits.
    """
    if isinstance(source, RSAPrivateKey):
        return _accepted_private(source, argument)
    if not isinstance(source, Path | str | bytes) and sm2.is_private_key(source):
        return source
    blocks = blocks_of(source, argument)
    for block in blocks:
        if block.label is None or block.label.endswith("PRIVATE KEY"):
            key = private.private_key(block, password, argument)
            if key is None:
                raise ConfigurationError(
                    argument,
                    f"{_kind_of(block, password)} was found, not a private key",
                    "Give apiclient_key.pem, or apiclient_cert.p12, whose password is the merchant number",
                )
            return _accepted_private(key, argument)
    raise ConfigurationError(
        argument,
        f"a {_labels(blocks)} was found, not a private key",
        "Give apiclient_key.pem, the private key made together with the merchant API certificate",
    )


@conceals_keys
def load_public_key(
    source: PublicKeySource, *, argument: str, serial: str = ""
) -> tuple[PublicKey, x509.Certificate | None]:
    """Load a WeChat Pay public key or a platform certificate.

    Args:
        source: path, PEM text or bytes, DER, or a loaded key or certificate.
        argument: the name to be used in errors.
        serial: of the certificate that is meant, where a file holds a chain; the first one where none has it.

    Returns:
        The key, and the certificate if it came in one.

    Raises:
        ConfigurationError: unreadable, a private key, neither RSA nor SM2, or an RSA key shorter than 2048 bits.
    """
    if isinstance(source, RSAPublicKey):
        return _accepted_public(source, argument), None
    if isinstance(source, x509.Certificate):
        return _certificate_key(source, argument), source
    if not isinstance(source, Path | str | bytes) and sm2.is_public_key(source):
        return source, None
    blocks = blocks_of(source, argument)
    if any(block.label and block.label.endswith("PRIVATE KEY") for block in blocks):
        raise ConfigurationError(
            argument,
            "a private key was found",
            "Give the WeChat Pay public key (pub_key.pem) or a platform certificate; "
            "a private key belongs in private_key alone",
        )
    chain = [certificate for block in blocks if (certificate := public.certificate_in(block)) is not None]
    if chain:
        own = {serials.key(serials.from_number(found.serial_number)): found for found in chain}
        certificate = own.get(serials.key(serial), chain[0])
        return _certificate_key(certificate, argument), certificate
    key = public.public_key(blocks[0], argument)
    if key is None:
        raise ConfigurationError(
            argument,
            f"{_kind_of(blocks[0])} was found, neither a public key nor a certificate",
            "Give pub_key.pem from the merchant portal, or a platform certificate",
        )
    return _accepted_public(key, argument), None


@conceals_keys
def load_certificate(source: PublicKeySource, *, argument: str, password: str = "") -> x509.Certificate:
    """Load the merchant's certificate (`apiclient_cert.pem`, or `apiclient_cert.p12` with `password`).

    Args:
        source: path, PEM text or bytes, DER, PKCS#12, or a loaded certificate.
        argument: the name to be used in errors.
        password: of a PKCS#12 bundle; the platform uses the merchant's number.

    Raises:
        ConfigurationError: it is unreadable, a key, or a bundle with another password.
    """
    if isinstance(source, x509.Certificate):
        _certificate_key(source, argument)
        return source
    blocks = blocks_of(source, argument) if isinstance(source, Path | str | bytes) else []
    for block in blocks:
        certificate = public.certificate_in(block)
        if certificate is None and block.label is None:
            certificate = bundles.opened(block.der, password)[1]
        if certificate is not None:
            _certificate_key(certificate, argument)
            return certificate
    if blocks:
        found = _kind_of(blocks[0], password)
    else:
        found = "a public key" if isinstance(source, RSAPublicKey) else type_of(source)
    raise ConfigurationError(
        argument,
        f"{found} was found, not a certificate",
        "Give apiclient_cert.pem, or apiclient_cert.p12, whose password is the merchant number",
    )


def _certificate_key(certificate: x509.Certificate, argument: str) -> PublicKey:
    return _accepted_public(public.certificate_key(certificate, argument), argument)


def _kind_of(block: Block, password: str | None = None) -> str:
    from .kinds import kind_of  # only for the text of an error

    return kind_of(block, password)


def _accepted_private(key: object, argument: str) -> PrivateKey:
    """The key, if the platform accepts it: RSA of at least 2048 bits, or SM2."""
    if isinstance(key, RSAPrivateKey):
        _check_size(key, argument)
    elif not sm2.is_private_key(key):
        raise _not_rsa(key, argument)
    return key


def _accepted_public(key: object, argument: str) -> PublicKey:
    """The same for a public key."""
    if isinstance(key, RSAPublicKey):
        _check_size(key, argument)
    elif not sm2.is_public_key(key):
        raise _not_rsa(key, argument)
    return key


def _check_size(key: RSAPrivateKey | RSAPublicKey, argument: str) -> None:
    if key.key_size < MINIMUM_BITS:
        raise ConfigurationError(
            argument, f"an RSA key of {key.key_size} bits was found", f"The platform uses {MINIMUM_BITS} bits or more"
        )


def _labels(blocks: list[Block]) -> str:
    return " and a ".join((block.label or "file").lower().strip() for block in blocks)


def _not_rsa(key: object, argument: str) -> ConfigurationError:
    found = "a key of an unknown algorithm" if key is None else type_of(key)
    return ConfigurationError(argument, f"{found} was found, not an RSA key", "The platform uses RSA keys, or SM2")
