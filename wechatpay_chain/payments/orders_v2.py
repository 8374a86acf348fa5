"""The parameters of an APIv2 order and of a red packet, signed with the APIv2 key.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

from urllib.parse import quote

from ..credentials.arguments import conceals_arguments
from ..wire import v2
from .orders import APP_PACKAGE
from .parameters import PREPAY, Prepay, given, prepay_id, seconds


@conceals_arguments
def jsapi_v2(
    prepay: Prepay,
    *,
    appid: str,
    apiv2_key: str,
    timestamp: int,
    nonce: str,
    sign_type: v2.SignType = "MD5",
) -> dict[str, str]:
    """The parameters of `jsapi` for an APIv2 order. Here `signType` is signed too.

    https://pay.weixin.qq.com/doc/v2/merchant/4011935216

    Args:
        prepay: the order's `prepay_id`, or the answer that holds it.
        appid: of the front end.
        apiv2_key: the APIv2 key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
        sign_type: the one that the order was placed with.
    """
    parameters = {
        "appId": given("appid", appid),
        "timeStamp": seconds(timestamp),
        "nonceStr": given("nonce", nonce),
        "package": f"{PREPAY}{prepay_id(prepay)}",
        "signType": sign_type,
    }
    return {**parameters, "paySign": v2.sign_shown(parameters, apiv2_key, sign_type)}


@conceals_arguments
def app_v2(
    prepay: Prepay,
    *,
    appid: str,
    mchid: str,
    apiv2_key: str,
    timestamp: int,
    nonce: str,
    sign_type: v2.SignType = "MD5",
) -> dict[str, str]:
    """The parameters of `app` for an APIv2 order.

    https://pay.weixin.qq.com/doc/v2/merchant/4011939629

    Args:
        prepay: the order's `prepay_id`, or the answer that holds it.
        appid: of the app.
        mchid: merchant number that the order was placed with.
        apiv2_key: the APIv2 key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
        sign_type: the one that the order was placed with.
    """
    parameters = {
        "appid": given("appid", appid),
        "partnerid": given("mchid", mchid),
        "prepayid": prepay_id(prepay),
        "package": APP_PACKAGE,
        "noncestr": given("nonce", nonce),
        "timestamp": seconds(timestamp),
    }
    return {**parameters, "sign": v2.sign_shown(parameters, apiv2_key, sign_type)}


@conceals_arguments
def red_packet_v2(package: str, *, appid: str, apiv2_key: str, timestamp: int, nonce: str) -> dict[str, str]:
    """The parameters of `wx.sendBizRedPacket(...)`, by which a mini-program's user takes a red packet.

    https://pay.weixin.qq.com/wiki/doc/api/tools/miniprogram_hb.php?chapter=13_9&index=2

    Args:
        package: of the answer of `sendminiprogramhb`, as it is there.
        appid: of the mini-program.
        apiv2_key: the APIv2 key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
    """
    parameters = {
        "timeStamp": seconds(timestamp),
        "nonceStr": given("nonce", nonce),
        "package": quote(given("package", package), safe=""),
    }
    pay_sign = v2.sign_shown({"appId": given("appid", appid), **parameters}, apiv2_key, "MD5")
    return {**parameters, "signType": "MD5", "paySign": pay_sign}
