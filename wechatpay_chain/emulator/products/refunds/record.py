"""A refund, as the platform remembers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...world.records import Record

ACCOUNT = "支付用户零钱"
"""Where money goes back to, in the platform's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Record):
    """A refund: `PROCESSING`, then `SUCCESS`, `CLOSED` or `ABNORMAL`. Sums are in fen.

    Attributes:
        out_refund_no: the merchant's number.
        refund_id: the platform's number.
        order: the key of the order.
        amount: what is given back.
        content: what was asked for, to be compared with a repeat.
        protocol: how it was asked for, which says how it is announced.
        notify_url: where it is announced.
        funds: the merchant's account that it is taken from.
        account: where the money goes.
        channel: how.
        finished: when it arrived, Unix time in seconds.
        then: the state that it goes into.
    """

    out_refund_no: str
    refund_id: str
    order: str
    amount: int
    content: dict[str, Any] = field(repr=False)
    protocol: Literal["v3", "v2"] = "v3"
    notify_url: str = ""
    funds: str = "AVAILABLE"
    account: str = ACCOUNT
    channel: str = "ORIGINAL"
    finished: float = 0.0
    then: str = "SUCCESS"

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_refund_no}"
