"""AES-256-GCM against a published vector, and everything that must not open."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.crypto import aead
from wechatpay_chain.errors import DecryptionError

# Test case 16 of the GCM specification (McGrew and Viega).
KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
ASSOCIATED = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
PLAINTEXT = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
CIPHERTEXT = base64.b64encode(
    bytes.fromhex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
).decode()


def test_the_published_vector() -> None:
    """Ciphertext, tag and plaintext are those of the specification."""
    assert aead.encrypt(KEY, NONCE, PLAINTEXT, ASSOCIATED) == CIPHERTEXT
    assert aead.decrypt(KEY, NONCE, CIPHERTEXT, ASSOCIATED) == PLAINTEXT


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=8, max_size=32), st.binary(), st.binary())
def test_what_was_encrypted_opens(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> None:
    """Any content under any key comes back, with nonces of 12 and other numbers of bytes."""
    assert aead.decrypt(key, nonce, aead.encrypt(key, nonce, plaintext, associated), associated) == plaintext


@pytest.mark.parametrize(
    ("key", "nonce", "associated"),
    [
        (bytes(32), NONCE, ASSOCIATED),
        (KEY, bytes(12), ASSOCIATED),
        (KEY, NONCE, b""),
        (KEY, NONCE, ASSOCIATED + b"\x00"),
        (KEY[:16], NONCE, ASSOCIATED),
    ],
)
def test_another_key_nonce_or_associated_data(key: bytes, nonce: bytes, associated: bytes) -> None:
    """The error names the APIv3 key as the likely cause, and repeats no key."""
    with pytest.raises(DecryptionError, match="APIv3 key does not open") as raised:
        aead.decrypt(key, nonce, CIPHERTEXT, associated)
    assert key.hex() not in str(raised.value)


@pytest.mark.parametrize("length", [0, 1, 31, 33])
def test_a_key_of_an_impossible_length(length: int) -> None:
    """It is a DecryptionError too, not an exception of the library below."""
    with pytest.raises(DecryptionError):
        aead.decrypt(bytes(length), NONCE, CIPHERTEXT, ASSOCIATED)


@given(st.integers(0, 75), st.integers(1, 255))
def test_an_altered_byte(at: int, change: int) -> None:
    """No byte of ciphertext or tag can be altered."""
    raw = bytearray(base64.b64decode(CIPHERTEXT))
    raw[at] ^= change
    with pytest.raises(DecryptionError):
        aead.decrypt(KEY, NONCE, base64.b64encode(raw).decode(), ASSOCIATED)


@given(st.text() | st.binary().map(base64.b64encode).map(bytes.decode), st.binary(max_size=140))
def test_arbitrary_ciphertext_and_nonce(ciphertext: str, nonce: bytes) -> None:
    """Whatever is given, nothing but a DecryptionError comes of it."""
    with pytest.raises(DecryptionError):
        aead.decrypt(KEY, nonce, ciphertext)
