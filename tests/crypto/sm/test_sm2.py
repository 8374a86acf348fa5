"""SM2 and SM4 as the platform uses them: Base64 around the sums, and errors that say whose fault it is."""

from __future__ import annotations

import base64
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.openssl_sm import openssl
from wechatpay_chain.crypto import asymmetric
from wechatpay_chain.crypto.sm import plain, sm2, sm4
from wechatpay_chain.crypto.sm.failure import EngineError
from wechatpay_chain.errors import ConfigurationError, DecryptionError, SignatureError, WeChatPayError

KEY = sm2.generate()
APIV3_KEY = b"0123456789abcdefghijklmnopqrstuv"


@settings(max_examples=15)
@given(st.binary(max_size=200))
def test_signatures(message: bytes) -> None:
    """What was signed is verified; another message, or another key, is not."""
    signature = base64.b64encode(sm2.sign(KEY, message)).decode()
    sm2.verify(KEY.public, message, signature)
    for key, text in ((KEY.public, message + b"."), (sm2.generate().public, message)):
        with pytest.raises(SignatureError, match="does not fit"):
            sm2.verify(key, text, signature)


@pytest.mark.parametrize("signature", ["", "é", "AAA", "A A A A", "WECHATPAY/SIGNTEST/x", "-"])
def test_no_base64(signature: str) -> None:
    """What is no Base64 of a signature is refused as such."""
    with pytest.raises(SignatureError):
        sm2.verify(KEY.public, b"", signature)


@settings(max_examples=15)
@given(st.text(min_size=1, max_size=100))
def test_secrets(plaintext: str) -> None:
    """What was encrypted is decrypted, and told from plain text; another key doesn't open it."""
    sealed = sm2.encrypt(KEY.public, plaintext)
    assert sm2.decrypt(KEY, sealed) == plaintext
    assert asymmetric.is_ciphertext(KEY.public, sealed)
    assert not asymmetric.is_ciphertext(KEY.public, plaintext)
    with pytest.raises(DecryptionError, match="another key"):
        sm2.decrypt(sm2.generate(), sealed)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-4],
        lambda text: text + "AAAA",
        lambda text: " " + text[1:],
        lambda text: "N" + text[1:],
        lambda text: text[:10] + "A" * 20 + text[30:],
    ],
)
def test_what_is_no_ciphertext(change: Any) -> None:
    """A text that isn't exactly the Base64 of a ciphertext is plain, and so will be encrypted."""
    assert not asymmetric.is_ciphertext(KEY.public, change(sm2.encrypt(KEY.public, "6222000011112222")))


@given(st.binary(max_size=300), st.binary(min_size=12, max_size=12), st.binary(max_size=20))
def test_sealed(plaintext: bytes, nonce: bytes, data: bytes) -> None:
    """What was sealed with SM4 is opened by the same APIv3 key, nonce and data alone."""
    sealed = sm4.encrypt(APIV3_KEY, nonce, plaintext, data)
    assert sm4.decrypt(APIV3_KEY, nonce, sealed, data) == plaintext
    for key, other, more in (
        (APIV3_KEY[::-1], nonce, data),
        (APIV3_KEY, nonce, data + b"."),
        (APIV3_KEY, b"n" * 12, data),
    ):
        if (key, other, more) != (APIV3_KEY, nonce, data):
            with pytest.raises(DecryptionError, match="does not open"):
                sm4.decrypt(key, other, sealed, more)


@settings(max_examples=15)
@given(st.binary(min_size=1, max_size=300))
def test_another_implementation(plaintext: bytes) -> None:
    """GmSSL seals the same, with the first half of the APIv3 key's SM3, which the openssl program computes, too."""
    gmssl: Any = import_module("gmssl_pyx")
    digest = gmssl.sm3_hash(APIV3_KEY)
    assert openssl("dgst", "-sm3", "-binary", stdin=APIV3_KEY) == digest == plain.sm3(APIV3_KEY)
    nonce, data = b"0123456789ab", b"transaction"
    ciphertext, tag = gmssl.sm4_gcm_encrypt(digest[:16], nonce, data, plaintext)
    assert sm4.decrypt(APIV3_KEY, nonce, base64.b64encode(ciphertext + tag).decode(), data) == plaintext
    assert base64.b64decode(sm4.encrypt(APIV3_KEY, nonce, plaintext, data)) == ciphertext + tag


@pytest.mark.parametrize("sealed", ["", "AAAA", "é", "A"])
def test_what_was_never_sealed(sealed: str) -> None:
    """Something else in its place is told from a wrong key, without another error."""
    with pytest.raises(DecryptionError):
        sm4.decrypt(APIV3_KEY, b"n" * 12, sealed)


class Broken:
    """An engine that fails at everything."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise EngineError("out of memory")

        return fail


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: sm2.verify(KEY.public, b"", "AAAA"), SignatureError),
        (lambda: sm2.encrypt(KEY.public, "x"), ConfigurationError),
        (lambda: sm2.decrypt(KEY, "AAAA"), DecryptionError),
    ],
)
def test_an_engine_that_fails(call: Any, error: type[WeChatPayError], monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the engine is an error of ours, and never taken for success."""
    monkeypatch.setattr(sm2, "engine", Broken)
    with pytest.raises(error):
        call()
