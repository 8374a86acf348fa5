"""The merchant's own numbers, by which the platform recognises a repetition.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

MERCHANT_NUMBERS = (
    "out_request_no",
    "out_refund_no",
    "out_return_no",
    "out_bill_no",
    "out_batch_no",
    "out_transfer_no",
    "out_instruction_no",
    "out_subsidy_no",
    "out_subsidy_return_no",
    "out_settle_batch_no",
    "out_abnormal_settle_batch_no",
    "out_order_no",
    "out_order_id",
    "out_trade_no",
    "combine_out_trade_no",
    "partner_trade_no",
    "mch_billno",
)
"""Names of members with such a number. Of several in a payload the first counts: a refund also names its order."""

ORDER_NUMBERS = frozenset({"out_trade_no", "combine_out_trade_no"})
"""The numbers of orders. A refund that names an order has a number of its own, and that one counts."""


def merchant_number(members: object, *, but: Collection[str] = ()) -> str | None:
    """The merchant's own number in a payload, parameters or path values; None where there is none.

    Args:
        members: where to look; anything but a mapping holds none.
        but: names of `MERCHANT_NUMBERS` that don't count.
    """
    if not isinstance(members, Mapping):
        return None
    known = cast("Mapping[str, Any]", members)
    # A value of JSON that is no text and no integer names nothing, and must not name the same thing as its text.
    found = next((known[name] for name in MERCHANT_NUMBERS if name not in but and known.get(name)), None)
    return None if found is None or isinstance(found, bool | float | dict | list) else str(found)
