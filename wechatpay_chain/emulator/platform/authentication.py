"""Authenticates requests: the headers that every request needs, and the merchant's signature.

https://pay.weixin.qq.com/doc/v3/merchant/4012365336
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from ...crypto import asymmetric, serials
from ...errors import SignatureError
from ...http.path import without_needless_escapes
from ...http.request import Request
from ...wire import v3
from ...wire.authorization import Authorization
from ...wire.schemes import Scheme, scheme_of
from ...wire.signature_types import OF_BRAND, OF_MERCHANT
from . import refusal
from .keys import KeyPair
from .multipart import parse


class Signatory(Protocol):
    """A merchant or brand whose signature can be verified."""

    @property
    def key(self) -> KeyPair:
        """The pair of keys that signs its requests."""
        ...

    @property
    def role(self) -> str:
        """Its role; brands have a scheme of their own."""
        ...


M = TypeVar("M", bound=Signatory)

_WRONG_TYPE = "Http头Authorization认证类型不正确"
_LONGEST_TIMESTAMP = 12


def check_client_headers(request: Request) -> None:
    """Check that a request has `Accept` and `User-Agent`.

    Raises:
        Refusal: 400.
    """
    if not (request.headers.get("Accept") and request.headers.get("User-Agent")):
        raise refusal.no_client_headers()


def authenticate(request: Request, merchants: Mapping[str, M], now: float) -> M:
    """Check that a merchant, or below `/brand/` a brand, signed exactly this request. Returns it.

    Args:
        request: path, query, headers and body as received.
        merchants: by their number, brands among them.
        now: real Unix time in seconds.

    Raises:
        Refusal: 401.
    """
    scheme = scheme_of(without_needless_escapes(request.path))
    authorization = _authorization(request, scheme)
    timestamp = authorization.timestamp
    # The platform checks the timestamp before the signature.
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _LONGEST_TIMESTAMP
    if not is_number or abs(now - int(timestamp)) > v3.MAX_AGE:
        raise refusal.unauthorized("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    merchant = merchants.get(authorization.owner)
    if merchant is None or (merchant.role == "brand") != (scheme == "brand"):
        raise refusal.unauthorized("签名错误")
    if serials.key(authorization.serial) != serials.key(merchant.key.serial):
        raise refusal.unauthorized("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
    if authorization.signature_type != (OF_BRAND if scheme == "brand" else OF_MERCHANT).get(merchant.key.algorithm):
        raise refusal.unauthorized(_WRONG_TYPE)
    body = signed_body(request)
    message = v3.request_message(request.method, request.target, timestamp, authorization.nonce, body)
    try:
        asymmetric.verify(merchant.key.private_key.public_key(), message, authorization.signature)
    except SignatureError:
        head = message[: len(message) - len(body) - 1]
        raise refusal.wrong_signature(request.method, request.target, head, body) from None
    return merchant


def signed_body(request: Request) -> bytes:
    """The part of a request's body that is signed: of an upload only the `meta` part, else all of it."""
    body = request.body or b""
    upload = parse(request.headers.get("Content-Type", ""), body)
    return body if upload is None else upload.meta


def _authorization(request: Request, scheme: Scheme) -> Authorization:
    header = request.headers.get("Authorization", "")
    if header and header.partition(" ")[0] not in (OF_BRAND if scheme == "brand" else OF_MERCHANT).values():
        raise refusal.unauthorized(_WRONG_TYPE)
    try:
        return Authorization.parse(header)
    except ValueError:
        raise refusal.unauthorized("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》") from None
