r"""Loading keys and certificates in the forms that merchants have them.

Keys of RSA and of SM2: PEM with any line ends, on one line, with literal `\\n`, without its header, in quotes, UTF-16;
DER; PKCS#1, PKCS#8, SEC 1 and OpenSSH; PKCS#12; any of them in Base64 or hexadecimal digits; a path or a file URL to
any of these; a loaded key. Every failure is a `ConfigurationError` that says what was found instead.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import warnings
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeGuard, TypeVar
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_private_key,
    load_der_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
    pkcs12,
)
from cryptography.utils import CryptographyDeprecationWarning

from ..errors import ConfigurationError, type_of
from . import forms
from .asymmetric import PrivateKey, PublicKey

if TYPE_CHECKING:
    from .sm.keys import SM2PrivateKey, SM2PublicKey

MINIMUM_BITS = 2048

_Key = TypeVar("_Key", RSAPrivateKey, RSAPublicKey)

PrivateKeySource: TypeAlias = "Path | str | bytes | RSAPrivateKey | SM2PrivateKey"
PublicKeySource: TypeAlias = "Path | str | bytes | RSAPublicKey | SM2PublicKey | x509.Certificate"

# Shorter than any key of 2048 bits, longer than most paths.
_SHORTEST_BASE64 = 300
# The curve of SM2, which every key of it names. Keys are told by it before anything of SM is imported.
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
_BASE64_OF_PEM = "LS0tLS1CRUdJTi"
# In either alphabet, that for URLs often without its padding; but no PEM with a damaged line.
_BASE64 = re.compile(r"(?!-)[A-Za-z0-9+/_-]+={0,2}(?<!---)")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]")
_FOR_URLS = str.maketrans("-_", "+/")
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2})+")
# With blanks where they belong, or without any, as whoever removes all of them leaves the lines.
_BEGIN = re.compile(r"-----\s?BEGIN\s?")
_END = re.compile(r"-----\s?END\s?")
_WORDS_OF_LABEL = re.compile(r"(?<=[A-Z0-9])(?=(?:PRIVATE|PUBLIC|KEY|CERTIFICATE|REQUEST)\b|(?:PRIVATE|PUBLIC)KEY\b)")
_WHITE_SPACE = re.compile(r"\s|\\+[rn]")
_OPENSSH = "OPENSSH PRIVATE KEY"
_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_SSH_RSA = "ssh-rsa "
# A PKCS#12 bundle begins with its version, 3; nothing else that is loaded here does.
_PKCS12 = re.compile(rb"\x30(?:\x80|[\x81-\x84].{1,4}?|.)\x02\x01\x03", re.DOTALL)
_FILE_URL = "file://"
_WEB_URL = re.compile(r"https?://", re.IGNORECASE)
# Checking that a private key is sound takes 40 ms: once for each key and process. These are digests of keys that were
# found sound; no key can be computed from its digest, and the keys themselves aren't kept.
_sound: set[bytes] = set()
_MOST_SOUND = 10_000
# Far more than any chain of certificates.
_LARGEST = 1_000_000


class _Block(NamedTuple):
    """DER bytes with the PEM label they came under; None where there was no PEM."""

    label: str | None
    der: bytes


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
        return _big_enough(source, argument)
    if not isinstance(source, Path | str | bytes) and is_sm2(source):
        return source
    blocks = _blocks(source, argument)
    for block in blocks:
        if block.label is None or block.label.endswith("PRIVATE KEY"):
            key = _private_key(block, password, argument)
            return _big_enough(key, argument) if isinstance(key, RSAPrivateKey) else key
    raise ConfigurationError(
        argument,
        f"a {_labels(blocks)} was found, not a private key",
        "Give apiclient_key.pem, the private key made together with the merchant API certificate",
    )


def is_sm2(source: object) -> TypeGuard[SM2PrivateKey]:
    """Whether this is a loaded private key of SM2."""
    from .sm.keys import SM2PrivateKey

    return isinstance(source, SM2PrivateKey)


def load_public_key(source: PublicKeySource, *, argument: str) -> tuple[PublicKey, x509.Certificate | None]:
    """Load a WeChat Pay public key or a platform certificate.

    Returns:
        The key, and the certificate if it came in one.

    Raises:
        ConfigurationError: unreadable, a private key, neither RSA nor SM2, or an RSA key shorter than 2048 bits.
    """
    if isinstance(source, RSAPublicKey):
        return _big_enough(source, argument), None
    if isinstance(source, x509.Certificate):
        return _certificate_key(source, argument), source
    if not isinstance(source, Path | str | bytes) and (loaded := _loaded_sm2(source)) is not None:
        return loaded, None
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
    key = _public_key(blocks[0], argument)
    return _big_enough(key, argument) if isinstance(key, RSAPublicKey) else key, None


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
    blocks = _blocks(source, argument) if isinstance(source, Path | str | bytes) else []
    for block in blocks:
        certificate = _certificate(block) or (_bundle(block.der, password)[1] if block.label is None else None)
        if certificate is not None:
            _certificate_key(certificate, argument)
            return certificate
    if blocks:
        found = _kind_of(blocks[0], password)
    else:
        found = "a public key" if isinstance(source, RSAPublicKey) else f"{type_of(source)}"
    raise ConfigurationError(
        argument,
        f"{found} was found, not a certificate",
        "Give apiclient_cert.pem, or apiclient_cert.p12, whose password is the merchant number",
    )


def _blocks(source: object, argument: str) -> list[_Block]:
    if isinstance(source, Path):
        source = _read(source, argument, f"the file {str(source)!r}")
    if isinstance(source, bytes):
        text = _text(source)
        if text is None:
            return [_Block(None, source)]
    elif isinstance(source, str):
        text = source
    else:
        raise ConfigurationError(argument, f"{type_of(source)} was found", "Give a Path, text, bytes or a key")
    if len(text) > _LARGEST:
        raise ConfigurationError(
            argument, f"{len(text)} characters were found", "Give the key or the certificate alone"
        )
    text = forms.plain(text)
    blocks = list(_pem_blocks(text, argument))
    if blocks:
        return blocks
    if text.startswith(_SSH_RSA):
        return [_Block(_SSH_RSA, text.encode())]
    bare = _WHITE_SPACE.sub("", text)
    if _BASE64.fullmatch(bare) and (len(bare) >= _SHORTEST_BASE64 or _is_short_key(bare)):
        # Often the Base64 of a whole file, as secrets of Kubernetes and CI systems hold it, or the Base64 of that.
        return _blocks(_unpacked(bare, argument), argument)
    if _WEB_URL.match(text):
        raise ConfigurationError(
            argument, "a URL was found", "Download the file, and give a Path to it, or its content"
        )
    if isinstance(source, str) and "-----" not in text and 0 < len(text) < _SHORTEST_BASE64:
        # A text without a suffix may be a piece of a key, or another secret given in the wrong place: it isn't shown.
        path = Path(unquote(text.removeprefix(_FILE_URL)) if text.startswith(_FILE_URL) else text)
        shown = f"the file {str(path)!r}" if path.suffix else f"a file named by {len(source)} characters"
        return _blocks(_read(path, argument, shown), argument)
    found = "no complete PEM block was found" if bare else "nothing was found"
    if "BEGIN" in bare.upper():
        found += ": its BEGIN or END line is damaged or missing"
    raise ConfigurationError(
        argument, found, "Give a Path to the file, or its whole content with the BEGIN and END lines"
    )


def _unpacked(bare: str, argument: str) -> bytes:
    """What Base64 of either alphabet, or hexadecimal digits, hold."""
    if _HEXADECIMAL.fullmatch(bare):
        return bytes.fromhex(bare)
    plain = bare.rstrip("=").translate(_FOR_URLS)
    return _decode(plain + "=" * (-len(plain) % 4), argument)


def _is_short_key(bare: str) -> bool:
    """Whether Base64 that is too short for an RSA key is a key of SM2, or the PEM of one."""
    try:
        return bare.startswith(_BASE64_OF_PEM) or _SM2_CURVE in base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        return False


def _pem_blocks(text: str, argument: str) -> Iterator[_Block]:
    """The PEM blocks of a text. A BEGIN line that is there twice, or without its END, is none."""
    for part in _BEGIN.split(text)[1:]:
        label, _, rest = part.partition("-----")
        body, *tail = _END.split(rest, maxsplit=1)
        if not tail:
            continue
        label, closing = (_WORDS_OF_LABEL.sub(" ", line.strip()) for line in (label, tail[0].partition("-----")[0]))
        if label.split()[-1:] != closing.split()[-1:]:
            raise ConfigurationError(
                argument, "its BEGIN and END lines don't match", "Copy the file again, whole, without changing a line"
            )
        yield _Block(label, _decode(body, argument))


def _read(path: Path, argument: str, shown: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a home directory that doesn't exist
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(
            argument, f"{shown} cannot be read ({reason})", "Give a Path to an existing, readable file"
        ) from None


def _text(source: bytes) -> str | None:
    """The text of a file, in UTF-8 or in what Notepad calls Unicode; None for one that is no text."""
    is_wide = source[:2] in {b"\xff\xfe", b"\xfe\xff"} or source[1:2] == b"\0" == source[3:4]
    try:
        text = source.decode(
            ("utf-16" if source[:1] in {b"\xff", b"\xfe"} else "utf-16-le") if is_wide else "utf-8-sig"
        )
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _decode(body: str, argument: str) -> bytes:
    if "ENCRYPTED" in body:
        raise _encrypted(argument)
    bare = _WHITE_SPACE.sub("", body)
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        foreign = _NOT_BASE64.search(bare)
        found = f"its Base64 holds {foreign[0]!a}, which never occurs there" if foreign else "its Base64 is damaged"
        raise ConfigurationError(argument, found, "Copy the file again, whole, without changing a character") from None


def _private_key(block: _Block, password: str, argument: str) -> PrivateKey:
    if _SM2_CURVE in block.der and _kind_of_sm2(block) is None:
        return _sm2_private_key(block.der, argument)
    key: object
    try:
        key = _openssh(block.der) if block.label == _OPENSSH else _plain_private_key(block.der)
    except TypeError:
        key = _decrypted(block, password, argument)
    except (ValueError, UnsupportedAlgorithm):
        key = _decrypted(block, password, argument) if block.label == _ENCRYPTED else _bundle(block.der, password)[0]
    if key is None and block.label is not None:
        raise ConfigurationError(
            argument, "a damaged private key was found", "Copy the file again, whole, without changing a character"
        )
    if key is None:
        raise ConfigurationError(
            argument,
            f"{_kind_of(block, password)} was found, not a private key",
            "Give apiclient_key.pem, or apiclient_cert.p12, whose password is the merchant number",
        )
    return _either(key, argument)


def _plain_private_key(der: bytes) -> object:
    """A key in PKCS#1, PKCS#8 or SEC 1 that isn't encrypted, checked when it is first met."""
    digest = sha256(der).digest()
    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=digest in _sound)
    if len(_sound) >= _MOST_SOUND:
        _sound.clear()
    _sound.add(digest)
    return key


