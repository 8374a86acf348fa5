"""Parameters of APIv3 orders, held against what openssl computes from the documented texts."""

from __future__ import annotations

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


@pytest.mark.parametrize("value", [None, "", b"https://a.example"])
def test_what_else_a_front_end_needs(merchant_key: RSAPrivateKey, value: Any) -> None:
    """So is a missing return address, package or mixed order's number, under the argument's name."""
    made = {
        "redirect_url": lambda: payments.h5_url("https://wx.tenpay.com/x?a", value),
        "package": lambda: payments.red_packet_v2(value, appid=APPID, apiv2_key=APIV2_KEY, **FRESH),
        "package_info": lambda: payments.merchant_transfer(value, mchid=MCHID, appid=APPID),
        "mix_trade_no": lambda: payments.medical(PREPAY_ID, value, appid=APPID, key=merchant_key, **FRESH),
    }
    for argument, make in made.items():
        with pytest.raises(ConfigurationError, match=f"^{argument}: "):
            make()


@pytest.mark.parametrize("answer", ["", "prepay_id=", {}, {"prepay_id": ""}, {"prepay_id": 1}, Response(status=204)])
def test_no_prepay_id(merchant_key: RSAPrivateKey, answer: Any) -> None:
    """An answer without the id is named."""
    with pytest.raises(ConfigurationError, match="prepay_id: "):
        payments.jsapi(answer, appid=APPID, key=merchant_key, **FRESH)
