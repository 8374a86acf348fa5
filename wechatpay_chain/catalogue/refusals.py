"""The error codes that many operations share: what they mean, and what to do.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709
https://pay.weixin.qq.com/doc/v2/merchant/4011985891 (APIv2), https://pay.weixin.qq.com/doc/v2/merchant/4011937125
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..http.operation import Operation

Affects = Literal["all", "writes", "money", "orders", "codes", "refunds", "certificates"]


@dataclass(frozen=True, slots=True)
class KnownRefusal:
    """A code of the platform.

    Attributes:
        status: HTTP status that it comes with; APIv2 refuses with 200.
        code: as APIv3, or of its operations APIv2, spells it; older products leave out underscores.
        remedy: what it means, and what to do.
        affects: which operations answer with it: all, those that change something, those that move money, those that
            make orders, those that pay by a payer's code, refunds, or those that present the merchant certificate.
    """

    status: int
    code: str
    remedy: str
    affects: Affects = "all"


_MONEY = ("refund", "transfer", "profitsharing", "pay/", "withdraw", "redpack")
_ORDERS = ("unifiedorder", "micropay", "facepay", "combinedorder")
_CODES = ("micropay", "facepay", "codepay")
_ENDS = ("close", "reverse")
_READS_V2 = ("query", "download", "/get", "payitil/report", "tools/")
_USERPAYING = "The payer is entering a password: query every 5 s, and after 30 to 45 s reverse the payment."
_EXPIRED = "The payer's code is too old: have it shown anew, and pay with a new order number."
_NO_CODE = "That is no payment code of WeChat: scan it again."
_KNOWN = (
    KnownRefusal(202, "USERPAYING", _USERPAYING, "codes"),
    KnownRefusal(400, "PARAM_ERROR", "A parameter is missing or malformed: detail.field names it."),
    KnownRefusal(400, "INVALID_REQUEST", "The parameters don't go together, or the state doesn't allow it."),
    KnownRefusal(400, "ALREADY_EXISTS", "The number was used with other content: query what it made.", "writes"),
    KnownRefusal(400, "AUTH_CODE_EXPIRED", _EXPIRED, "codes"),
    KnownRefusal(400, "AUTH_CODE_INVALID", _NO_CODE, "codes"),
    KnownRefusal(401, "SIGN_ERROR", "The signature doesn't fit: run `wechatpay-chain doctor`."),
    KnownRefusal(403, "NO_AUTH", "The product isn't opened, or the merchant isn't yours: see the merchant portal."),
    KnownRefusal(403, "NOT_ENOUGH", "The balance is too low: top up, repeat with the same number.", "money"),
    KnownRefusal(403, "RULE_LIMIT", "A business rule or risk control refused it: don't repeat.", "money"),
    KnownRefusal(404, "RESOURCE_NOT_EXISTS", "There is no such thing, also ORDER_NOT_EXIST."),
    KnownRefusal(429, "RATELIMIT_EXCEEDED", "Too many calls: slow down, repeat the same; also FREQUENCY_LIMITED."),
    KnownRefusal(500, "SYSTEM_ERROR", "The outcome is unknown: query it, or repeat with the same number.", "writes"),
    KnownRefusal(503, "SERVICE_UNAVAILABLE", "Not handled: repeat the same later."),
)
_KNOWN_V2 = (
    KnownRefusal(200, "USERPAYING", _USERPAYING, "codes"),
    KnownRefusal(200, "AUTHCODEEXPIRE", _EXPIRED, "codes"),
    KnownRefusal(200, "AUTH_CODE_INVALID", f"{_NO_CODE} Also AUTH_CODE_ERROR.", "codes"),
    KnownRefusal(200, "PARAM_ERROR", "A parameter is missing or malformed: err_code_des names it; also LACK_PARAMS."),
    KnownRefusal(200, "INVALID_REQUEST", "The parameters don't go together, or the state doesn't allow it."),
    KnownRefusal(200, "SIGNERROR", "The signature doesn't fit: apiv2_key is another key than apiv3_key."),
    KnownRefusal(200, "APPID_MCHID_NOT_MATCH", "The appid is not bound to this merchant: see the merchant portal."),
    KnownRefusal(200, "NOAUTH", "The product isn't opened, or the merchant isn't yours: see the merchant portal."),
    KnownRefusal(200, "CA_ERROR", "The certificate that was presented isn't this merchant's one.", "certificates"),
    KnownRefusal(200, "OUT_TRADE_NO_USED", "The number was used with other content: query what it made.", "orders"),
    KnownRefusal(200, "ORDERPAID", "The order is paid already: query it.", "orders"),
    KnownRefusal(200, "ORDERCLOSED", "The order is closed: use a new number.", "orders"),
    KnownRefusal(200, "ORDERNOTEXIST", "There is no such order; of refunds REFUNDNOTEXIST."),
    KnownRefusal(200, "NOTENOUGH", "The balance is too low, the payer's or yours.", "money"),
    KnownRefusal(200, "BIZERR_NEED_RETRY", "Not handled: repeat with the same number.", "refunds"),
    KnownRefusal(200, "FREQUENCY_LIMITED", "Too many calls: slow down, repeat the same."),
    KnownRefusal(200, "BANKERROR", "The outcome is unknown: query it, don't use a new number.", "codes"),
    KnownRefusal(200, "SYSTEMERROR", "The outcome is unknown: query it, or repeat with the same number."),
)


def known_refusals(operation: Operation) -> tuple[KnownRefusal, ...]:
    """The refusals that operations of this kind answer with; an operation's own page may name more."""
    affected = frozenset(_kinds(operation))
    known = _KNOWN_V2 if operation.path.startswith("/v2/") else _KNOWN
    return tuple(refusal for refusal in known if refusal.affects in affected)


def _kinds(operation: Operation) -> Iterator[Affects]:
    yield "all"
    if operation.certificate:
        yield "certificates"
    path = operation.path
    if operation.method == "GET" or (path.startswith("/v2/") and _has(path, _READS_V2)):
        return
    yield "writes"
    if _has(path, _MONEY):
        yield "money"
    if _has(path, _ORDERS) and not _has(path, _ENDS):
        yield "orders"
    if _has(path, _CODES) and not _has(path, _ENDS):
        yield "codes"
    if "refund" in path:
        yield "refunds"


def _has(path: str, words: tuple[str, ...]) -> bool:
    return any(word in path for word in words)
