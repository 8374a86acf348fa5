"""Parameters of APIv3 orders, held against what openssl computes from the documented texts."""

from __future__ import annotations

import re
import traceback
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests import openssl
from tests.payments.documented import APIV2_KEY, APPID, FRESH, MCHID, NONCE, PAY_SIGN, PREPAY_ID, PUBLIC_KEY, TIMESTAMP
from wechatpay_chain import ConfigurationError, Response, payments
from wechatpay_chain.crypto import asymmetric
from wechatpay_chain.crypto.keys import load_public_key
from wechatpay_chain.payments import Instalment


@pytest.mark.parametrize(
    "prepay",
    [
        PREPAY_ID,
        f"prepay_id={PREPAY_ID}",
        {"prepay_id": PREPAY_ID},
        Response(status=200, content=b'{"prepay_id":"%s"}' % PREPAY_ID.encode()),
        Response(status=200, fields={"prepay_id": PREPAY_ID}),
    ],
)
def test_jsapi(merchant_key: RSAPrivateKey, prepay: Any) -> None:
    """Four lines are signed, the fourth is the whole package; the id may come as text, JSON or answer."""
    text = f"{APPID}\n{TIMESTAMP}\n{NONCE}\nprepay_id={PREPAY_ID}\n"
    assert payments.jsapi(prepay, appid=APPID, key=merchant_key, **FRESH) == {
        "appId": APPID,
        "timeStamp": str(TIMESTAMP),
        "nonceStr": NONCE,
        "package": f"prepay_id={PREPAY_ID}",
        "signType": "RSA",
        "paySign": openssl.signature(merchant_key, text),
    }


def test_the_published_signature() -> None:
    """The official page's own `paySign` fits what is signed here for the same values."""
    key, _ = load_public_key(PUBLIC_KEY, argument="key")
    asymmetric.verify(key, payments.unsigned_jsapi(PREPAY_ID, appid=APPID, **FRESH).message, PAY_SIGN)


def test_mini_program_and_medical(merchant_key: RSAPrivateKey) -> None:
    """A mini-program takes the same without the appid; the mixed order's number is added unsigned."""
    jsapi = payments.jsapi(PREPAY_ID, appid=APPID, key=merchant_key, **FRESH)
    mini = payments.mini_program(PREPAY_ID, appid=APPID, key=merchant_key, **FRESH)
    assert mini == {name: value for name, value in jsapi.items() if name != "appId"}
    medical = payments.medical(PREPAY_ID, "M1", appid=APPID, key=merchant_key, **FRESH)
    assert medical == {**jsapi, "mixTradeNo": "M1"}


def test_app(merchant_key: RSAPrivateKey) -> None:
    """For an app the bare id is signed, and the package is a constant."""
    text = f"{APPID}\n{TIMESTAMP}\n{NONCE}\n{PREPAY_ID}\n"
    assert payments.app(PREPAY_ID, appid=APPID, mchid=MCHID, key=merchant_key, **FRESH) == {
        "appid": APPID,
        "partnerid": MCHID,
        "prepayid": PREPAY_ID,
        "package": "Sign=WXPay",
        "noncestr": NONCE,
        "timestamp": str(TIMESTAMP),
        "sign": openssl.signature(merchant_key, text),
    }


def test_instalment(merchant_key: RSAPrivateKey) -> None:
    """The chosen instalment is a part of the package: signed for JSAPI, not signed for an app."""
    chosen = "&subsidy_period_type=PERIOD&selected_installment_number=6"
    jsapi = payments.jsapi(PREPAY_ID, appid=APPID, key=merchant_key, instalment=Instalment(number=6), **FRESH)
    text = f"{APPID}\n{TIMESTAMP}\n{NONCE}\nprepay_id={PREPAY_ID}{chosen}\n"
    assert (jsapi["package"], jsapi["paySign"]) == (
        f"prepay_id={PREPAY_ID}{chosen}",
        openssl.signature(merchant_key, text),
    )
    app = payments.app(PREPAY_ID, appid=APPID, mchid=MCHID, key=merchant_key, instalment=Instalment(number=6), **FRESH)
    assert app["package"] == f"Sign=WXPay{chosen}"
    assert app["sign"] == openssl.signature(merchant_key, f"{APPID}\n{TIMESTAMP}\n{NONCE}\n{PREPAY_ID}\n")


