"""What a caller may set in a request's headers."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire.headers import check_headers


@pytest.mark.parametrize(
    "headers",
    [{}, {"Wechatpay-Serial": "PUB_KEY_ID_1"}, {"Accept-Language": "zh-CN, en"}, {"User-Agent": "shop/1 (x)"},
     {"X-Trace": ""}, {"Idempotency-Key": "a\tb"}],
)  # fmt: skip
def test_allowed(headers: dict[str, str]) -> None:
    """Printable ASCII under any name that the client doesn't set itself passes."""
    check_headers(Headers(headers))


@pytest.mark.parametrize(
    "name", ["Authorization", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect"]
)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper, str.swapcase])
def test_the_clients_own(name: str, spell: type[str]) -> None:
    """What decides who signs, where it goes and where it ends is refused in any case."""
    with pytest.raises(ConfigurationError, match="the client sets this header itself") as raised:
        check_headers(Headers({spell(name): "TOPSECRET"}))
    assert "TOPSECRET" not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["", " ", "Host ", " Host", "Authorization:", "a b", "a:b", "a\r\nb", "X\n", "头", "X\x00", '"']
)
def test_names_that_are_none(name: str) -> None:
    """A name with blanks, colons, line ends or Chinese is refused."""
    with pytest.raises(ConfigurationError, match="no header name"):
        check_headers(Headers({name: "x"}))


@pytest.mark.parametrize(
    "value", ["a\r\nAuthorization: x", "a\n", "\r", "\x00", "\x7f", "张三", "é", "\u2028", "\x0b", "\ud800"]
)
def test_values_that_are_none(value: str) -> None:
    """A value with a line end, a control character or anything but ASCII is refused, and not repeated."""
    with pytest.raises(ConfigurationError, match="not printable ASCII") as raised:
        check_headers(Headers({"X-Note": value}))
    assert raised.value.argument == "headers['X-Note']"
    assert str(raised.value).isprintable()


@given(st.dictionaries(st.text(), st.text()))
def test_any_headers(headers: dict[str, str]) -> None:
    """Whatever passes can be written line by line and reads the same."""
    given_headers = Headers(headers)
    try:
        check_headers(given_headers)
    except ConfigurationError:
        return
    for name, value in given_headers.items():
        assert re.fullmatch(r"[^\s:]+: [\t -~]*", f"{name}: {value}")


def test_no_value_is_kept() -> None:
    """A value, which may be a gateway's token, is held by nobody once it is checked."""
    value = str(10**9)
    before = sys.getrefcount(value)
    for _ in range(2):
        check_headers(Headers({"X-Gateway-Token": value}))
    assert sys.getrefcount(value) == before
