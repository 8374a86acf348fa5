"""Which characters the platform takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.characters import check_text


@given(st.text())
def test_check_text(text: str) -> None:
    """A text passes if every one of its characters takes one to three bytes of UTF-8."""
    fits = all(ord(character) < 0x10000 and not 0xD800 <= ord(character) < 0xE000 for character in text)
    if fits:
        check_text(text, "x")
    else:
        with pytest.raises(ConfigurationError):
            check_text(text, "x")