@pytest.mark.parametrize("number", [0, -1, True, 1.0, "6", "6&x=1"])
def test_no_instalment(number: Any) -> None:
    """A number of periods that is none, above all a payer's text with parameters behind it, is in no package."""
    with pytest.raises(ConfigurationError, match=r"^instalment\.number: "):
        Instalment(number=number)


@pytest.mark.parametrize("period_type", ["", "PERIOD&x=1", "PERIOD\n", None])
def test_no_period(period_type: Any) -> None:
    """So is a type of period that is no word."""
    with pytest.raises(ConfigurationError, match=r"^instalment\.period_type: "):
        Instalment(number=6, period_type=period_type)


def test_h5() -> None:
    """The return address is percent-encoded whole and appended."""
    url = payments.h5_url({"h5_url": "https://wx.tenpay.com/x?prepay_id=1&package=2"}, "https://a.example/?b=c&d=e")
    assert (
        url == "https://wx.tenpay.com/x?prepay_id=1&package=2&redirect_url=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d%3De"
    )
    assert payments.h5_url({"mweb_url": "https://w/?a"}, "b") == "https://w/?a&redirect_url=b"


@pytest.mark.parametrize(("value", "found"), [(None, "None was found"), ("", "it is empty"), (1, "an int")])
def test_an_appid_that_is_not_set(merchant_key: RSAPrivateKey, value: Any, found: str) -> None:
    """An appid that a setting left out is refused at every front end: what is made of it would open nothing."""
    made = (
        lambda: payments.jsapi(PREPAY_ID, appid=value, key=merchant_key, **FRESH),
        lambda: payments.mini_program(PREPAY_ID, appid=value, key=merchant_key, **FRESH),
        lambda: payments.app(PREPAY_ID, appid=value, mchid=MCHID, key=merchant_key, **FRESH),
        lambda: payments.jsapi_v2(PREPAY_ID, appid=value, apiv2_key=APIV2_KEY, **FRESH),
        lambda: payments.app_v2(PREPAY_ID, appid=value, mchid=MCHID, apiv2_key=APIV2_KEY, **FRESH),
        lambda: payments.red_packet_v2("package", appid=value, apiv2_key=APIV2_KEY, **FRESH),
        lambda: payments.merchant_transfer("package", mchid=MCHID, appid=value),
    )
    for make in made:
        with pytest.raises(ConfigurationError) as caught:
            make()
        assert caught.value.argument == "appid"
        assert caught.value.found.startswith(found)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"timestamp": 1554208460.5}, r"^timestamp: a float was found\. Give int"),
        ({"timestamp": 1554208460123}, "^timestamp: 1554208460123 was found, which is no time in seconds"),
        ({"timestamp": "1554208460"}, "^timestamp: a str"),
        ({"timestamp": -1}, "^timestamp: -1"),
        ({"timestamp": True}, "^timestamp: a bool"),
        ({"timestamp": None}, "^timestamp: None"),
        ({"nonce": None}, "^nonce: None"),
        ({"nonce": ""}, "^nonce: it is empty"),
        ({"nonce": 5}, "^nonce: an int"),
    ],
)
def test_time_and_nonce(merchant_key: RSAPrivateKey, changed: dict[str, Any], said: str) -> None:
    """A time with a fraction or in milliseconds, and a nonce that is none, are signed at no front end."""
    fresh: Any = {**FRESH, **changed}
    signed: dict[str, Any] = {"mchid": MCHID, "apiv2_key": APIV2_KEY, **fresh}
    made = (
        lambda: payments.jsapi(PREPAY_ID, appid=APPID, key=merchant_key, **fresh),
        lambda: payments.app(PREPAY_ID, appid=APPID, mchid=MCHID, key=merchant_key, **fresh),
        lambda: payments.jsapi_v2(PREPAY_ID, appid=APPID, apiv2_key=APIV2_KEY, **fresh),
        lambda: payments.app_v2(PREPAY_ID, appid=APPID, **signed),
        lambda: payments.red_packet_v2("package", appid=APPID, apiv2_key=APIV2_KEY, **fresh),
        lambda: payments.payscore_confirm_signed("package", **signed),
        lambda: payments.payscore_detail("500", "O1", **signed),
    )
    for make in made:
        with pytest.raises(ConfigurationError, match=said):
            make()


