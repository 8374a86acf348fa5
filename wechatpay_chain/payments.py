"""What a front end needs to open WeChat Pay, from an order that was placed or from a service's answer.

    wx.requestPayment(await wxpay.payments.mini_program(answer, appid="wx..."))

The functions are pure: key, timestamp and nonce are arguments. `Payments`, which a client has as `wxpay.payments`,
fills these in. Which `appid` to give: the one of the front end that pays, so for a service provider the `sp_appid` or
the `sub_appid`, and for a combined order the appid it was placed with.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar, cast
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from .crypto import rsa
from .errors import ConfigurationError
from .message import Response
from .signing import Signer
from .wire import v2

Prepay = str | Response[Any] | Mapping[str, Any]
"""A `prepay_id`, or the answer or its JSON that holds one."""

R = TypeVar("R")

_COUPON_PAGE = "https://action.weixin.qq.com/busifavor/getcouponinfo"
_PREPAY = "prepay_id="
_APP_PACKAGE = "Sign=WXPay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """A subsidised instalment of 微信分付, chosen before the payment.

    https://pay.weixin.qq.com/doc/v3/merchant/4016196709

    Attributes:
        number: of periods.
        period_type: what the subsidy counts in.
    """

    number: int
    period_type: str = "PERIOD"

    def __str__(self) -> str:
        return f"&subsidy_period_type={self.period_type}&selected_installment_number={self.number}"


class _Fresh(TypedDict):
    timestamp: int
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """Parameters that still lack their RSA signature.

    Attributes:
        message: the bytes to be signed.
        fields: the parameters but for the signature.
        name: the parameter that takes the signature.
    """

    message: bytes = field(repr=False)
    fields: Mapping[str, str]
    name: str

    def signed(self, signature: bytes) -> dict[str, str]:
        """The parameters, with their signature."""
        return {**self.fields, self.name: base64.b64encode(signature).decode("ascii")}


def unsigned_jsapi(
    prepay: Prepay, *, appid: str, timestamp: int, nonce: str, instalment: Instalment | None = None
) -> Unsigned:
    """The parameters of `jsapi`, for a key that signs elsewhere (`Signer`)."""
    package = f"{_PREPAY}{_prepay_id(prepay)}{instalment or ''}"
    return Unsigned(
        message=_lines(appid, str(timestamp), nonce, package),
        fields={
            "appId": appid,
            "timeStamp": str(timestamp),
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
        },
        name="paySign",
    )


def unsigned_app(
    prepay: Prepay, *, appid: str, mchid: str, timestamp: int, nonce: str, instalment: Instalment | None = None
) -> Unsigned:
    """The parameters of `app`, for a key that signs elsewhere (`Signer`)."""
    prepay_id = _prepay_id(prepay)
    return Unsigned(
        message=_lines(appid, str(timestamp), nonce, prepay_id),
        fields={
            "appid": appid,
            "partnerid": mchid,
            "prepayid": prepay_id,
            "package": f"{_APP_PACKAGE}{instalment or ''}",
            "noncestr": nonce,
            "timestamp": str(timestamp),
        },
        name="sign",
    )


def jsapi(
    prepay: Prepay,
    *,
    appid: str,
    key: RSAPrivateKey,
    timestamp: int,
    nonce: str,
    instalment: Instalment | None = None,
) -> dict[str, str]:
    """The parameters of `WeixinJSBridge.invoke("getBrandWCPayRequest", ...)` in a page inside of WeChat.

    https://pay.weixin.qq.com/doc/v3/merchant/4012791857

    Args:
        prepay: the order's `prepay_id`, or the answer that holds it.
        appid: of the front end.
        key: the merchant's private key, the one that the order was signed with.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
        instalment: a subsidised instalment that was chosen.

    Raises:
        ConfigurationError: the answer holds no `prepay_id`.
    """
    unsigned = unsigned_jsapi(prepay, appid=appid, timestamp=timestamp, nonce=nonce, instalment=instalment)
    return unsigned.signed(rsa.sign(key, unsigned.message))


def mini_program(
    prepay: Prepay,
    *,
    appid: str,
    key: RSAPrivateKey,
    timestamp: int,
    nonce: str,
    instalment: Instalment | None = None,
) -> dict[str, str]:
    """The parameters of `wx.requestPayment(...)`: those of `jsapi`, but for the appid, which is signed all the same.

    https://pay.weixin.qq.com/doc/v3/merchant/4012791898
    """
    return without_appid(jsapi(prepay, appid=appid, key=key, timestamp=timestamp, nonce=nonce, instalment=instalment))


def medical(
    prepay: Prepay, mix_trade_no: str, *, appid: str, key: RSAPrivateKey, timestamp: int, nonce: str
) -> dict[str, str]:
    """The parameters of `requestMedicalInsurancePay`, for an order that medical insurance pays a part of.

    Args:
        prepay: as for `jsapi`.
        mix_trade_no: the mixed order's number; it isn't signed.
        appid: of the front end.
        key: the merchant's private key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
    """
    return {**jsapi(prepay, appid=appid, key=key, timestamp=timestamp, nonce=nonce), "mixTradeNo": mix_trade_no}


def app(
    prepay: Prepay,
    *,
    appid: str,
    mchid: str,
    key: RSAPrivateKey,
    timestamp: int,
    nonce: str,
    instalment: Instalment | None = None,
) -> dict[str, str]:
    """The parameters of an app's `PayReq`. On Android and HarmonyOS `package` is called `packageValue`.

    https://pay.weixin.qq.com/doc/v3/merchant/4013070351

    Args:
        prepay: the order's `prepay_id`, or the answer that holds it.
        appid: of the app.
        mchid: merchant number that the order was placed with; a service provider's is its own.
        key: the merchant's private key, the one that the order was signed with.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
        instalment: a subsidised instalment that was chosen; it isn't signed here.

    Raises:
        ConfigurationError: the answer holds no `prepay_id`.
    """
    unsigned = unsigned_app(prepay, appid=appid, mchid=mchid, timestamp=timestamp, nonce=nonce, instalment=instalment)
    return unsigned.signed(rsa.sign(key, unsigned.message))


def without_appid(parameters: Mapping[str, str]) -> dict[str, str]:
    """JSAPI parameters as a mini-program takes them: the appid is known there."""
    return {name: value for name, value in parameters.items() if name != "appId"}


def h5_url(h5: str | Response[Any] | Mapping[str, Any], redirect_url: str) -> str:
    """The page that opens WeChat from a browser, and returns to `redirect_url` afterwards.

    https://pay.weixin.qq.com/doc/v3/merchant/4012791834

    Args:
        h5: the `h5_url` of the order (`mweb_url` of APIv2), or the answer that holds it. It lives 5 minutes.
        redirect_url: where the payer returns to, paid or not: its host must be registered.
    """
    url = h5 if isinstance(h5, str) else _member(h5, "h5_url", "mweb_url")
    return f"{url}&redirect_url={quote(redirect_url, safe='')}"


def merchant_transfer(
    package_info: str, *, mchid: str, appid: str, sub_mchid: str | None = None, sub_appid: str | None = None
) -> dict[str, str]:
    """The parameters of `wx.requestMerchantTransfer(...)`, by which a payee accepts a transfer. Nothing is signed.

    In an app they are the query of `openBusinessView` with the business type `requestMerchantTransfer`: use `query`.
    https://pay.weixin.qq.com/doc/v3/merchant/4012716430

    Args:
        package_info: of the transfer's answer; it is there while the state is `WAIT_USER_CONFIRM`.
        mchid: merchant number that made the transfer.
        appid: of the front end.
        sub_mchid: of a service provider's merchant.
        sub_appid: of a service provider's merchant.
    """
    given = {"mchId": mchid, "subMchId": sub_mchid, "appId": appid, "subAppId": sub_appid, "package": package_info}
    return {name: value for name, value in given.items() if value is not None}


def payscore_enable(apply_permissions_token: str) -> dict[str, str]:
    """The parameters of `wxpayScoreEnable`, by which a user allows a payscore service.

    https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/score-auth.html
    """
    return {"apply_permissions_token": apply_permissions_token}


def payscore_confirm(package: str) -> dict[str, str]:
    """The parameters of `wxpayScoreUse`, by which a user confirms a payscore order.

    https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/applets-confirm.html

    Args:
        package: of the order's answer.
    """
    return {"package": package}


def payscore_confirm_signed(package: str, *, mchid: str, apiv2_key: str, timestamp: int, nonce: str) -> dict[str, str]:
    """The parameters of `wxpayScoreUse` in the older, signed form, which overseas services still use.

    Args:
        package: of the order's answer.
        mchid: merchant number.
        apiv2_key: the APIv2 key.
        timestamp: Unix time in seconds.
        nonce: a random string of at most 32 characters.
    """
    given = {"mch_id": mchid, "package": package, "timestamp": str(timestamp), "nonce_str": nonce}
    return _hmac_signed({**given, "sign_type": "HMAC-SHA256"}, apiv2_key)


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
    given = {
        "mch_id": mchid,
        "service_id": service_id,
        "out_order_no": out_order_no,
        "timestamp": str(timestamp),
        "nonce_str": nonce,
        "sign_type": "HMAC-SHA256",
    }
    return _hmac_signed(given, apiv2_key)


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
    """
    listed = [dict(coupon) for coupon in coupons]
    flat = {f"{name}{index}": value for index, coupon in enumerate(listed) for name, value in coupon.items()}
    flat["send_coupon_merchant"] = send_coupon_merchant
    return {
        "send_coupon_params": listed,
        "send_coupon_merchant": send_coupon_merchant,
        "sign": v2.sign(flat, apiv2_key, "HMAC-SHA256"),
    }


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
    given = {
        "stock_id": stock_id,
        "out_request_no": out_request_no,
        "send_coupon_merchant": send_coupon_merchant,
        "open_id": open_id,
    }
    if coupon_code is not None:
        given["coupon_code"] = coupon_code
    return f"{_COUPON_PAGE}?{query(_hmac_signed(given, apiv2_key))}#wechat_pay&wechat_redirect"


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
    given = {
        "appId": appid,
        "timeStamp": str(timestamp),
        "nonceStr": nonce,
        "package": f"{_PREPAY}{_prepay_id(prepay)}",
        "signType": sign_type,
    }
    return {**given, "paySign": v2.sign(given, apiv2_key, sign_type)}


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
    given = {
        "appid": appid,
        "partnerid": mchid,
        "prepayid": _prepay_id(prepay),
        "package": _APP_PACKAGE,
        "noncestr": nonce,
        "timestamp": str(timestamp),
    }
    return {**given, "sign": v2.sign(given, apiv2_key, sign_type)}


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
    given = {"timeStamp": str(timestamp), "nonceStr": nonce, "package": quote(package, safe="")}
    pay_sign = v2.sign({"appId": appid, **given}, apiv2_key, "MD5")
    return {**given, "signType": "MD5", "paySign": pay_sign}


