"""The parameters by which a payee accepts a transfer."""

from __future__ import annotations

from .parameters import given


def merchant_transfer(
    package_info: str, *, mchid: str, appid: str, sub_mchid: str | None = None, sub_appid: str | None = None
) -> dict[str, str]:
    """The parameters of `wx.requestMerchantTransfer(...)`, by which a payee accepts a transfer. Nothing is signed.

    In an app they are the query of `openBusinessView` with the business type `requestMerchantTransfer`: use `query`.
    https://pay.weixin.qq.com/doc/v3/merchant/4012716430

    Args:
        package_info: of the transfer's answer, which has it while the state is `WAIT_USER_CONFIRM`.
        mchid: merchant number that made the transfer.
        appid: of the front end.
        sub_mchid: of a service provider's merchant.
        sub_appid: of a service provider's merchant.
    """
    parameters = {
        "mchId": given("mchid", mchid),
        "subMchId": sub_mchid if sub_mchid is None else given("sub_mchid", sub_mchid),
        "appId": given("appid", appid),
        "subAppId": sub_appid if sub_appid is None else given("sub_appid", sub_appid),
        "package": given("package_info", package_info),
    }
    return {name: value for name, value in parameters.items() if value is not None}