def _either(key: object, argument: str) -> PrivateKey:
    if not isinstance(key, RSAPrivateKey) and not is_sm2(key):
        raise _not_rsa(key, argument)
    return key


def _decrypted(block: _Block, password: str, argument: str) -> object:
    """A key in PKCS#8 that is encrypted; `cryptography` opens it, unless it is of SM2 or encrypted with SM4."""
    if not password:
        raise _encrypted(argument)
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        return load_der_private_key(block.der, password.encode())
    from .sm import files

    opened = b""
    with contextlib.suppress(ValueError, IndexError):
        opened = files.decrypted(block.der, password.encode())
    if _SM2_CURVE not in opened:
        raise _encrypted(argument)
    return _sm2_private_key(opened, argument)


def _sm2_private_key(der: bytes, argument: str) -> SM2PrivateKey:
    from .sm import files
    from .sm.failure import EngineError

    try:
        return files.private_key(der)
    except (ValueError, IndexError, EngineError) as error:
        mistake = _damaged_sm2(error, argument)
    # Raised here, so that it doesn't bring along the frames that hold the key.
    raise mistake


def _sm2_public_key(der: bytes, argument: str, *, is_certificate: bool = False) -> SM2PublicKey:
    from .sm import files

    try:
        return (files.certificate_key if is_certificate else files.public_key)(der)
    except (ValueError, IndexError) as error:
        raise _damaged_sm2(error, argument) from None


