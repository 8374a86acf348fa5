"""A client fills in what is its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.payments.documented import APPID, PREPAY_ID, TIMESTAMP
from wechatpay_chain import ConfigurationError, SyncWeChatPay, TimedOut, WeChatPay, payments
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator


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


async def test_a_signer_that_never_answers(emulator: Emulator) -> None:
    """What a service signs for a front end ends with the client's time, too."""

    class Hanging:
        async def sign(self, message: bytes) -> bytes:
            return await asyncio.Future()

    given = {**emulator.credentials(), "private_key": Hanging(), "merchant_cert": None}
    wxpay = WeChatPay(**given, transport=emulator, timeout=0.01)
    with pytest.raises(TimedOut, match=r"the signer gave no signature within 0\.01 s"):
        await wxpay.payments.jsapi("wx1", appid="wx2")


def test_apiv2_parameters_need_its_key(emulator: Emulator) -> None:
    """Without the APIv2 key nothing is signed with an empty one."""
    wxpay = WeChatPay(**emulator.credentials(apiv2_key=None), transport=emulator)
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        wxpay.payments.payscore_detail("500", "O1")


@pytest.mark.parametrize(
    ("front_end", "signed_with"), [("sub_appid", "wxsub"), ("sp_appid", "wxsp"), ("combine_appid", "wxc")]
)
async def test_the_appid_of_the_front_end_is_signed(emulator: Emulator, front_end: str, signed_with: str) -> None:
    """Whichever appid of a service provider or of a combined order pays, it is the one that the signature covers."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    order = {"prepay_id": PREPAY_ID, front_end: signed_with}
    jsapi = await wxpay.payments.jsapi(order, appid=signed_with)
    app = await wxpay.payments.app(order, appid=signed_with)
    key = emulator.merchant_key.rsa_key.public_key()
    lines = (signed_with, jsapi["timeStamp"], jsapi["nonceStr"], jsapi["package"])
    rsa.verify(key, "".join(f"{line}\n" for line in lines).encode(), jsapi["paySign"])
    lines = (signed_with, app["timestamp"], app["noncestr"], app["prepayid"])
    rsa.verify(key, "".join(f"{line}\n" for line in lines).encode(), app["sign"])
