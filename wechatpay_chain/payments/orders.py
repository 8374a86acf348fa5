"""The parameters of an APIv3 order, signed with the merchant's private key.

https://pay.weixin.qq.com/doc/v3/merchant/4012365336
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .._arguments import COUNT, Takes, check_attributes
from ..crypto import asymmetric
from ..crypto.asymmetric import Algorithm, PrivateKey, algorithm_of
from ..errors import ConfigurationError
from ..http.response import Response
from .parameters import PREPAY, Prepay, given, member, prepay_id, seconds

_INSTALMENT = {
    "number": COUNT,
    "period_type": Takes(
        lambda value: isinstance(value, str) and re.fullmatch("[A-Z_]+", value) is not None,
        "Give a word such as PERIOD",
    ),
}
_ONE_LINE = "Give appid, nonce and prepay_id without: each is one line of the signed text"

APP_PACKAGE = "Sign=WXPay"
"""The package of an app's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """A subsidised instalment of 微信分付, chosen before the payment.

    https://pay.weixin.qq.com/doc/v3/merchant/4016196709

    Attributes:
        number: of periods.
        period_type: what the subsidy counts in.

    Raises:
        ConfigurationError: one of them is something else, which the package would hold as further parameters.
    """

    number: int
    period_type: str = "PERIOD"

    def __post_init__(self) -> None:
        check_attributes(_INSTALMENT, "instalment.", self)

    def __str__(self) -> str:
        return f"&subsidy_period_type={self.period_type}&selected_installment_number={self.number}"


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
    package = f"{PREPAY}{prepay_id(prepay)}{instalment or ''}"
    return Unsigned(
        message=_lines(given("appid", appid), seconds(timestamp), given("nonce", nonce), package),
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
    bare = prepay_id(prepay)
    return Unsigned(
        message=_lines(given("appid", appid), seconds(timestamp), given("nonce", nonce), bare),
        fields={
            "appid": appid,
            "partnerid": given("mchid", mchid),
            "prepayid": bare,
            "package": f"{APP_PACKAGE}{instalment or ''}",
            "noncestr": nonce,
            "timestamp": str(timestamp),
        },
        name="sign",
    )


def jsapi(
    prepay: Prepay,
    *,
    appid: str,
    key: PrivateKey,
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
    return _signed(unsigned, key)


def mini_program(
    prepay: Prepay,
    *,
    appid: str,
    key: PrivateKey,
    timestamp: int,
    nonce: str,
    instalment: Instalment | None = None,
) -> dict[str, str]:
    """The parameters of `wx.requestPayment(...)`: those of `jsapi`, but for the appid, which is signed all the same.

    https://pay.weixin.qq.com/doc/v3/merchant/4012791898
    """
    return without_appid(jsapi(prepay, appid=appid, key=key, timestamp=timestamp, nonce=nonce, instalment=instalment))


def medical(
    prepay: Prepay, mix_trade_no: str, *, appid: str, key: PrivateKey, timestamp: int, nonce: str
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
    parameters = jsapi(prepay, appid=appid, key=key, timestamp=timestamp, nonce=nonce)
    return {**parameters, "mixTradeNo": given("mix_trade_no", mix_trade_no)}


def app(
    prepay: Prepay,
    *,
    appid: str,
    mchid: str,
    key: PrivateKey,
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
    return _signed(unsigned, key)


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
    url = h5 if isinstance(h5, str) else member(h5, "h5_url", "mweb_url")
    return f"{url}&redirect_url={quote(given('redirect_url', redirect_url), safe='')}"


def check_algorithm(algorithm: Algorithm) -> None:
    """Refuse SM2, for which no signType is known.

    Raises:
        ConfigurationError: it is SM2.
    """
    if algorithm != "RSA":
        raise ConfigurationError(
            "private_key",
            "it is of SM2, and no source says which signType front ends take for it",
            "Ask WeChat Pay for the word; then sign the message of unsigned_jsapi(...) or unsigned_app(...) yourself, "
            "and set the word in its fields",
        )


def _signed(unsigned: Unsigned, key: PrivateKey) -> dict[str, str]:
    check_algorithm(algorithm_of(key))
    return unsigned.signed(asymmetric.sign(key, unsigned.message))


def _lines(*lines: str) -> bytes:
    for line in lines:
        # Else whoever can choose a part of this text could have another one signed, such as that of a request.
        if not line.isprintable():
            raise ConfigurationError("payments", f"{line[:40]!a} holds a line end or a control character", _ONE_LINE)
    return "".join(f"{line}\n" for line in lines).encode()
