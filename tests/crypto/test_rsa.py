"""RSA against a second implementation, written out in integers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from wechatpay_chain.crypto import rsa
from wechatpay_chain.errors import DecryptionError, SignatureError

MESSAGE = b"1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n{}\n"
# DER of the DigestInfo that names SHA-256 (RFC 8017, section 9.2).
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def textbook_signature(key: RSAPrivateKey, message: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 as RFC 8017 writes it."""
    numbers = key.private_numbers()
    size = key.key_size // 8
    digest = SHA256_PREFIX + hashlib.sha256(message).digest()
    encoded = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


def mask(seed: bytes, size: int) -> bytes:
    """MGF1 with SHA-1."""
    blocks = (hashlib.sha1(seed + count.to_bytes(4, "big")).digest() for count in range(size // 20 + 1))
    return b"".join(blocks)[:size]


def xor(left: bytes, right: bytes) -> bytes:
    """Two byte strings of one length, combined."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def textbook_decryption(key: RSAPrivateKey, ciphertext: bytes) -> bytes:
    """RSAES-OAEP with SHA-1, MGF1 with SHA-1 and no label, as RFC 8017 writes it."""
    numbers = key.private_numbers()
    size = key.key_size // 8
    encoded = pow(int.from_bytes(ciphertext, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")
    assert encoded[0] == 0
    seed = xor(encoded[1:21], mask(encoded[21:], 20))
    block = xor(encoded[21:], mask(seed, size - 21))
    assert block[:20] == hashlib.sha1(b"").digest()
    padding, _, message = block[20:].partition(b"\x01")
    assert not any(padding)
    return message


def test_the_signature_is_the_textbooks(merchant_key: RSAPrivateKey) -> None:
    """PKCS#1 v1.5 over SHA-256, which is deterministic, and nothing else."""
    assert rsa.sign(merchant_key, MESSAGE) == textbook_signature(merchant_key, MESSAGE)


def test_the_textbooks_signature_is_accepted(platform_key: RSAPrivateKey) -> None:
    """What another implementation signed holds."""
    rsa.verify(platform_key.public_key(), MESSAGE, base64.b64encode(textbook_signature(platform_key, MESSAGE)).decode())


def test_wrong_signatures(platform_key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    """Another key's signature, that of another message, a PSS or SHA-1 one, and a cut one don't hold."""
    public = platform_key.public_key()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    right = rsa.sign(platform_key, MESSAGE)
    for wrong in (
        rsa.sign(other_key, MESSAGE),
        rsa.sign(platform_key, MESSAGE + b"\n"),
        platform_key.sign(MESSAGE, pss, hashes.SHA256()),
        platform_key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1()),
        right[:-1],
        right + b"\x00",
        b"\x00" + right,
        bytes(256),
        b"\x00" * 255 + b"\x01",
        b"\xff" * 256,
        public.public_numbers().n.to_bytes(256, "big"),
        (int.from_bytes(right, "big") + public.public_numbers().n).to_bytes(257, "big"),
        b"",
    ):
        with pytest.raises(SignatureError, match="does not fit the content"):
            rsa.verify(public, MESSAGE, base64.b64encode(wrong).decode())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text.rstrip("="),
        lambda text: text[:20] + "\n" + text[20:],
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace(text[5], "-", 1),
        lambda text: text + "!!!!",
        lambda text: f"{text}, {text}",
        lambda text: "签" + text[1:],
        lambda text: "\ud800",
    ],
)
def test_garbage_in_base64_is_not_swallowed(platform_key: RSAPrivateKey, damage: Callable[[str], str]) -> None:
    """A right signature with anything in or around it that isn't strict Base64 is refused."""
    right = base64.b64encode(rsa.sign(platform_key, MESSAGE)).decode()
    with pytest.raises(SignatureError, match="not Base64"):
        rsa.verify(platform_key.public_key(), MESSAGE, damage(right))


@given(st.text() | st.binary().map(base64.b64encode).map(bytes.decode))
def test_no_arbitrary_signature_holds(platform_key: RSAPrivateKey, signature: str) -> None:
    """Whatever stands in place of the signature, only a SignatureError comes of it."""
    with pytest.raises(SignatureError):
        rsa.verify(platform_key.public_key(), MESSAGE, signature)


def test_longest_plaintext(platform_key: RSAPrivateKey) -> None:
    """A 2048-bit key takes 214 bytes, and not one more."""
    public = platform_key.public_key()
    assert rsa.longest_plaintext(public) == 214
    assert rsa.decrypt(platform_key, rsa.encrypt(public, "a" * 214)) == "a" * 214
    assert rsa.decrypt(platform_key, rsa.encrypt(public, "中" * 71)) == "中" * 71
    with pytest.raises(ValueError):
        rsa.encrypt(public, "a" * 215)


@settings(max_examples=15)
@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_encryption_is_the_textbooks(platform_key: RSAPrivateKey, plaintext: str) -> None:
    """OAEP with SHA-1 on both sides: another implementation reads it, so do we, and it is 344 characters of Base64."""
    ciphertext = rsa.encrypt(platform_key.public_key(), plaintext)
    assert len(ciphertext) == 344
    assert textbook_decryption(platform_key, base64.b64decode(ciphertext, validate=True)) == plaintext.encode()
    assert rsa.decrypt(platform_key, ciphertext) == plaintext


def test_encryption_is_random(platform_key: RSAPrivateKey) -> None:
    """One plaintext gives other ciphertext every time."""
    public: RSAPublicKey = platform_key.public_key()
    assert rsa.encrypt(public, "张三") != rsa.encrypt(public, "张三")


def test_foreign_ciphertext(merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey) -> None:
    """Another key's ciphertext, other paddings, no Base64, another size and no UTF-8 are DecryptionErrors."""
    public = merchant_key.public_key()
    sha256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sha1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    wrong = [
        platform_key.public_key().encrypt(b"x", sha1),
        public.encrypt(b"x", padding.PKCS1v15()),
        public.encrypt(b"x", sha256),
        public.encrypt(b"\xff\xfe", sha1),
        b"",
        b"short",
        bytes(256),
        b"\xff" * 256,
    ]
    for ciphertext in [*(base64.b64encode(item).decode() for item in wrong), "!", "张", "A" * 343, "\ud800"]:
        with pytest.raises(DecryptionError, match="merchant's private key"):
            rsa.decrypt(merchant_key, ciphertext)