@pytest.mark.parametrize("mchid", [None, "", 1900000109])
def test_a_merchant_that_is_not_set(merchant_key: RSAPrivateKey, mchid: Any) -> None:
    """So is a merchant's number that is missing, or no text."""
    keyed: dict[str, Any] = {"apiv2_key": APIV2_KEY, **FRESH}
    made = (
        lambda: payments.app(PREPAY_ID, appid=APPID, mchid=mchid, key=merchant_key, **FRESH),
        lambda: payments.app_v2(PREPAY_ID, appid=APPID, mchid=mchid, **keyed),
        lambda: payments.merchant_transfer("package", mchid=mchid, appid=APPID),
        lambda: payments.payscore_confirm_signed("package", mchid=mchid, **keyed),
        lambda: payments.payscore_detail("500", "O1", mchid=mchid, **keyed),
        lambda: payments.coupons_mini_program([], send_coupon_merchant=mchid, apiv2_key=APIV2_KEY),
        lambda: payments.coupon_h5("s", "r", "o", send_coupon_merchant=mchid, apiv2_key=APIV2_KEY),
    )
    for make in made:
        with pytest.raises(ConfigurationError, match=r"^(mchid|send_coupon_merchant): "):
            make()


@pytest.mark.parametrize("value", [None, "", b"https://a.example", 5, ["x"], " x", "x\n", "\ud800", "\U0001f600"])
def test_what_else_a_front_end_needs(merchant_key: RSAPrivateKey, value: Any) -> None:
    """So is any other value that is missing or no text, under the argument's name, and no key is in the traceback."""
    signed: dict[str, Any] = {"mchid": MCHID, "apiv2_key": APIV2_KEY, **FRESH}
    coupon: dict[str, Any] = {"send_coupon_merchant": MCHID, "apiv2_key": APIV2_KEY}
    made = {
        "redirect_url": lambda: payments.h5_url("https://wx.tenpay.com/x?a", value),
        "package": lambda: payments.red_packet_v2(value, appid=APPID, apiv2_key=APIV2_KEY, **FRESH),
        "package_info": lambda: payments.merchant_transfer(value, mchid=MCHID, appid=APPID),
        "mix_trade_no": lambda: payments.medical(PREPAY_ID, value, appid=APPID, key=merchant_key, **FRESH),
        "sub_mchid": lambda: payments.merchant_transfer("p", mchid=MCHID, appid=APPID, sub_mchid=value or ""),
        "sub_appid": lambda: payments.merchant_transfer("p", mchid=MCHID, appid=APPID, sub_appid=value or ""),
        "apply_permissions_token": lambda: payments.payscore_enable(value),
        "package ": lambda: payments.payscore_confirm(value),
        "package  ": lambda: payments.payscore_confirm_signed(value, **signed),
        "service_id": lambda: payments.payscore_detail(value, "O1", **signed),
        "out_order_no": lambda: payments.payscore_detail("500", value, **signed),
        "stock_id": lambda: payments.coupon_h5(value, "r", "o", **coupon),
        "out_request_no": lambda: payments.coupon_h5("s", value, "o", **coupon),
        "open_id": lambda: payments.coupon_h5("s", "r", value, **coupon),
        "coupon_code": lambda: payments.coupon_h5("s", "r", "o", coupon_code=value or "", **coupon),
        "coupons[0]['stock_id']": lambda: payments.coupons_mini_program([{"stock_id": value}], **coupon),
    }
    for argument, make in made.items():
        with pytest.raises(ConfigurationError, match=f"^{re.escape(argument.strip())}: ") as caught:
            make()
        traced = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        library = [frame for frame in traced.stack if "wechatpay_chain" in frame.filename]
        assert APIV2_KEY not in "".join(str(frame.locals) for frame in library)


@pytest.mark.parametrize(
    "answer", ["", "prepay_id=", "\ud800", "\U0001f600", {}, {"prepay_id": ""}, {"prepay_id": 1}, Response(status=204)]
)
def test_no_prepay_id(merchant_key: RSAPrivateKey, answer: Any) -> None:
    """An answer without the id is named."""
    with pytest.raises(ConfigurationError, match="prepay_id: "):
        payments.jsapi(answer, appid=APPID, key=merchant_key, **FRESH)
