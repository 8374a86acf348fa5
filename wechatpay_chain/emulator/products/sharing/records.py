"""What profit sharing remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...world.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver(Record):
    """Someone who may get a part: `ADDED` until removed.

    Attributes:
        sub_mchid: of a partner's receiver, whose money is shared: the sub-merchant, or the brand; empty for all.
        type: `MERCHANT_ID`, `PERSONAL_OPENID` or `PERSONAL_SUB_OPENID`.
        account: merchant number or openid.
        content: what was told of the relation.
    """

    sub_mchid: str
    type: str
    account: str
    content: dict[str, Any] = field(repr=False)

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.sub_mchid}/{self.type}/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing(Record):
    """A request to share an order, or to unfreeze what is left: `PROCESSING`, then `FINISHED`.

    Attributes:
        out_order_no: the merchant's number.
        order_id: the platform's number.
        order: the key of the order.
        content: what was asked for, to be compared with a repeat.
        parts: what each receiver gets, and what became of it.
        unfreezes: whether what is left becomes the merchant's own.
    """

    out_order_no: str
    order_id: str
    order: str
    content: dict[str, Any] = field(repr=False)
    parts: list[dict[str, Any]]
    unfreezes: bool

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_order_no}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Record):
    """A receiver gives back: `PROCESSING`, then `SUCCESS` or `FAILED`.

    Attributes:
        out_return_no: the merchant's number.
        return_id: the platform's number.
        sharing: the key of the sharing.
        content: what was asked for, to be compared with a repeat.
        amount: in fen.
        finished: when it ended, Unix time in seconds.
        failure: why it will fail; empty where it won't.
    """

    out_return_no: str
    return_id: str
    sharing: str
    content: dict[str, Any] = field(repr=False)
    amount: int
    finished: float = 0.0
    failure: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_return_no}"

    @property
    def account(self) -> str:
        """Of the receiver that gives back."""
        account: str = self.content.get("return_mchid") or self.content["return_account"]
        return account
