"""Recognising notifications of profit sharings that have the event type of payments.

Until March 2025 the platform sent all of them, and the returns of them, as `TRANSACTION.SUCCESS`, some even with
`transaction` as their original type; some merchants still get them so. Only the content tells them from payments, and
sharings and returns have the same content: the summary tells those two apart.

https://pay.weixin.qq.com/doc/v3/merchant/4012289679
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

PAYMENT = "TRANSACTION.SUCCESS"
"""The event type of payments."""

ORIGINAL_TYPE = "profitsharing"
"""The original type of sharings and of returns."""

SharingType = Literal["PROFITSHARING.SUCCESS", "PROFITSHARING.RETURN"]

_OF_PAYMENTS = frozenset({"trade_state", "out_trade_no", "combine_out_trade_no", "sub_orders"})
_OF_SHARINGS = frozenset({"receiver", "receivers", "out_order_no", "out_return_no"})
_RETURN = "回退"


def sharing_type(
    event_type: str, original_type: str | None, resource: Mapping[str, Any], summary: str
) -> SharingType | None:
    """What a profit sharing that comes as a payment is: the event type of a sharing, or of a return. None for others.

    Args:
        event_type: that it came under.
        original_type: likewise.
        resource: its decrypted content.
        summary: its text for people.
    """
    if event_type != PAYMENT:
        return None
    told = not _OF_SHARINGS.isdisjoint(resource) and _OF_PAYMENTS.isdisjoint(resource)
    if not told and original_type != ORIGINAL_TYPE:
        return None
    return "PROFITSHARING.RETURN" if _RETURN in summary else "PROFITSHARING.SUCCESS"
