"""Keys as merchants have them: the texts that editors, chats, shells and secret stores make of a file."""

from __future__ import annotations

import base64
import re
import textwrap
import traceback
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from wechatpay_chain.crypto import keys
from wechatpay_chain.errors import ConfigurationError

MCHID = "1900000109"
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
WITHOUT = NoEncryption()


def load_private_key(source: Any, **options: Any) -> RSAPrivateKey:
    """A private key of RSA, loaded."""
    key = keys.load_private_key(source, **options)
    assert isinstance(key, RSAPrivateKey)
    return key


def load_public_key(source: Any, **options: Any) -> tuple[RSAPublicKey, x509.Certificate | None]:
    """A public key of RSA, loaded, and its certificate."""
    key, certificate = keys.load_public_key(source, **options)
    assert isinstance(key, RSAPublicKey)
    return key, certificate


def pem(key: Any, private_format: PrivateFormat = PKCS8) -> str:
    """A private key as PEM."""
    return str(key.private_bytes(Encoding.PEM, private_format, WITHOUT), "ascii")


def public_pem(key: RSAPrivateKey, public_format: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """Its public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, public_format).decode()


def bare(text: str) -> str:
    """What stands between BEGIN and END."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("-----"))


def bundle(key: RSAPrivateKey, certificate: x509.Certificate | None, password: str) -> bytes:
    """A PKCS#12 bundle, as the merchant portal gives it out."""
    return pkcs12.serialize_key_and_certificates(
        b"Tenpay Certificate", key, certificate, None, BestAvailableEncryption(password.encode())
    )


def refused(call: Any, source: Any, *secrets: str, **arguments: Any) -> ConfigurationError:
    """The error of a call, after a look for key material in it."""
    with pytest.raises(ConfigurationError) as raised:
        call(source, **arguments)
    error = raised.value
    shown = f"{error} {error!r} {error.args} {''.join(traceback.format_exception(error, chain=True))}"
    for secret in secrets:
        body = re.sub(r"\s|\\n", "", bare(secret)) or secret
        pieces = [body[at : at + 24] for at in range(0, len(body) - 24, 24)] or [body]
        assert not any(piece in shown for piece in pieces)
    assert error.argument
    assert error.found
    assert error.remedy
    return error


def same(loaded: RSAPrivateKey, key: RSAPrivateKey) -> bool:
    """Whether two keys are one."""
    return loaded.private_numbers() == key.private_numbers()


def in_quotes(text: str) -> str:
    """As an env file leaves it."""
    return f'"{text}"'


FORMS: dict[str, Any] = {
    "PKCS#8": lambda text: text,
    "bytes": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "literal \\n": lambda text: text.replace("\n", "\\n"),
    "literal \\r\\n": lambda text: text.replace("\n", "\\r\\n"),
    "literal \\n as bytes": lambda text: text.replace("\n", "\\n").encode(),
    "one line": lambda text: text.replace("\n", ""),
    "one line with blanks": lambda text: text.replace("\n", " "),
    "BOM": lambda text: "\ufeff" + text,
    "BOM as bytes": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no last line end": lambda text: text.rstrip("\n"),
    "indented": lambda text: textwrap.indent(text, "    "),
    "blank lines around": lambda text: "\n\n" + text + "\n\n",
    "text before": lambda text: "Bag Attributes\n    friendlyName: Tenpay\n" + text,
    "no header": bare,
    "no header, bytes": lambda text: bare(text).encode(),
    "no header, one line": lambda text: bare(text).replace("\n", ""),
    "no header, literal \\n": lambda text: bare(text).replace("\n", "\\n"),
    "DER": lambda text: base64.b64decode(bare(text)),
}


# What people's editors, chats, shells and secret stores make of a key file, and that leaves no doubt of what it was.
AROUND: dict[str, Any] = {
    "as it is": lambda text: text,
    "bytes": str.encode,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "literal line feeds": lambda text: text.replace("\n", "\\n"),
    "two backslashes": lambda text: text.replace("\n", "\\\\n"),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-le"),
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64, bytes": lambda text: base64.b64encode(text.encode()),
    "Base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "in quotes": in_quotes,
    "in single quotes": lambda text: f"'{text}'\n",
    "Base64 in quotes": lambda text: in_quotes(base64.b64encode(text.encode()).decode()),
    "zero-width spaces": lambda text: text.replace("\n", "\u200b\n"),
    "no-break marks": lambda text: "\ufeff" + text.replace("KEY", "\u2060KEY"),
    "text around it": lambda text: f"Bag Attributes\n    friendlyName: x\n{text}\nend of file",
    "BEGIN and END twice": lambda text: f"{text.splitlines()[0]}\n{text}\n{text.splitlines()[-1]}\n",
    "on one line": lambda text: text.replace("\n", " "),
    "without any blank": lambda text: "".join(text.split()),
    "blanks within the dashes": lambda text: text.replace("-----BEGIN", "----- BEGIN").replace("KEY-----", "KEY -----"),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "Base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
}
