r"""Loading keys and certificates in the forms that merchants have them.

PEM with any line ends, on one line, with literal `\\n`, or without its header; DER; PKCS#1 and PKCS#8; PKCS#12;
a path to any of these; a loaded key. Every failure is a `ConfigurationError` that says what was found instead.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key, pkcs12

from ..errors import ConfigurationError

MINIMUM_BITS = 2048

_Key = TypeVar("_Key", RSAPrivateKey, RSAPublicKey)

PrivateKeySource = Path | str | bytes | RSAPrivateKey
PublicKeySource = Path | str | bytes | RSAPublicKey | x509.Certificate

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
# Shorter than any key of 2048 bits, longer than most paths.
_SHORTEST_BASE64 = 300
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_WHITE_SPACE = re.compile(r"\s|\\r|\\n")


@dataclass(frozen=True, slots=True)
class _Block:
    """DER bytes with the PEM label they came under; None where there was no PEM."""

    label: str | None
    der: bytes


def load_private_key(source: PrivateKeySource, *, password: str = "", argument: str = "private_key") -> RSAPrivateKey:
    """Load the merchant's private key (`apiclient_key.pem`, or `apiclient_cert.p12` with `password`).

    Args:
        source: path, PEM text or bytes, DER, PKCS#12, or a loaded key.
        password: of a PKCS#12 bundle; the platform uses the merchant's number.
        argument: the name to be used in errors.

    Raises:
        ConfigurationError: unreadable, not a private key, encrypted, not RSA, or shorter than 2048 bits.
    """
    if isinstance(source, RSAPrivateKey):
        return _big_enough(source, argument)
    blocks = _blocks(source, argument)
    for block in blocks:
        if block.label is None or block.label.endswith("PRIVATE KEY"):
            return _big_enough(_private_key(block, password, argument), argument)
    raise ConfigurationError(
        argument,
        f"a {_labels(blocks)} was found, not a private key",
        "Give apiclient_key.pem, the private key made together with the merchant API certificate",
    )


def load_public_key(source: PublicKeySource, *, argument: str) -> tuple[RSAPublicKey, x509.Certificate | None]:
    """Load a WeChat Pay public key or a platform certificate.

    Returns:
        The key, and the certificate if it came in one.

    Raises:
        ConfigurationError: unreadable, a private key, not RSA, or shorter than 2048 bits.
    """
    if isinstance(source, RSAPublicKey):
        return _big_enough(source, argument), None
    if isinstance(source, x509.Certificate):
        return _certificate_key(source, argument), source
    blocks = _blocks(source, argument)
    if any(block.label and block.label.endswith("PRIVATE KEY") for block in blocks):
        raise ConfigurationError(
            argument,
            "a private key was found",
            "Give the WeChat Pay public key (wechatpay_public_key.pem) or a platform certificate; "
            "a private key belongs in private_key alone",
        )
    for block in blocks:
        certificate = _certificate(block)
        if certificate is not None:
            return _certificate_key(certificate, argument), certificate
    return _big_enough(_public_key(blocks[0], argument), argument), None


def load_certificate(source: PublicKeySource, *, argument: str, password: str = "") -> x509.Certificate:
    """Load a certificate (`apiclient_cert.pem`, or `apiclient_cert.p12` with `password`).

    Args:
        source: path, PEM text or bytes, DER, PKCS#12, or a loaded certificate.
        argument: the name to be used in errors.
        password: of a PKCS#12 bundle; the platform uses the merchant's number.

    Raises:
        ConfigurationError: it is unreadable, or a bare key.
    """
    if isinstance(source, Path | str | bytes):
        for block in _blocks(source, argument):
            bundled = _pkcs12_certificate(block.der, password) if block.label is None else None
            if bundled is not None:
                return bundled
    _, certificate = load_public_key(source, argument=argument)
    if certificate is None:
        raise ConfigurationError(argument, "a bare public key was found", "Give the certificate, apiclient_cert.pem")
    return certificate


def _blocks(source: Path | str | bytes, argument: str) -> list[_Block]:
    if isinstance(source, Path):
        source = _read(source, argument, f"the file {str(source)!r}")
    if isinstance(source, bytes):
        text = _text(source)
        if text is None:
            return [_Block(None, source)]
    elif isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        text = source.removeprefix("\ufeff")
    else:
        raise ConfigurationError(argument, f"a {type(source).__name__} was found", "Give a Path, text, bytes or a key")
    blocks = [_Block(match[1], _decode(match[2], argument)) for match in _PEM.finditer(text)]
    if blocks:
        return blocks
    bare = _WHITE_SPACE.sub("", text)
    if len(bare) >= _SHORTEST_BASE64 and _BASE64.fullmatch(bare):
        return [_Block(None, _decode(bare, argument))]
    if isinstance(source, str) and "-----" not in source and 0 < len(source) < _SHORTEST_BASE64:
        # A text without a suffix may be a piece of a key, or another secret given in the wrong place: it isn't shown.
        shown = f"the file {source!r}" if Path(source).suffix else f"a file named by {len(source)} characters"
        return _blocks(_read(Path(source), argument, shown), argument)
    raise ConfigurationError(
        argument,
        "no complete PEM block was found" if bare else "nothing was found",
        "Give a Path to the file, or its whole content with the BEGIN and END lines",
    )


def _read(path: Path, argument: str, shown: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a home directory that doesn't exist
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(
            argument, f"{shown} cannot be read ({reason})", "Give the path of an existing, readable file"
        ) from None


def _text(source: bytes) -> str | None:
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _decode(body: str, argument: str) -> bytes:
    if "ENCRYPTED" in body:
        raise _encrypted(argument)
    try:
        return base64.b64decode(_WHITE_SPACE.sub("", body), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(
            argument, "its Base64 is damaged", "Copy the file again, whole, without changing a character"
        ) from None


def _private_key(block: _Block, password: str, argument: str) -> RSAPrivateKey:
    if block.label == "ENCRYPTED PRIVATE KEY":
        raise _encrypted(argument)
    key: object
    try:
        key = load_der_private_key(block.der, password=None)
    except TypeError:
        raise _encrypted(argument) from None
    except (ValueError, UnsupportedAlgorithm):
        key = _pkcs12_key(block.der, password)
    if key is None:
        kind = "a certificate" if _certificate(block) else "something that is no private key"
        raise ConfigurationError(
            argument,
            f"{kind} was found, or a PKCS#12 bundle with another password than the merchant number",
            "Give apiclient_key.pem, or apiclient_cert.p12 with its own password",
        )
    if not isinstance(key, RSAPrivateKey):
        raise _not_rsa(key, argument)
    return key


def _pkcs12_key(der: bytes, password: str) -> object | None:
    try:
        return pkcs12.load_key_and_certificates(der, password.encode())[0]
    except (ValueError, UnsupportedAlgorithm):
        return None


def _pkcs12_certificate(der: bytes, password: str) -> x509.Certificate | None:
    try:
        return pkcs12.load_key_and_certificates(der, password.encode())[1]
    except (ValueError, UnsupportedAlgorithm):
        return None


def _certificate(block: _Block) -> x509.Certificate | None:
    if block.label not in {None, "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}:
        return None
    try:
        return x509.load_der_x509_certificate(block.der)
    except (ValueError, x509.InvalidVersion):
        return None


def _certificate_key(certificate: x509.Certificate, argument: str) -> RSAPublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise _not_rsa(key, argument)
    return _big_enough(key, argument)


def _public_key(block: _Block, argument: str) -> RSAPublicKey:
    try:
        key = load_der_public_key(block.der)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(
            argument,
            "neither a public key nor a certificate was found",
            "Give wechatpay_public_key.pem from the merchant portal, or a platform certificate",
        ) from None
    if not isinstance(key, RSAPublicKey):
        raise _not_rsa(key, argument)
    return key


def _big_enough(key: _Key, argument: str) -> _Key:
    if key.key_size < MINIMUM_BITS:
        raise ConfigurationError(
            argument, f"an RSA key of {key.key_size} bits was found", f"The platform uses {MINIMUM_BITS} bits or more"
        )
    return key


def _labels(blocks: list[_Block]) -> str:
    return " and a ".join((block.label or "file").lower() for block in blocks)


def _encrypted(argument: str) -> ConfigurationError:
    return ConfigurationError(
        argument,
        "the key is encrypted with a pass phrase",
        "Decrypt it first (openssl pkey -in key.pem -out apiclient_key.pem), or give a loaded key",
    )


def _not_rsa(key: object, argument: str) -> ConfigurationError:
    kind = type(key).__name__.strip("_") if key is not None else "key of an unknown algorithm"
    return ConfigurationError(argument, f"a {kind} was found, not an RSA key", "The platform uses RSA keys")