def query(parameters: Mapping[str, str]) -> str:
    """Parameters as the text that an app or a page hands to `openBusinessView`: percent-encoded `name=value` pairs."""
    return urlencode(parameters, quote_via=quote, safe="")


class Payments(Generic[R]):
    """The functions of this module, with a merchant's keys, clock and nonces filled in.

    Args:
        run: what becomes of the coroutines that sign: a client hands them on, its blocking twin runs them.
        mchid: merchant number.
        signer: signs for the merchant.
        apiv2_key: the APIv2 key, for what is signed with it.
        clock: gives Unix time in seconds.
        nonce: gives a random string.
    """

    def __init__(
        self,
        run: Callable[[Coroutine[Any, Any, dict[str, str]]], R],
        mchid: str,
        signer: Signer,
        apiv2_key: str | None,
        clock: Callable[[], float],
        nonce: Callable[[], str],
    ) -> None:
        self._run = run
        self._mchid = mchid
        self._signer = signer
        self._apiv2_key = apiv2_key
        self._clock = clock
        self._nonce = nonce

    def jsapi(self, prepay: Prepay, *, appid: str, instalment: Instalment | None = None) -> R:
        """As the function `jsapi`."""
        return self._run(self._jsapi(prepay, appid, instalment))

    def mini_program(self, prepay: Prepay, *, appid: str, instalment: Instalment | None = None) -> R:
        """As the function `mini_program`."""

        async def signed() -> dict[str, str]:
            return without_appid(await self._jsapi(prepay, appid, instalment))

        return self._run(signed())

    def medical(self, prepay: Prepay, mix_trade_no: str, *, appid: str) -> R:
        """As the function `medical`."""

        async def signed() -> dict[str, str]:
            return {**await self._jsapi(prepay, appid), "mixTradeNo": mix_trade_no}

        return self._run(signed())

    def app(self, prepay: Prepay, *, appid: str, instalment: Instalment | None = None) -> R:
        """As the function `app`."""
        unsigned = unsigned_app(prepay, appid=appid, mchid=self._mchid, instalment=instalment, **self._fresh())
        return self._run(self._signed(unsigned))

    def jsapi_v2(self, prepay: Prepay, *, appid: str, sign_type: v2.SignType = "MD5") -> dict[str, str]:
        """As the function `jsapi_v2`."""
        return jsapi_v2(prepay, appid=appid, apiv2_key=self._key(), sign_type=sign_type, **self._fresh())

    def app_v2(self, prepay: Prepay, *, appid: str, sign_type: v2.SignType = "MD5") -> dict[str, str]:
        """As the function `app_v2`."""
        return app_v2(
            prepay, appid=appid, mchid=self._mchid, apiv2_key=self._key(), sign_type=sign_type, **self._fresh()
        )

    def red_packet_v2(self, package: str, *, appid: str) -> dict[str, str]:
        """As the function `red_packet_v2`."""
        return red_packet_v2(package, appid=appid, apiv2_key=self._key(), **self._fresh())

    def merchant_transfer(
        self, package_info: str, *, appid: str, sub_mchid: str | None = None, sub_appid: str | None = None
    ) -> dict[str, str]:
        """As the function `merchant_transfer`."""
        return merchant_transfer(package_info, mchid=self._mchid, appid=appid, sub_mchid=sub_mchid, sub_appid=sub_appid)

    def payscore_confirm_signed(self, package: str) -> dict[str, str]:
        """As the function `payscore_confirm_signed`."""
        return payscore_confirm_signed(package, mchid=self._mchid, apiv2_key=self._key(), **self._fresh())

    def payscore_detail(self, service_id: str, out_order_no: str) -> dict[str, str]:
        """As the function `payscore_detail`."""
        return payscore_detail(service_id, out_order_no, mchid=self._mchid, apiv2_key=self._key(), **self._fresh())

    def coupons_mini_program(self, coupons: Iterable[Mapping[str, str]]) -> dict[str, Any]:
        """As the function `coupons_mini_program`."""
        return coupons_mini_program(coupons, send_coupon_merchant=self._mchid, apiv2_key=self._key())

    def coupon_h5(self, stock_id: str, out_request_no: str, open_id: str, *, coupon_code: str | None = None) -> str:
        """As the function `coupon_h5`."""
        return coupon_h5(
            stock_id,
            out_request_no,
            open_id,
            send_coupon_merchant=self._mchid,
            apiv2_key=self._key(),
            coupon_code=coupon_code,
        )

    async def _jsapi(self, prepay: Prepay, appid: str, instalment: Instalment | None = None) -> dict[str, str]:
        return await self._signed(unsigned_jsapi(prepay, appid=appid, instalment=instalment, **self._fresh()))

    async def _signed(self, unsigned: Unsigned) -> dict[str, str]:
        return unsigned.signed(await self._signer.sign(unsigned.message))

    def _fresh(self) -> _Fresh:
        return {"timestamp": int(self._clock()), "nonce": self._nonce()}

    def _key(self) -> str:
        if not self._apiv2_key:
            raise ConfigurationError(
                "apiv2_key", "none was given, and these parameters are signed with it", "Give it to the client"
            )
        return self._apiv2_key


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _prepay_id(prepay: Prepay) -> str:
    found = prepay if isinstance(prepay, str) else _member(prepay, "prepay_id")
    return found.removeprefix(_PREPAY)


def _member(answer: Response[Any] | Mapping[str, Any], *names: str) -> str:
    members: object = answer
    if isinstance(answer, Response):
        members = answer.fields if answer.fields is not None else answer.json()
    if isinstance(members, Mapping):
        for name in names:
            if isinstance(found := cast("Mapping[str, Any]", members).get(name), str) and found:
                return found
    raise ConfigurationError(names[0], "the answer holds none", "Give the answer of the call that placed the order")


def _hmac_signed(fields: Mapping[str, str], apiv2_key: str) -> dict[str, str]:
    return {**fields, "sign": v2.sign(fields, apiv2_key, "HMAC-SHA256")}
