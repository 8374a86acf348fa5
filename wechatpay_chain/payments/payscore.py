"""The parameters of payscore (微信支付分): allowing a service, confirming an order, showing it."""

from __future__ import annotations

from ..credentials.arguments import conceals_arguments
from .parameters import given, hmac_signed, seconds


def payscore_enable(apply_permissions_token: str) -> dict[str, str]:
    """The parameters of `wxpayScoreEnable`, by which a user allows a payscore service.

    https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/score-auth.html
    """
    return {"apply_permissions_token": given("apply_permissions_token", apply_permissions_token)}


def payscore_confirm(package: str) -> dict[str, str]:
    """The parameters of `wxpayScoreUse`, by which a user confirms a payscore order.

    https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/applets-confirm.html

    Args:
        package: of the order's answer.
    """
    return {"package": given("package", package)}


@conceals_arguments
def payscore_confirm_signed(package: str, *, mchid: str, apiv2_key: str, timestamp: int, nonce: str) -> dict[str, str]:
    """The parameters of `wxpayScoreUse` in the older, signed form, which overseas services still use.

    Args:
        package: of the order's answer.
        mchid: merchant number.
        apiv2_key: the APIv2 key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
    """
    parameters = {
        "mch_id": given("mchid", mchid),
        "package": given("package", package),
        "timestamp": seconds(timestamp),
        "nonce_str": given("nonce", nonce),
        "sign_type": "HMAC-SHA256",
    }
    return hmac_signed(parameters, apiv2_key)


@conceals_arguments
def payscore_detail(
    service_id: str, out_order_no: str, *, mchid: str, apiv2_key: str, timestamp: int, nonce: str
) -> dict[str, str]:
    """The parameters of `wxpayScoreDetail`, which shows a payscore order.

    In an app and in a page they are given as text: use `query`.
    https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/applets-order.html

    Args:
        service_id: of the service.
        out_order_no: the merchant's number of the order.
        mchid: merchant number.
        apiv2_key: the APIv2 key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
    """
    parameters = {
        "mch_id": given("mchid", mchid),
        "service_id": given("service_id", service_id),
        "out_order_no": given("out_order_no", out_order_no),
        "timestamp": seconds(timestamp),
        "nonce_str": given("nonce", nonce),
        "sign_type": "HMAC-SHA256",
    }
    return hmac_signed(parameters, apiv2_key)
