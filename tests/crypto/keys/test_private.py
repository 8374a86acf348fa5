"""Private keys in PKCS#1, PKCS#8 and OpenSSH, checked once, and under a password."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_private_key,
)

from tests.crypto.keys.texts import FORMS, PKCS1, PKCS8, bare, load_private_key, pem, refused
from wechatpay_chain.crypto.keys import private


@pytest.mark.parametrize("private_format", [PKCS1, PKCS8])
@pytest.mark.parametrize("form", ["PKCS#8", "bytes", "one line", "literal \\n", "CRLF"])
def test_encrypted_pem(merchant_key: RSAPrivateKey, private_format: PrivateFormat, form: str) -> None:
    """A pass phrase is named with the command that removes it, for both kinds of encrypted PEM."""
    text = merchant_key.private_bytes(Encoding.PEM, private_format, BestAvailableEncryption(b"secret")).decode()
    error = refused(load_private_key, FORMS[form](text), text)
    assert error.found == "the key is encrypted with a pass phrase"
    assert "openssl pkey" in error.remedy


def test_encrypted_der(merchant_key: RSAPrivateKey) -> None:
    """Encrypted PKCS#8 without PEM is recognised as well."""
    der = merchant_key.private_bytes(Encoding.DER, PKCS8, BestAvailableEncryption(b"secret"))
    assert "encrypted" in refused(load_private_key, der).found


def test_a_key_is_checked_once(merchant_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound key is checked when it is first met in a process, an unsound one each time; digests alone are kept."""
    text = pem(merchant_key)
    unsound = bytearray(base64.b64decode(bare(text)))
    unsound[-1] ^= 1
    unchecked: list[bool] = []
    load = load_der_private_key

    def noting(der: bytes, **options: Any) -> Any:
        unchecked.extend(value for name, value in options.items() if name == "unsafe_skip_rsa_key_validation")
        return load(der, **options)

    monkeypatch.setattr(private, "_sound", set[bytes]())
    monkeypatch.setattr(private, "load_der_private_key", noting)
    loaded = [load_private_key(form) for form in (text, text.encode(), base64.b64decode(bare(text)))]
    assert unchecked == [False, True, True]
    assert len({key.private_numbers() for key in loaded}) == 1
    for _ in range(2):
        refused(load_private_key, bytes(unsound), text)
    assert unchecked[3:] == [False, False]
    assert [len(digest) for digest in private._sound] == [32]
