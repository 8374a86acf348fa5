"""The APIv2 key signs for payers and verifies the platform's notices: no text may serve as both."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wechatpay_chain import ConfigurationError, SignatureError, Webhook, WeChatPay, payments
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.wire import v2
from wechatpay_chain.wire.v2.ambiguity import check_covered, second_reading

KEY = "k" * 32
NICKNAME = (
    "x&mch_id=1900000109&out_trade_no=ORDER-7&result_code=SUCCESS&return_code=SUCCESS&total_fee=1000000"
    "&trade_state=SUCCESS&transaction_id=4200000001&z="
)
FRESH: dict[str, Any] = {"apiv2_key": KEY, "timestamp": 1_800_000_000, "nonce": "n" * 32}


def page_for(nickname: str) -> str:
    """The address of a page that shows a payer's own text."""
    wxpay = WeChatPay(**Emulator().credentials())
    contract = {
        "appid": "wx0000000000000001",
        "contract_code": "C1",
        "contract_display_account": nickname,
        "notify_url": "https://shop.example/notify",
        "plan_id": "12535",
        "request_serial": "1000",
        "timestamp": "1700000000",
        "version": "1.0",
    }
    return wxpay.page_url("v2/papay/entrustweb", contract)


def test_a08_a_page_signs_no_notice() -> None:
    """A payer's text that would be a payment notice, cut elsewhere, is refused before it is signed."""
    with pytest.raises(ConfigurationError, match="contract_display_account: it holds '&mch_id='"):
        page_for(NICKNAME)


@pytest.mark.parametrize(
    "passed_on",
    [
        {"return_code": "SUCCESS", "result_code": "SUCCESS", "transaction_id": "42", "out_trade_no": "ORDER-7"},
        {"change_type": "ADD", "contract_code": "C1", "contract_id": "Wx1"},
        {"risk_level": "1"},
        {"vehicle_event_createtime": "1"},
        {"event_ciphertext": "x"},
        {"a=1&return_code": "SUCCESS"},
        {"": "SUCCESS"},
    ],
)
def test_a_payers_query_is_no_notice(passed_on: dict[str, str]) -> None:
    """Parameters that a payer names, passed on to a page, can't be what only a notice has."""
    wxpay = WeChatPay(**Emulator().credentials())
    with pytest.raises(ConfigurationError, match="could pass for the platform's notice"):
        wxpay.page_url("v2/papay/entrustweb", {"plan_id": "1", **passed_on})


@pytest.mark.parametrize("nickname", ["Tom & Jerry", "A=B", "a&b", "a=b&c", "王&李", "&", "100% & more="])
def test_a08_pages_for_ordinary_names(nickname: str) -> None:
    """Names with & or = alone are signed and shown as ever."""
    assert dict(parse_qsl(urlsplit(page_for(nickname)).query))["contract_display_account"] == nickname


@pytest.mark.parametrize(
    "sign",
    [
        lambda text: payments.payscore_confirm_signed(text, mchid="1", **FRESH),
        lambda text: payments.payscore_detail("S1", text, mchid="1", **FRESH),
        lambda text: payments.coupon_h5("1", "2", text, send_coupon_merchant="1", apiv2_key=KEY),
        lambda text: payments.coupons_mini_program(
            [{"stock_id": text, "out_request_no": "1"}], send_coupon_merchant="1", apiv2_key=KEY
        ),
        lambda text: payments.jsapi_v2("wx1", appid=text, **FRESH),
        lambda text: payments.app_v2("wx1", appid="wx1", mchid=text, **FRESH),
        lambda text: payments.jsapi_v2(text, appid="wx1", **FRESH),
    ],
)
def test_a08_front_ends_sign_no_notice(sign: Any) -> None:
    """The same for everything else that is signed with the APIv2 key and shown."""
    sign("plain")
    with pytest.raises(ConfigurationError):
        sign("x&return_code=SUCCESS")


def test_a08_the_notice_is_refused_too() -> None:
    """What an older version signed for a payer is no notice either, where it was merged instead of cut."""
    fields = {"appid": "wx1", "mch_id": "1", "note": "x&result_code=SUCCESS", "return_code": "SUCCESS"}
    body = v2.build({**fields, "sign": v2.sign(fields, KEY)})
    with pytest.raises(SignatureError, match="its field 'note' holds '&result_code='"):
        Webhook(apiv2_key=KEY).open({}, body)


NAMES = st.text("abcxyz_", min_size=1, max_size=3)
VALUES = st.text("ab&=é ", max_size=8)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_one_text_has_one_reading(one: Mapping[str, str], other: Mapping[str, str]) -> None:
    """Of two sets of fields that neither door refuses, no two give the same text to sign."""
    filled, others = ({name: value for name, value in fields.items() if value} for fields in (one, other))
    assume(second_reading(filled) is None and second_reading(others) is None)
    assert (v2.signed_text(filled) == v2.signed_text(others)) == (filled == others)


@given(st.text("ab&= ", max_size=12), st.lists(st.tuples(NAMES, VALUES), max_size=2))
def test_a_text_that_is_cut_elsewhere_is_refused(text: str, more: list[tuple[str, str]]) -> None:
    """Whatever is cut out of a value as a field of its own makes the whole refused."""
    fields = {"m": text + "".join(f"&{name}={value}" for name, value in more)}
    assert (second_reading(fields) is not None) >= bool(more)


def test_wecoms_signature_has_one_reading() -> None:
    """A wish with & is fine; one that would be read as another covered field, or as the secret, is refused."""
    check_covered({"wishing": "a&b=c", "act_name": "x&wish=1"}, ["wishing", "act_name"], "xml")
    for wish in ("a&act_name=b", "a&secret=b"):
        with pytest.raises(ConfigurationError, match="xml/wishing"):
            check_covered({"wishing": wish}, ["wishing", "act_name"], "xml")


@pytest.mark.parametrize(("serial", "timestamp"), [("AB&timestamp=1", "2"), ("AB", "1\n"), ("A\nB", "1"), ("AB", "")])
def test_certificate_signatures_have_one_reading(serial: str, timestamp: str) -> None:
    """A serial and a timestamp are digits and letters, so that nothing else is signed in their name."""
    with pytest.raises(ConfigurationError):
        v2.certificate_message(serial, timestamp)


@pytest.mark.parametrize("text", ["wx1\nPOST", "wx1\r", "wx1\u2028", "wx1\0", "wx 1", "wx1&package=2"])
def test_front_ends_sign_one_line_each(text: str) -> None:
    """Of a text with line ends in it, which could be that of a request, nothing is signed with the private key."""
    with pytest.raises(ConfigurationError):
        payments.unsigned_jsapi(text, appid="wx1", timestamp=1, nonce="n")
    with pytest.raises(ConfigurationError):
        payments.unsigned_app(
            "wx1", appid=text.replace(" ", "\n").replace("&", "\n"), mchid="1", timestamp=1, nonce="n"
        )
