"""Parameters of APIv2 orders, held against what openssl computes from the documented texts."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests import openssl
from tests.payments.documented import APIV2_KEY, APPID, FRESH, MCHID, NONCE, PREPAY_ID, TIMESTAMP
from wechatpay_chain import ConfigurationError, payments


@pytest.mark.parametrize(
    ("sign_type", "computed"), [("MD5", openssl.md5), ("HMAC-SHA256", partial(openssl.hmac_sha256, APIV2_KEY))]
)
def test_apiv2(sign_type: Any, computed: Any) -> None:
    """APIv2's orders are signed like its calls, `signType` included for JSAPI."""
    text = (
        f"appId={APPID}&nonceStr={NONCE}&package=prepay_id={PREPAY_ID}&signType={sign_type}&timeStamp={TIMESTAMP}"
        f"&key={APIV2_KEY}"
    )
    jsapi = payments.jsapi_v2(PREPAY_ID, appid=APPID, apiv2_key=APIV2_KEY, sign_type=sign_type, **FRESH)
    assert (jsapi["paySign"], jsapi["signType"]) == (computed(text), sign_type)
    text = (
        f"appid={APPID}&noncestr={NONCE}&package=Sign=WXPay&partnerid={MCHID}&prepayid={PREPAY_ID}"
        f"&timestamp={TIMESTAMP}&key={APIV2_KEY}"
    )
    app = payments.app_v2(PREPAY_ID, appid=APPID, mchid=MCHID, apiv2_key=APIV2_KEY, sign_type=sign_type, **FRESH)
    assert app["sign"] == computed(text)


@pytest.mark.parametrize("sign_type", ["md5", "SHA256", "RSA", "", None])
def test_a_kind_of_sign_that_there_isnt(sign_type: Any) -> None:
    """Nothing is signed in another way than the parameters say."""
    for make in (
        lambda: payments.jsapi_v2(PREPAY_ID, appid=APPID, apiv2_key=APIV2_KEY, sign_type=sign_type, **FRESH),
        lambda: payments.app_v2(PREPAY_ID, appid=APPID, mchid=MCHID, apiv2_key=APIV2_KEY, sign_type=sign_type, **FRESH),
    ):
        with pytest.raises(ConfigurationError, match=r"^sign_type: .* Give the order's own kind, one of MD5, HMAC"):
            make()


def test_the_published_signature() -> None:
    """The example of https://pay.weixin.qq.com/doc/global/v2/zh/4013634993."""
    given = payments.jsapi_v2(
        "wx2017033010242291fcfe0db70013231072",
        appid="wxd678efh567hg6787",
        apiv2_key="qazwsxedcrfvtgbyhnujmikolp111111",
        timestamp=1490840662,
        nonce="5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
    )
    assert given["paySign"] == "22D9B4E54AB1950F51E0649E8810ACD6"


def test_red_packet() -> None:
    """The package is percent-encoded before it is signed; the kind of signature is added unsigned."""
    given = payments.red_packet_v2("sendid=1&ver=8", appid=APPID, apiv2_key=APIV2_KEY, **FRESH)
    text = f"appId={APPID}&nonceStr={NONCE}&package=sendid%3D1%26ver%3D8&timeStamp={TIMESTAMP}&key={APIV2_KEY}"
    assert given == {
        "timeStamp": str(TIMESTAMP),
        "nonceStr": NONCE,
        "package": "sendid%3D1%26ver%3D8",
        "signType": "MD5",
        "paySign": openssl.md5(text),
    }
