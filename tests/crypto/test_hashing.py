"""Digests of files against published vectors."""

from __future__ import annotations

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from wechatpay_chain import ConfigurationError
from wechatpay_chain.crypto import hashing


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("Md5", "900150983cd24fb0d6963f7d28e17f72"),
        # GB/T 32905-2016, A.1.
        ("SM3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    ],
)
def test_the_published_vectors(algorithm: str, expected: str) -> None:
    """The digest of "abc", taken in piece by piece, in any spelling of the algorithm; asking for it ends nothing."""
    digest = hashing.hasher(algorithm)
    for piece in (b"a", b"", b"bc"):
        digest.update(piece)
    assert digest.hexdigest() == digest.hexdigest() == expected


def test_another_algorithm() -> None:
    """It is named."""
    with pytest.raises(ConfigurationError, match="CRC32"):
        hashing.hasher("CRC32")


def test_an_openssl_without_sm3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some distributions leave it out: the error says what to do."""

    def unsupported(_: object) -> None:
        raise UnsupportedAlgorithm("SM3")

    monkeypatch.setattr(hashes, "Hash", unsupported)
    with pytest.raises(ConfigurationError, match="has no SM3"):
        hashing.hasher("SM3")
