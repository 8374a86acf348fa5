"""AES-256-GCM against a published vector, and everything that must not open."""

from __future__ import annotations

import base64
import sys

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.crypto import aead
from wechatpay_chain.crypto.concealed import Concealed
from wechatpay_chain.errors import ConfigurationError, DecryptionError

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


# Test case 15 of the GCM specification, and RFC 8998, A.1, whose tag covers further data.
AES_SEALED = bytes.fromhex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
    "bcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"
)
SM4_KEY, SM4_NONCE = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("00001234567800000000ABCD")
SM4_SEALED = bytes.fromhex(
    "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397"
    "B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC"
)
SM4_PLAINTEXT = bytes.fromhex("".join(digit * 16 for digit in "ABCDEFEA"))


@pytest.mark.parametrize("size", [1, 7, 16, 1000])
def test_the_published_vectors_piece_by_piece(size: int) -> None:
    """In pieces of any size the plaintext comes out, and the tag holds only without further data."""

    def opened(opener: aead.Opener, sealed: bytes) -> bytes:
        return b"".join(opener.feed(sealed[start : start + size]) for start in range(0, len(sealed), size))

    aes = aead.Opener("AEAD_AES_256_GCM", KEY, NONCE)
    assert opened(aes, AES_SEALED) == PLAINTEXT + bytes.fromhex("1aafd255")
    aes.finish()
    sm4 = aead.Opener("SM4_GCM", SM4_KEY, SM4_NONCE)
    assert opened(sm4, SM4_SEALED) == SM4_PLAINTEXT
    with pytest.raises(DecryptionError):
        sm4.finish()


@pytest.mark.parametrize("sealed", [b"", AES_SEALED[:10], AES_SEALED[:-1], AES_SEALED[1:], AES_SEALED + b"\0"])
def test_what_was_cut_off_or_added_to_is_refused(sealed: bytes) -> None:
    """A missing or surplus byte shows at the end."""
    opener = aead.Opener("AEAD_AES_256_GCM", KEY, NONCE)
    opener.feed(sealed)
    with pytest.raises(DecryptionError, match="cut off"):
        opener.finish()


@pytest.mark.parametrize(("algorithm", "key"), [("AEAD_AES_256_GCM", KEY[:16]), ("SM4_GCM", KEY), ("SM4_GCM", b"")])
def test_an_openers_key_has_its_ciphers_size(algorithm: str, key: bytes) -> None:
    """32 bytes for AES, 16 for SM4; a cipher that isn't there is named."""
    with pytest.raises(DecryptionError, match="malformed"):
        aead.Opener(algorithm, key, NONCE)
    with pytest.raises(ConfigurationError, match="AEAD_AES_256_GCM, SM4_GCM"):
        aead.Opener("ROT13", key, NONCE)


def test_an_openssl_without_sm4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some distributions leave it out: the error says what to ask for instead."""

    def unsupported(*_: object) -> None:
        raise UnsupportedAlgorithm("SM4")

    monkeypatch.setattr(aead, "Cipher", unsupported)
    with pytest.raises(ConfigurationError, match="Ask for AEAD_AES_256_GCM"):
        aead.Opener("SM4_GCM", SM4_KEY, SM4_NONCE)


@pytest.mark.parametrize("conceal", [Concealed, bytes])
def test_no_key_is_kept(conceal: type[Concealed[bytes] | bytes]) -> None:
    """When its owner lets go of a key, such as one that was replaced in the portal, nobody holds it any more."""
    value = bytes(bytearray(KEY))
    before = sys.getrefcount(value)
    for _ in range(2):
        assert aead.decrypt(conceal(value), NONCE, CIPHERTEXT, ASSOCIATED) == PLAINTEXT
    assert sys.getrefcount(value) == before
