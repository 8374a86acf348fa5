"""Texts in each other's place are named for what they look like."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.crypto import shapes

HEX = "3775B6A45ACD588826D15E583A95F5DD12345678"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1900000109", "a merchant number"),
        (HEX, "a serial number"),
        (HEX.lower() + "\n", "a serial number"),
        (str(int(HEX, 16)), "a serial number in decimal digits"),
        ("0x" + HEX, "a serial number with 0x before it"),
        ("k" * 32, "a text of 32 characters, as an API key has,"),
        ("PUB_KEY_ID_0119000001092026010100000000000001", "the identifier of a WeChat Pay public key"),
        ("wx8888888888888888", "an appid"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "a private key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key"),
        ("-----BEGIN CERTIFICATE-----\nMII", "a certificate"),
        ("-----BEGIN PUBLIC KEY-----\nMII", "a public key"),
        ("./cert/apiclient_key.pem", "the path of a file"),
        ("https://pay.weixin.qq.com/", "a URL"),
        ('"1900000109"', "a merchant number in quotes"),
        ("""' "1900000109" '""", "a merchant number in quotes"),
        ('"' * 20_000, "nothing in quotes"),
        ('"\xa0' * 2000 + "1900000109" + '\xa0"' * 2000, "a merchant number in quotes"),
        ('"' * 10_000 + "x" + '"' * 10_000, "a text of 1 characters in quotes"),
        ("1900000109\u200b", "a merchant number with the invisible character U+200B in it"),
        ("hello", "a text of 5 characters"),
        ("", "nothing"),
    ],
)
def test_names(text: str, name: str) -> None:
    """Each thing that a merchant has is told by its shape."""
    assert shapes.what_is(text) == name


@given(st.text(min_size=5))
def test_nothing_is_shown(text: str) -> None:
    """What it is called holds nothing of the text itself, which may be a key in the wrong place."""
    assert len(text.strip()) < 5 or text not in shapes.what_is(text) or text in shapes.what_is("x" * len(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"key"', "with quotes around it"),
        ("'key' ", "with quotes around it"),
        (" key", "with blanks around it"),
        ("key\n", "with blanks around it"),
        ("k\u200bey", "U+200B"),
        ("\ufeffkey", "U+FEFF"),
        ("key", ""),
        ('"', ""),
    ],
)
def test_what_stands_around(text: str, told: str) -> None:
    """Quotes of an env file, blanks and invisible characters are named."""
    found = shapes.around(text)
    assert told in found
    assert bool(found) == bool(told)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("apiclient_key.pem", "the file 'apiclient_key.pem'"),
        ("/run/secrets/wechatpay_key", "the file '/run/secrets/wechatpay_key'"),
        ("/srv/" + 60 * "long/" + "key.pem", "the file '/srv/" + 60 * "long/" + "key.pem'"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "a file named by a private key"),
        ("/srv/shop.example/" + "k" * 32, "a file named by a text of 32 characters, as an API key has,"),
        ("MIGT+/MI" * 30, "a file named by a text of 240 characters"),
    ],
)
def test_files(path: str, told: str) -> None:
    """A path is told as it is, unless it may be a key's own text."""
    assert shapes.named(Path(path)) == told
