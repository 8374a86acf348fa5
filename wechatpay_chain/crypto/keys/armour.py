r"""Taking off what is around a key or a certificate: a path or file URL, quotes, Base64, hexadecimal digits, PEM.

PEM with any line ends, on one line, with literal `\n`, without its header, UTF-16. What is left is DER.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from ...errors import ConfigurationError, type_of
from .. import shapes
from . import sm2

SSH_RSA = "ssh-rsa "

# Shorter than any key of 2048 bits, longer than most paths.
_SHORTEST_BASE64 = 300
_BASE64_OF_PEM = "LS0tLS1CRUdJTi"
_FOR_URLS = str.maketrans("-_", "+/")
# With blanks where they belong, or without any blanks at all.
_BEGIN = re.compile(r"-----\s?BEGIN\s?")
_END = re.compile(r"-----\s?END\s?")
_WORDS_OF_LABEL = re.compile(r"(?<=[A-Z0-9])(?=(?:PRIVATE|PUBLIC|KEY|CERTIFICATE|REQUEST)\b|(?:PRIVATE|PUBLIC)KEY\b)")
_WHITE_SPACE = re.compile(r"\s|(?<!\\)\\+[rn]")
# Patterns as text, compiled on first use: a PEM without a mistake needs none of them.
# Base64 in either alphabet, that for URLs often without its padding; but no PEM with a damaged line.
_BASE64 = r"(?!-)[A-Za-z0-9+/_-]+={0,2}(?<!---)"
_NOT_BASE64 = r"[^A-Za-z0-9+/=\s]"
_HEXADECIMAL = r"(?:[0-9a-fA-F]{2})+"
_FILE_URL = "file://"
_WEB_URLS = "http://", "https://"
_OTHER_FORMS = (
    ("{", "JSON was found, such as a JSON Web Key"),
    ("<", "XML was found, such as a key of .NET"),
    ("PuTTY-User-Key-File", "a key in PuTTY's form was found"),
)
# Far more than any chain of certificates.
_LARGEST = 1_000_000


class Block(NamedTuple):
    """DER bytes with the PEM label they came under; None where there was no PEM.

    A public key in OpenSSH's form of one line isn't DER: `der` is that line, and its label `SSH_RSA`.
    """

    label: str | None
    der: bytes


def blocks_of(source: object, argument: str) -> list[Block]:
    """What a path, text or bytes hold: one block or more.

    Raises:
        ConfigurationError: it can't be read, holds nothing, or is damaged.
    """
    if isinstance(source, Path):
        source = _read(source, argument, shapes.named(source))
    if isinstance(source, bytes):
        text = _text(source)
        if text is None:
            return [Block(None, source)]
    elif isinstance(source, str):
        text = source
    else:
        raise ConfigurationError(argument, f"{type_of(source)} was found", "Give a Path, text, bytes or a key")
    if len(text) > _LARGEST:
        raise ConfigurationError(
            argument, f"{len(text)} characters were found", "Give the key or the certificate alone"
        )
    text = shapes.plain(text)
    if of_pem := list(_pem_blocks(text, argument)):
        return of_pem
    if text.startswith(SSH_RSA):
        return [Block(SSH_RSA, text.encode())]
    bare = _WHITE_SPACE.sub("", text)
    if re.fullmatch(_BASE64, bare) and (len(bare) >= _SHORTEST_BASE64 or _is_short_key(bare)):
        # Often the Base64 of a whole file, once or twice: secrets of Kubernetes and CI systems hold files so.
        return blocks_of(_unpacked(bare, argument), argument)
    _refuse_other_forms(text, argument)
    if isinstance(source, str) and "-----" not in text and 0 < len(text) < _SHORTEST_BASE64:
        # A text without a suffix may be a part of a key, or another secret: it isn't shown.
        path = Path(unquote(text.removeprefix(_FILE_URL)) if text.startswith(_FILE_URL) else text)
        shown = shapes.named(path) if path.suffix else f"a file named by {len(source)} characters"
        return blocks_of(_read(path, argument, shown), argument)
    found = "no complete PEM block was found" if bare else "nothing was found"
    if "BEGIN" in bare.upper():
        found += ": its BEGIN or END line is damaged or missing"
    raise ConfigurationError(
        argument, found, "Give a Path to the file, or its whole content with the BEGIN and END lines"
    )


def _refuse_other_forms(text: str, argument: str) -> None:
    if text[:8].lower().startswith(_WEB_URLS):
        raise ConfigurationError(
            argument, "a URL was found", "Download the file, and give a Path to it, or its content"
        )
    for beginning, other in _OTHER_FORMS:
        if text.startswith(beginning):
            raise ConfigurationError(argument, other, "Give the PEM file itself, or convert the key to PEM")


def _unpacked(bare: str, argument: str) -> bytes:
    """The bytes that Base64 of either alphabet, or hexadecimal digits, encode."""
    if re.fullmatch(_HEXADECIMAL, bare):
        return bytes.fromhex(bare)
    plain = bare.rstrip("=").translate(_FOR_URLS)
    return _decode(plain + "=" * (-len(plain) % 4), argument)


def _is_short_key(bare: str) -> bool:
    """Whether Base64 that is too short for an RSA key is a key of SM2, or the PEM of one."""
    try:
        return bare.startswith(_BASE64_OF_PEM) or sm2.is_named_in(base64.b64decode(bare, validate=True))
    except (binascii.Error, ValueError):
        return False


def _pem_blocks(text: str, argument: str) -> Iterator[Block]:
    """The PEM blocks of a text. A BEGIN line without its END line is skipped."""
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
        yield Block(label, _decode(body, argument))


def _read(path: Path, argument: str, shown: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a home directory that doesn't exist
        reason = error.strerror if isinstance(error, OSError) else str(error)
        remedy = "Give a Path to an existing, readable file, or its content as text"
        raise ConfigurationError(argument, f"{shown} cannot be read ({reason})", remedy) from None


def _text(source: bytes) -> str | None:
    """The text of a file in UTF-8, or in UTF-16 as Notepad writes it; None for a file that is no text."""
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
        raise encrypted_error(argument)
    bare = _WHITE_SPACE.sub("", body)
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        foreign = re.search(_NOT_BASE64, bare)
        found = f"its Base64 holds {foreign[0]!a}, which never occurs there" if foreign else "its Base64 is damaged"
        raise ConfigurationError(argument, found, "Copy the file again, whole, without changing a character") from None


def encrypted_error(argument: str) -> ConfigurationError:
    """The error for an encrypted key, whose password can't be given here."""
    return ConfigurationError(
        argument,
        "the key is encrypted with a pass phrase",
        "Decrypt it first (openssl pkey -in key.pem -out apiclient_key.pem), or give a loaded key",
    )
