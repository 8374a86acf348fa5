"""Parameters of APIv3 orders, held against what openssl computes from the documented texts."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests import openssl
from tests.payments.documented import APPID, FRESH, MCHID, NONCE, PAY_SIGN, PREPAY_ID, PUBLIC_KEY, TIMESTAMP
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


@pytest.mark.parametrize("answer", ["", "prepay_id=", {}, {"prepay_id": ""}, {"prepay_id": 1}, Response(status=204)])
def test_no_prepay_id(merchant_key: RSAPrivateKey, answer: Any) -> None:
    """An answer without the id is named."""
    with pytest.raises(ConfigurationError, match="prepay_id: "):
        payments.jsapi(answer, appid=APPID, key=merchant_key, **FRESH)
