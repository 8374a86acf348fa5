"""The encryption of `req_info`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.crypto import ecb
from wechatpay_chain.errors import DecryptionError

KEY = "192006250b4c09247ec02edce69f6a2d"


@given(st.binary(max_size=100))
def test_round_trip(plaintext: bytes) -> None:
    """What is encrypted as `req_info` is decrypted."""
    assert ecb.decrypt(KEY, ecb.encrypt(KEY, plaintext)) == plaintext


@pytest.mark.parametrize("ciphertext", ["", "!", "AAAA", "é", "A" * 64])
def test_nonsense(ciphertext: str) -> None:
    """What isn't such a ciphertext is refused in the documented way."""
    with pytest.raises(DecryptionError, match="APIv2 key"):
        ecb.decrypt(KEY, ciphertext)


def test_key_is_the_digest_of_the_key() -> None:
    """The key is the small hexadecimal MD5 of the APIv2 key, as `openssl enc -aes-256-ecb` makes it."""
    assert ecb.encrypt(KEY, b"<root/>") == "86RfEh7mQ7bCTi3VRyQclg=="