def _sm2_bundle(der: bytes, password: str) -> tuple[SM2PrivateKey | None, x509.Certificate | None]:
    """The key and the certificate of a PKCS#12 bundle that `cryptography` doesn't open; None for both as `_bundle`."""
    if not _PKCS12.match(der):
        return None, None
    from .sm import files

    for tried in _passwords(password):
        with contextlib.suppress(ValueError, IndexError):
            key, certificate = files.bundle(der, tried)
            return key, None if certificate is None else x509.load_der_x509_certificate(certificate)
    return None, None


def _loaded_sm2(source: object) -> SM2PublicKey | None:
    from .sm.keys import SM2PublicKey

    return source if isinstance(source, SM2PublicKey) else None


def _openssh(der: bytes) -> object:
    body = base64.encodebytes(der).decode("ascii")
    return load_ssh_private_key(f"-----BEGIN {_OPENSSH}-----\n{body}-----END {_OPENSSH}-----\n".encode(), password=None)


def _bundle(der: bytes, password: str) -> tuple[object | None, x509.Certificate | None]:
    """The key and the certificate of a PKCS#12 bundle; None for both where it is none, or has another password."""
    for tried in _passwords(password):
        with contextlib.suppress(ValueError, UnsupportedAlgorithm):
            key, certificate, others = pkcs12.load_key_and_certificates(der, tried)
            return key, certificate or (next(iter(others), None) if key is None else None)
    return _sm2_bundle(der, password)


