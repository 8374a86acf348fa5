"""Refusals in the platform's own forms.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709 (body), https://pay.weixin.qq.com/doc/v3/merchant/4012072670 (401)
"""

from __future__ import annotations

from typing import Any

import orjson

from ...http.headers import Headers
from ...http.response import Response
from ...wire.v3.signature import SERIAL_HEADER

# The Request-ID ends with a number that is more specific than the error code; these are known.
_SIGNATURE = 268443699
_AUTHORIZATION = 270924332
_RATE = 268447840
_MISSING = 268512771
_REPEATED = 268498688
# Our own, for all refusals whose number isn't documented.
_OTHER = 268435456

_LANGUAGE = "zh-CN"
# How much of the body the platform repeats when a signature is wrong.
_SHOWN_BODY = 8


class Refusal(Exception):
    """What a route raises to refuse a call.

    Args:
        status: HTTP status, 4xx or 5xx, or 202 for an answer such as `USERPAYING`.
        code: the platform's error code; empty for an answer without a body.
        message: text for people.
        detail: the `detail` member, any JSON; None leaves it out.
        number: the end of the `Request-ID`.
        keeps: whether the call's changes are kept, as for a payment that the payer has yet to confirm.
        code_v2: APIv2's code, if it isn't the one of APIv3 without underscores.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        *,
        detail: Any = None,
        number: int = _OTHER,
        keeps: bool = False,
        code_v2: str = "",
    ) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.number = number
        self.keeps = keeps
        self.code_v2 = code_v2

    def response(self) -> Response[Any]:
        """The refusal as an answer, not yet signed."""
        if not self.code:
            return Response(status=self.status)
        body = {"code": self.code, "message": self.message}
        if self.detail is not None:
            body["detail"] = self.detail
        headers = Headers({"Content-Type": "application/json; charset=utf-8", "Content-Language": _LANGUAGE})
        return Response(status=self.status, headers=headers, content=orjson.dumps(body))


def no_client_headers() -> Refusal:
    """`Accept` or `User-Agent` is missing."""
    return Refusal(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")


def bad_content_type(found: str) -> Refusal:
    """The body isn't of the type that the operation takes."""
    return Refusal(400, "INVALID_REQUEST", f"不支持的Content-Type：{found or '缺失'}")


def unauthorized(message: str) -> Refusal:
    """The `Authorization` header isn't accepted; the message says why."""
    return Refusal(401, "SIGN_ERROR", message, number=_AUTHORIZATION)


def wrong_signature(method: str, target: str, head: bytes, body: bytes) -> Refusal:
    """The signature is wrong. The refusal shows the text that was verified, with the body cut short.

    Args:
        method: method of the request.
        target: its path and query, as received.
        head: the verified message up to the body.
        body: the body that was verified.
    """
    information = {
        "method": method,
        "url": target,
        "truncated_sign_message": (head + body[:_SHOWN_BODY] + b"\n").decode("utf-8", "replace"),
        "sign_message_length": len(head) + len(body) + 1,
    }
    detail = {
        "field": "signature",
        "location": "authorization",
        "detail": {"issue": "sign not match"},
        "sign_information": information,
    }
    return Refusal(401, "SIGN_ERROR", "错误的签名，验签失败", detail=detail, number=_SIGNATURE)


def bad_parameter(field: str, location: str, issue: str, message: str = "参数错误") -> Refusal:
    """A parameter is missing or wrong.

    Args:
        field: JSON pointer inside the body, or the name of a query parameter or header.
        location: `body`, `query`, `url` or `header`.
        issue: what is wrong, in English as the platform has it.
        message: text for people.
    """
    detail = {"field": field, "location": location, "issue": issue}
    return Refusal(400, "PARAM_ERROR", f"{message}（{field}）" if field else message, detail=detail)


def undecryptable(field: str, location: str, issue: str) -> Refusal:
    """A secret that the platform can't decrypt."""
    return bad_parameter(field, location, issue, "平台私钥解密失败")


def no_key_named() -> Refusal:
    """A field is encrypted, but `Wechatpay-Serial` doesn't name the key.

    Observed: https://github.com/yansongda/pay/issues/546
    """
    return _bad_serial("required, but missing", "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)")


def unknown_key() -> Refusal:
    """`Wechatpay-Serial` names a key that the platform doesn't have.

    Observed: https://github.com/wechatpay-apiv3/wechatpay-java/issues/200
    """
    return _bad_serial("no public key or certificate has this name", "平台证书序列号Wechatpay-Serial错误")


def _bad_serial(issue: str, message: str) -> Refusal:
    detail = {"field": SERIAL_HEADER, "location": "header", "issue": issue}
    return Refusal(400, "PARAM_ERROR", message, detail=detail)


def too_many() -> Refusal:
    """The documented rate is exceeded."""
    return Refusal(429, "RATELIMIT_EXCEEDED", "请求频率超过限制，请降低频率后重试", number=_RATE)


def no_operation(method: str, path: str) -> Refusal:
    """The catalogue doesn't know the path. The platform might, so the emulator says that this is its own limit."""
    message = f"模拟器不认识 {method} {path}：目录中没有此接口，请用 @emulator.on(...) 注册"
    return Refusal(404, "RESOURCE_NOT_EXISTS", message)


def wrong_method() -> Refusal:
    """The path exists, the method doesn't. The platform sends no body."""
    return Refusal(405, "")


def not_found(message: str) -> Refusal:
    """There is no such order or resource."""
    return Refusal(404, "RESOURCE_NOT_EXISTS", message, number=_MISSING)


def repeated(message: str) -> Refusal:
    """A number was used before, with other content."""
    return Refusal(400, "RESOURCE_ALREADY_EXISTS", message, number=_REPEATED)


def invalid_state(message: str) -> Refusal:
    """The state of the order doesn't allow it."""
    return Refusal(400, "INVALID_REQUEST", message)


def no_order() -> Refusal:
    """There is no such order."""
    return Refusal(404, "ORDER_NOT_EXIST", "订单不存在", number=_MISSING)


def number_used() -> Refusal:
    """An `out_trade_no` was used before, with other content."""
    return Refusal(403, "OUT_TRADE_NO_USED", "201 商户订单号重复", number=_REPEATED)


def order_paid() -> Refusal:
    """The order was paid already."""
    return Refusal(400, "ORDERPAID", "该订单已支付")


def order_closed() -> Refusal:
    """The order was closed, or its payment ended otherwise."""
    return Refusal(400, "ORDER_CLOSED", "该订单已关闭")


def other_merchant(field: str) -> Refusal:
    """The merchant in the call isn't the one that signed it."""
    location = "body" if field.startswith("/") else "query"
    return bad_parameter(field, location, "not the merchant that signed the request", "商户号与签名的商户号不一致")
