"""Signature headers that came under other names or with other values: what happened is undone, and proven."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.diagnosis.headers import Values, altered, renamed

SENT = Values(
    "1763949600",
    "N0nceN0nce",
    "PUB_KEY_ID_0119000001092026010100000000000001",
    base64.b64encode(b"a" + b"\xfb\xff" * 127 + b"b").decode(),
)
_WHEN = datetime.fromtimestamp(int(SENT.timestamp), UTC)

PROVEN: dict[str, tuple[str, Callable[[str], str], str]] = {
    "milliseconds": ("timestamp", lambda text: text + "123", "whole seconds"),
    "microseconds": ("timestamp", lambda text: text + "123456", "whole seconds"),
    "a fraction": ("timestamp", lambda text: text + ".25", "whole seconds"),
    "a date": ("timestamp", lambda _: _WHEN.isoformat(), "date"),
    "a date of HTTP": ("timestamp", lambda _: format_datetime(_WHEN, usegmt=True), "date"),
    "joined": ("nonce", lambda text: f"{text}, {text}", "more than once"),
    "joined thrice": ("serial", lambda text: f"{text},{text},{text}", "more than once"),
    "quoted": ("serial", lambda text: f'"{text}"', "quotes"),
    "blanks": ("nonce", lambda text: f" {text} ", "blanks"),
    "small letters": ("serial", str.lower, "PUB_KEY_ID_"),
    "hyphens": ("serial", lambda text: text.replace("_", "-"), "PUB_KEY_ID_"),
    "percent-encoded": ("signature", lambda text: quote(text, safe=""), "percent"),
    "blanks for plus signs": ("signature", lambda text: text.replace("+", " "), "plus signs"),
    "Base64 for URLs": ("signature", lambda text: text.replace("+", "-").replace("/", "_"), "URLs"),
    "without padding": ("signature", lambda text: text.rstrip("="), "lost the ="),
    "hexadecimal": ("signature", lambda text: base64.b64decode(text).hex(), "hexadecimal"),
    "with its scheme": ("signature", lambda text: f'WECHATPAY2-SHA256-RSA2048 signature="{text}"', "other text"),
}


@pytest.mark.parametrize("case", PROVEN)
def test_undone_and_proven(case: str) -> None:
    """Where undoing it makes the signature fit, the header is named, what happened to it, and that it is proven."""
    header, change, text = PROVEN[case]
    came = SENT._replace(**{header: change(getattr(SENT, header))})
    (cause,) = altered(came, SENT.__eq__)
    assert (cause.name, cause.certainty) == ("header-altered", "proven")
    assert f"Wechatpay-{header.capitalize()}" in cause.text
    assert text in cause.text


def test_exchanged() -> None:
    """Timestamp and nonce in each other's place are told."""
    (cause,) = altered(SENT._replace(timestamp=SENT.nonce, nonce=SENT.timestamp), SENT.__eq__)
    assert "exchanged" in cause.text


@pytest.mark.parametrize("signature", [SENT.signature[:200], SENT.signature.lower(), SENT.signature.upper()])
def test_what_cannot_be_undone(signature: str) -> None:
    """A signature that was cut off or whose capitals are lost is told as such, and not as proven."""
    cause = altered(SENT._replace(signature=signature), SENT.__eq__)[0]
    assert cause.certainty == "likely"
    assert "Wechatpay-Signature was" in cause.text


@pytest.mark.parametrize(
    "values",
    [
        SENT._replace(nonce=",".join(["\xa0" * 60] * 30) + ",x"),
        SENT._replace(serial=",".join(["a\xa0" * 30] * 30)),
        SENT._replace(timestamp="Thu, 1 Jan 2026 00:00:00 +99999999999999999"),
        SENT._replace(timestamp="Thu, 1 Jan 99999999999999999999 00:00:00 GMT"),
        SENT._replace(timestamp="0001-01-01T00:00:00+23:59"),
    ],
)
def test_a_forgery_breaks_nothing(values: Values) -> None:
    """What takes a search without end, and dates that no calendar holds, are proven to be nothing, at once."""
    assert all(cause.certainty != "proven" for cause in altered(values, lambda _: False))


def test_headers_as_sent_are_not_blamed() -> None:
    """Values as the platform writes them give no cause, a signature of SM2 neither."""
    assert altered(SENT, lambda _: False) == ()
    assert altered(SENT._replace(signature="A" * 96), lambda _: False) == ()


@given(st.builds(Values, *[st.text(max_size=60) | st.from_regex(r"[0-9A-Za-z+/=, \"%]{0,40}")] * 4))
def test_nothing_is_proven_of_a_forgery(values: Values) -> None:
    """Of values that no signature fits, nothing is proven, and nothing breaks."""
    assert all(cause.certainty != "proven" for cause in altered(values, lambda _: False))


@pytest.mark.parametrize("name", ["X-Wechatpay-Nonce", "Wechatpay_Nonce", "WechatpayNonce", "Wechat-Pay-Nonce"])
def test_other_names(name: str) -> None:
    """A header that has the letters of a missing one is shown as what it came under."""
    cause = renamed(["Host", name], ["Wechatpay-Nonce"])
    assert cause is not None
    assert cause.name == "headers-renamed"
    assert name in cause.text


@pytest.mark.parametrize("name", ["Wechatpay-Serial", "wechatpay-nonce", "X-Nonce", ""])
def test_names_of_other_headers(name: str) -> None:
    """Other headers are no renamed ones."""
    assert renamed([name], ["Wechatpay-Nonce"]) is None
