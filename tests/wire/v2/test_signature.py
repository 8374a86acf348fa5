"""APIv2's XML and its sign."""

from __future__ import annotations

import contextlib
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain import ConfigurationError, DecodeError, SignatureError
from wechatpay_chain.crypto import digest
from wechatpay_chain.wire import v2

KEY = "192006250b4c09247ec02edce69f6a2d"
FIELDS = {
    "appid": "wxd930ea5d5a258f4f",
    "mch_id": "10000100",
    "device_info": "1000",
    "body": "test",
    "nonce_str": "ibuaiVcKdpRxkhJA",
}


@pytest.mark.parametrize(
    ("sign_type", "expected"),
    [
        ("MD5", "9A0A8659F005D6984697E2CA0A9CF3B7"),
        ("HMAC-SHA256", "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"),
    ],
)
def test_vectors(sign_type: v2.SignType, expected: str) -> None:
    """The platform's published examples."""
    assert v2.sign(FIELDS, KEY, sign_type) == expected
    assert v2.sign({**FIELDS, "sign": "x", "attach": ""}, KEY, sign_type) == expected
    v2.verify({**FIELDS, "sign": expected}, KEY)


def test_empty_key_signs_nothing() -> None:
    """With an empty key nothing is signed and nothing verified."""
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        v2.sign(FIELDS, "")
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        v2.verify({**FIELDS, "sign": digest.md5(b"x")}, "")


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0xFFFD, exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(NAMES, TEXTS, max_size=6))
def test_written_is_read(fields: dict[str, str]) -> None:
    """Whatever is written is read back, `]]>`, angle brackets and line ends included: no value adds an element."""
    assert v2.parse(v2.build(fields)) == fields


@pytest.mark.parametrize("value", ["]]>", "]]><total_fee>1</total_fee><![CDATA[", "<a>", "&amp;", "\r\n", "'\"", ""])
def test_demand_46_no_injection(value: str) -> None:
    """A value can't leave its element."""
    assert v2.parse(v2.build({"body": value, "total_fee": "100"})) == {"body": value, "total_fee": "100"}


@pytest.mark.parametrize(
    ("name", "value"), [("a b", "x"), ("1a", "x"), ("a>", "x"), ("", "x"), ("a", "\0"), ("a", "\ud800")]
)
def test_unwritable(name: str, value: str) -> None:
    """Names and characters that XML doesn't have are the caller's mistake."""
    with pytest.raises(ConfigurationError):
        v2.build({name: value})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "it is empty"),
        (b"\r\n", "it is empty"),
        (b"hello", "well-formed"),
        (b"<xml>", "well-formed"),
        (b"<xml></xml><xml></xml>", "well-formed"),
        (b"<xml><a>\xff</a></xml>", "well-formed"),
        (b"<xml><a>&x;</a></xml>", "well-formed"),
        ('<?xml version="1.0" encoding="UTF-16"?><xml><a>1</a></xml>'.encode("utf-16"), "UTF-8"),
        (b"<!DOCTYPE xml><xml></xml>", "document type"),
        (b'<!DOCTYPE xml [<!ENTITY x "y">]><xml><a>&x;</a></xml>', "document type"),
        (b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml></xml>', "document type"),
        (b"<xml><a><b>1</b></a></xml>", "inside of 'a'"),
        (b"<xml><a>1</a><a>2</a></xml>", "'a' twice"),
        (b"<xml>text</xml>", "outside"),
        (b"<xml><?php x ?><a>1</a></xml>", "processing instruction"),
        (b"<xml>" + b"".join(b"<a%d></a%d>" % (n, n) for n in range(1001)) + b"</xml>", "fields"),
        (b"<xml>" * 10_000, "inside"),
    ],
)
def test_refused(body: bytes, says: str) -> None:
    """What no message of the platform holds is refused, entities and document types first of all."""
    with pytest.raises(DecodeError, match=says):
        v2.parse(body)


@pytest.mark.parametrize(
    "body",
    [b"<html>login</html>", b"<!DOCTYPE html><title>x</title>", b"\n<HTML><body><br></body>", b"<body>\xff</body>"],
)
def test_a_web_page(body: bytes) -> None:
    """A page of a proxy or a firewall in the message's place is named for what it is, whatever is wrong with it."""
    with pytest.raises(DecodeError, match=r"probably it is a web page .* Call the platform without it") as caught:
        v2.parse(body)
    assert [cause.name for cause in caught.value.causes] == ["answer-of-a-proxy"]


def test_cdata_and_other_encodings() -> None:
    """CDATA is text; the text is UTF-8, whatever the declaration says."""
    assert v2.parse(b"<xml><a><![CDATA[<1>]]></a><b/></xml>") == {"a": "<1>", "b": ""}
    assert v2.parse('<?xml version="1.0" encoding="GBK"?><xml><a>支付</a></xml>'.encode()) == {"a": "支付"}


@given(st.binary(max_size=200) | TEXTS.map(lambda text: f"<xml><a>{escape(text)}</a></xml>".encode()))
def test_any_bytes(body: bytes) -> None:
    """Any bytes are read, or refused in the documented way."""
    with contextlib.suppress(DecodeError):
        v2.parse(body)


@given(st.dictionaries(NAMES, TEXTS), st.text(max_size=64))
def test_any_sign(fields: dict[str, str], forged: str) -> None:
    """No made-up sign verifies."""
    with pytest.raises(SignatureError):
        v2.verify({**fields, "sign": forged}, KEY)
