"""Front-end parameters, held against what the openssl command line computes from the documented texts."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from wechatpay_chain import ConfigurationError, Response, SyncWeChatPay, WeChatPay, payments, qr
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.payments import Instalment

APPID = "wx2421b1c4370ec43b"
TIMESTAMP = 1554208460
NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242"
PREPAY_ID = "wx201410272009395522657a690389285100"
APIV2_KEY = "192006250b4c09247ec02edce69f6a2d"
MCHID = "10000100"
FRESH: dict[str, Any] = {"timestamp": TIMESTAMP, "nonce": NONCE}


def openssl(*arguments: str, text: str) -> bytes:
    """What the openssl program makes of a text."""
    return subprocess.run(["openssl", *arguments], input=text.encode(), capture_output=True, check=True).stdout


def md5(text: str) -> str:
    """MD5 in capitals, by openssl."""
    return openssl("dgst", "-md5", "-r", text=text).split()[0].decode().upper()


def hmac(text: str) -> str:
    """HMAC-SHA256 under the APIv2 key in capitals, by openssl."""
    return openssl("dgst", "-sha256", "-hmac", APIV2_KEY, "-r", text=text).split()[0].decode().upper()


@pytest.fixture
def key_file(merchant_key: RSAPrivateKey, tmp_path: Path) -> Path:
    """The merchant's key for the openssl program."""
    path = tmp_path / "key.pem"
    path.write_bytes(merchant_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def signature(key_file: Path, text: str) -> str:
    """The RSA signature of a text, by openssl."""
    return base64.b64encode(openssl("dgst", "-sha256", "-sign", str(key_file), text=text)).decode()


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
def test_jsapi(merchant_key: RSAPrivateKey, key_file: Path, prepay: Any) -> None:
    """Four lines are signed, the fourth is the whole package; the id may come as text, JSON or answer."""
    text = f"{APPID}\n{TIMESTAMP}\n{NONCE}\nprepay_id={PREPAY_ID}\n"
    assert payments.jsapi(prepay, appid=APPID, key=merchant_key, **FRESH) == {
        "appId": APPID,
        "timeStamp": str(TIMESTAMP),
        "nonceStr": NONCE,
        "package": f"prepay_id={PREPAY_ID}",
        "signType": "RSA",
        "paySign": signature(key_file, text),
    }


def test_mini_program_and_medical(merchant_key: RSAPrivateKey) -> None:
    """A mini-program takes the same without the appid; the mixed order's number is added unsigned."""
    jsapi = payments.jsapi(PREPAY_ID, appid=APPID, key=merchant_key, **FRESH)
    mini = payments.mini_program(PREPAY_ID, appid=APPID, key=merchant_key, **FRESH)
    assert mini == {name: value for name, value in jsapi.items() if name != "appId"}
    medical = payments.medical(PREPAY_ID, "M1", appid=APPID, key=merchant_key, **FRESH)
    assert medical == {**jsapi, "mixTradeNo": "M1"}


def test_app(merchant_key: RSAPrivateKey, key_file: Path) -> None:
    """For an app the bare id is signed, and the package is a constant."""
    text = f"{APPID}\n{TIMESTAMP}\n{NONCE}\n{PREPAY_ID}\n"
    assert payments.app(PREPAY_ID, appid=APPID, mchid=MCHID, key=merchant_key, **FRESH) == {
        "appid": APPID,
        "partnerid": MCHID,
        "prepayid": PREPAY_ID,
        "package": "Sign=WXPay",
        "noncestr": NONCE,
        "timestamp": str(TIMESTAMP),
        "sign": signature(key_file, text),
    }


def test_instalment(merchant_key: RSAPrivateKey, key_file: Path) -> None:
    """The chosen instalment is a part of the package: signed for JSAPI, not signed for an app."""
    chosen = "&subsidy_period_type=PERIOD&selected_installment_number=6"
    jsapi = payments.jsapi(PREPAY_ID, appid=APPID, key=merchant_key, instalment=Instalment(number=6), **FRESH)
    text = f"{APPID}\n{TIMESTAMP}\n{NONCE}\nprepay_id={PREPAY_ID}{chosen}\n"
    assert (jsapi["package"], jsapi["paySign"]) == (f"prepay_id={PREPAY_ID}{chosen}", signature(key_file, text))
    app = payments.app(PREPAY_ID, appid=APPID, mchid=MCHID, key=merchant_key, instalment=Instalment(number=6), **FRESH)
    assert app["package"] == f"Sign=WXPay{chosen}"
    assert app["sign"] == signature(key_file, f"{APPID}\n{TIMESTAMP}\n{NONCE}\n{PREPAY_ID}\n")


def test_h5() -> None:
    """The return address is percent-encoded whole and appended."""
    url = payments.h5_url({"h5_url": "https://wx.tenpay.com/x?prepay_id=1&package=2"}, "https://a.example/?b=c&d=e")
    assert (
        url == "https://wx.tenpay.com/x?prepay_id=1&package=2&redirect_url=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d%3De"
    )
    assert payments.h5_url({"mweb_url": "https://w/?a"}, "b") == "https://w/?a&redirect_url=b"


def test_merchant_transfer() -> None:
    """Nothing is signed; a service provider's merchant is named where there is one; an app takes it as text."""
    given = payments.merchant_transfer("a+b/c==", mchid=MCHID, appid=APPID)
    assert given == {"mchId": MCHID, "appId": APPID, "package": "a+b/c=="}
    assert payments.query(given) == f"mchId={MCHID}&appId={APPID}&package=a%2Bb%2Fc%3D%3D"
    partner = payments.merchant_transfer("p", mchid=MCHID, appid=APPID, sub_mchid="2", sub_appid="wx2")
    assert partner == {"mchId": MCHID, "subMchId": "2", "appId": APPID, "subAppId": "wx2", "package": "p"}


def test_payscore() -> None:
    """Enabling and confirming take one value; the older confirmation and the detail are signed with HMAC."""
    assert payments.payscore_enable("t") == {"apply_permissions_token": "t"}
    assert payments.payscore_confirm("p") == {"package": "p"}
    common = {"mch_id": MCHID, "timestamp": str(TIMESTAMP), "nonce_str": NONCE, "sign_type": "HMAC-SHA256"}
    text = f"mch_id={MCHID}&nonce_str={NONCE}&package=p&sign_type=HMAC-SHA256&timestamp={TIMESTAMP}&key={APIV2_KEY}"
    assert payments.payscore_confirm_signed("p", mchid=MCHID, apiv2_key=APIV2_KEY, **FRESH) == {
        **common,
        "package": "p",
        "sign": hmac(text),
    }
    text = (
        f"mch_id={MCHID}&nonce_str={NONCE}&out_order_no=O1&service_id=500&sign_type=HMAC-SHA256"
        f"&timestamp={TIMESTAMP}&key={APIV2_KEY}"
    )
    assert payments.payscore_detail("500", "O1", mchid=MCHID, apiv2_key=APIV2_KEY, **FRESH) == {
        **common,
        "service_id": "500",
        "out_order_no": "O1",
        "sign": hmac(text),
    }


def test_coupons_of_a_mini_program() -> None:
    """Each coupon's members are signed with its index behind their names."""
    coupons = [
        {"stock_id": "1", "out_request_no": "a"},
        {"stock_id": "2", "out_request_no": "b", "coupon_code": "c"},
    ]
    text = (
        "coupon_code1=c&out_request_no0=a&out_request_no1=b&send_coupon_merchant=10016226&stock_id0=1&stock_id1=2"
        f"&key={APIV2_KEY}"
    )
    assert payments.coupons_mini_program(coupons, send_coupon_merchant="10016226", apiv2_key=APIV2_KEY) == {
        "send_coupon_params": coupons,
        "send_coupon_merchant": "10016226",
        "sign": hmac(text),
    }


def test_a_coupon_of_a_page() -> None:
    """The address carries the signed parameters, and the fragment that WeChat waits for."""
    url = payments.coupon_h5("1", "r", "o", send_coupon_merchant="10016226", apiv2_key=APIV2_KEY, coupon_code="c")
    text = f"coupon_code=c&open_id=o&out_request_no=r&send_coupon_merchant=10016226&stock_id=1&key={APIV2_KEY}"
    parts = urlsplit(url)
    assert parts._replace(query="", fragment="").geturl() == "https://action.weixin.qq.com/busifavor/getcouponinfo"
    assert parts.fragment == "wechat_pay&wechat_redirect"
    assert parse_qs(parts.query)["sign"] == [hmac(text)]


@pytest.mark.parametrize(("sign_type", "computed"), [("MD5", md5), ("HMAC-SHA256", hmac)])
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


def test_red_packet() -> None:
    """The package is percent-encoded before it is signed; the kind of signature is added unsigned."""
    given = payments.red_packet_v2("sendid=1&ver=8", appid=APPID, apiv2_key=APIV2_KEY, **FRESH)
    text = f"appId={APPID}&nonceStr={NONCE}&package=sendid%3D1%26ver%3D8&timeStamp={TIMESTAMP}&key={APIV2_KEY}"
    assert given == {
        "timeStamp": str(TIMESTAMP),
        "nonceStr": NONCE,
        "package": "sendid%3D1%26ver%3D8",
        "signType": "MD5",
        "paySign": md5(text),
    }


@pytest.mark.parametrize("answer", [{}, {"prepay_id": ""}, {"prepay_id": 1}, Response(status=204)])
def test_no_prepay_id(merchant_key: RSAPrivateKey, answer: Any) -> None:
    """An answer without the id is named."""
    with pytest.raises(ConfigurationError, match="prepay_id: the answer holds none"):
        payments.jsapi(answer, appid=APPID, key=merchant_key, **FRESH)


async def test_a_client_fills_in_keys_clock_and_nonce(emulator: Emulator, merchant_pair: Any) -> None:
    """What the client gives for an answer is what the functions give for its key, clock and nonce."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator, clock=lambda: 1554208460.5)
    order = {"prepay_id": PREPAY_ID}
    given = await wxpay.payments.jsapi(order, appid=APPID)
    fresh: dict[str, Any] = {"timestamp": TIMESTAMP, "nonce": given["nonceStr"]}
    assert given == payments.jsapi(order, appid=APPID, key=merchant_pair.private_key, **fresh)
    assert "appId" not in await wxpay.payments.mini_program(order, appid=APPID)
    assert (await wxpay.payments.medical(order, "M1", appid=APPID))["mixTradeNo"] == "M1"
    assert (await wxpay.payments.app(order, appid=APPID))["partnerid"] == emulator.mchid
    for signed in (
        wxpay.payments.jsapi_v2(order, appid=APPID),
        wxpay.payments.app_v2(order, appid=APPID),
        wxpay.payments.red_packet_v2("p", appid=APPID),
        wxpay.payments.payscore_confirm_signed("p"),
        wxpay.payments.payscore_detail("500", "O1"),
        wxpay.payments.coupons_mini_program([{"stock_id": "1", "out_request_no": "a"}]),
    ):
        assert signed.get("sign", signed.get("paySign"))
    assert wxpay.payments.merchant_transfer("p", appid=APPID)["mchId"] == emulator.mchid
    assert "getcouponinfo" in wxpay.payments.coupon_h5("1", "r", "o")


def test_the_blocking_client_gives_the_parameters_themselves(emulator: Emulator) -> None:
    """Nothing is to be awaited there."""
    with SyncWeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        assert wxpay.payments.jsapi(PREPAY_ID, appid=APPID)["signType"] == "RSA"


def test_apiv2_parameters_need_its_key(emulator: Emulator) -> None:
    """Without the APIv2 key nothing is signed with an empty one."""
    wxpay = WeChatPay(**{**emulator.credentials(), "apiv2_key": None}, transport=emulator)
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        wxpay.payments.payscore_detail("500", "O1")


def test_qr_codes() -> None:
    """A Native order's code as terminal text, SVG and PNG."""
    pytest.importorskip("segno")
    code_url = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"
    assert "█" in qr.terminal(code_url)
    assert qr.svg(code_url).startswith("<svg")
    assert qr.png(code_url).startswith(b"\x89PNG")


def test_qr_codes_name_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the error says what to install; without a code_url, what to give."""
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ConfigurationError, match=r"wechatpay-chain\[qr\]"):
        qr.svg("weixin://wxpay/bizpayurl?pr=1")
    with pytest.raises(ConfigurationError, match="code_url"):
        qr.png("")
