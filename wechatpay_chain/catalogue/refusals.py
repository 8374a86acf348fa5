"""The error codes that operations have in common: what they mean, and what to do.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..http.operation import Operation

Affects = Literal["all", "writes", "money"]


@dataclass(frozen=True, slots=True)
class KnownRefusal:
    """A code of the platform.

    Attributes:
        status: HTTP status that it comes with.
        code: as APIv3 spells it; older products leave out underscores.
        remedy: what it means, and what to do.
        affects: which operations answer with it: all, those that change something, or those that move money.
    """

    status: int
    code: str
    remedy: str
    affects: Affects = "all"


_MONEY = ("refund", "transfer", "profitsharing", "pay/", "withdraw")
_KNOWN = (
    KnownRefusal(400, "PARAM_ERROR", "A parameter is missing or malformed: detail.field names it."),
    KnownRefusal(400, "INVALID_REQUEST", "The parameters don't go together, or the state doesn't allow it."),
    KnownRefusal(400, "ALREADY_EXISTS", "The number was used with other content: query what it made.", "writes"),
    KnownRefusal(401, "SIGN_ERROR", "The signature doesn't fit: run `wechatpay-chain doctor`."),
    KnownRefusal(403, "NO_AUTH", "The product isn't opened, or the merchant isn't yours: see the merchant portal."),
    KnownRefusal(403, "NOT_ENOUGH", "The balance is too low: top up, repeat with the same number.", "money"),
    KnownRefusal(403, "RULE_LIMIT", "A business rule or risk control refused it: don't repeat.", "money"),
    KnownRefusal(404, "RESOURCE_NOT_EXISTS", "There is no such thing, also ORDER_NOT_EXIST."),
    KnownRefusal(429, "RATELIMIT_EXCEEDED", "Too many calls: slow down, repeat the same; also FREQUENCY_LIMITED."),
    KnownRefusal(500, "SYSTEM_ERROR", "The outcome is unknown: query it, or repeat with the same number.", "writes"),
    KnownRefusal(503, "SERVICE_UNAVAILABLE", "Not handled: repeat the same later."),
)


def known_refusals(operation: Operation) -> tuple[KnownRefusal, ...]:
    """The refusals that operations of this kind answer with; an operation's own page may name more."""
    affected = {"all"}
    if operation.method != "GET":
        affected.add("writes")
        if any(word in operation.path for word in _MONEY):
            affected.add("money")
    return tuple(refusal for refusal in _KNOWN if refusal.affects in affected)