def _passwords(password: str) -> tuple[bytes, ...]:
    """The owner's, and none, which one has who packed the bundle again."""
    return password.encode(), b""


def _kind_of(block: _Block, password: str | None = None) -> str:
    """What a block is, where it isn't what was asked for; `password` where a bundle would have been opened."""
    if _SM2_CURVE in block.der and (of_sm2 := _kind_of_sm2(block)) is not None:
        return of_sm2
    if block.label is not None:
        label = block.label.strip().lower()
        return f"{'an' if label[:1] in 'aeiou' else 'a'} {label}"
    if _certificate(block) is not None:
        return "a certificate"
    for load, kind in ((load_der_public_key, "a public key"), (_any_private_key, "a private key")):
        try:
            load(block.der)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        return kind
    if _PKCS12.match(block.der):
        return "a PKCS#12 bundle" if password is None else _kind_of_bundle(block.der, password)
    return "something that is neither a key nor a certificate"


def _kind_of_bundle(der: bytes, password: str) -> str:
    key, certificate = _bundle(der, password)
    if key is None and certificate is None:
        return "a PKCS#12 bundle with another password than the merchant number"
    return f"a PKCS#12 bundle that holds a {'certificate' if key is None else 'private key'} alone"


def _kind_of_sm2(block: _Block) -> str | None:
    """What a block of SM2 is that holds no private key; None for one that does, or is damaged."""
    if _certificate(block) is not None:
        return "a certificate"
    with contextlib.suppress(ConfigurationError):
        _sm2_public_key(block.der, "")
        return "a public key"
    return None


def _any_private_key(der: bytes) -> object:
    return load_der_private_key(der, password=None)


def _certificate(block: _Block) -> x509.Certificate | None:
    if block.label not in {None, "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"}:
        return None
    try:
        with warnings.catch_warnings():
            # Of serials below zero, which a damaged file may have: it is refused for its serial anyway.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(block.der)
    except (ValueError, x509.InvalidVersion):
        return None


def _certificate_key(certificate: x509.Certificate, argument: str) -> PublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        der = certificate.public_bytes(Encoding.DER)
        if _SM2_CURVE in der:
            return _sm2_public_key(der, argument, is_certificate=True)
        key = None
    if not isinstance(key, RSAPublicKey):
        raise _not_rsa(key, argument)
    return _big_enough(key, argument)


def _public_key(block: _Block, argument: str) -> PublicKey:
    if _SM2_CURVE in block.der:
        return _sm2_public_key(block.der, argument)
    try:
        key = load_ssh_public_key(block.der) if block.label == _SSH_RSA else load_der_public_key(block.der)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(
            argument,
            f"{_kind_of(block)} was found, neither a public key nor a certificate",
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


def _damaged_sm2(error: Exception, argument: str) -> ConfigurationError:
    return ConfigurationError(
        argument,
        f"a damaged key of SM2 was found ({error})",
        "Copy the file again, whole and unchanged",
    )


def _not_rsa(key: object, argument: str) -> ConfigurationError:
    found = type_of(key) if key is not None else "a key of an unknown algorithm"
    return ConfigurationError(argument, f"{found} was found, not an RSA key", "The platform uses RSA keys, or SM2")
