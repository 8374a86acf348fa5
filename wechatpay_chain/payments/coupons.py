"""The parameters by which a user takes coupons of a merchant (商家券), in a mini-program or in a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ..credentials.arguments import conceals_arguments
from ..errors import ConfigurationError, type_of
from ..wire import v2
from .parameters import given, hmac_signed, query

_COUPONS = "Give a list of dicts, each with stock_id and out_request_no"
_COUPON_PAGE = "https://action.weixin.qq.com/busifavor/getcouponinfo"


@conceals_arguments
def coupons_mini_program(
    coupons: Iterable[Mapping[str, str]], *, send_coupon_merchant: str, apiv2_key: str
) -> dict[str, Any]:
    """The parameters of the mini-program plugin that hands out coupons.

    https://pay.weixin.qq.com/doc/v3/merchant/4012285674

    Args:
        coupons: of each its `stock_id` and `out_request_no`, and where the stock has codes of its own, `coupon_code`.
        send_coupon_merchant: merchant number that hands them out.
        apiv2_key: its APIv2 key.

    Returns:
        `send_coupon_params`, `send_coupon_merchant` and `sign`, the component's three properties.

    Raises:
        ConfigurationError: these are no coupons, or a value of one is empty or no text.
    """
    listed = _listed(coupons)
    flat = {f"{name}{index}": value for index, coupon in enumerate(listed) for name, value in coupon.items()}
    flat["send_coupon_merchant"] = given("send_coupon_merchant", send_coupon_merchant)
    return {
        "send_coupon_params": listed,
        "send_coupon_merchant": send_coupon_merchant,
        "sign": v2.sign_shown(flat, apiv2_key, "HMAC-SHA256"),
    }


@conceals_arguments
def coupon_h5(
    stock_id: str,
    out_request_no: str,
    open_id: str,
    *,
    send_coupon_merchant: str,
    apiv2_key: str,
    coupon_code: str | None = None,
) -> str:
    """The page where a user takes a coupon of the merchant (商家券).

    https://pay.weixin.qq.com/doc/v3/merchant/4012535080

    Args:
        stock_id: of the coupon.
        out_request_no: the merchant's number of this handing out.
        open_id: of the user, under the appid that the page is opened with.
        send_coupon_merchant: merchant number that hands it out.
        apiv2_key: its APIv2 key.
        coupon_code: where the stock has codes of its own.
    """
    parameters = {
        "stock_id": given("stock_id", stock_id),
        "out_request_no": given("out_request_no", out_request_no),
        "send_coupon_merchant": given("send_coupon_merchant", send_coupon_merchant),
        "open_id": given("open_id", open_id),
    }
    if coupon_code is not None:
        parameters["coupon_code"] = given("coupon_code", coupon_code)
    return f"{_COUPON_PAGE}?{query(hmac_signed(parameters, apiv2_key))}#wechat_pay&wechat_redirect"


def _listed(coupons: object) -> list[dict[str, str]]:
    found = type_of(coupons)
    if not isinstance(coupons, Iterable) or isinstance(coupons, Mapping | str | bytes):
        raise ConfigurationError("coupons", f"{found} was found", _COUPONS)
    listed: list[dict[str, str]] = []
    for index, coupon in enumerate(cast("Iterable[object]", coupons)):
        place = f"coupons[{index}]"
        if not isinstance(coupon, Mapping):
            raise ConfigurationError(place, f"{type_of(coupon)} was found", _COUPONS)
        members = cast("Mapping[str, object]", coupon).items()
        listed.append({name: given(f"{place}[{name!r}]", value) for name, value in members})
    return listed
