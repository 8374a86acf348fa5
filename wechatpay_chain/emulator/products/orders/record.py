"""An order, as the platform remembers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...world.records import Record

State = Literal["NOTPAY", "SUCCESS", "REFUND", "CLOSED", "USERPAYING", "PAYERROR", "REVOKED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """An order of either protocol, alone or part of a combined one. Sums are in fen.

    Attributes:
        out_trade_no: the merchant's number; APIv2 and APIv3 share them.
        sub_mchid: of a partner's order, whom the money is for.
        appid: of the merchant or the partner.
        sub_appid: of the sub-merchant.
        trade_type: `JSAPI`, `NATIVE`, `APP`, `MWEB`, `MICROPAY`.
        protocol: how it was made, which says how it is announced.
        content: what was asked for, to be compared with a repeat.
        total: what is to be paid.
        prepay_id: what a front end pays by; it changes with every repeat.
        code: what ends the link to its payment.
        prepaid: when `prepay_id` was given out, Unix time in seconds.
        expires: when it closes unpaid, Unix time in seconds.
        transaction_id: the platform's number, once it was paid.
        paid_at: when it was paid, Unix time in seconds.
        openid: the payer's, under `appid`.
        sub_openid: the payer's, under `sub_appid`.
        refunded: what refunds that did not fail took.
        refund_count: how many there were.
        sharing: whether its money is held for profit sharing.
        shared: what receivers got, less what they gave back.
        combined: the key of the combined order that it is part of.
        then: of a code payment that waits for the payer, the state that it goes into.
    """

    out_trade_no: str
    sub_mchid: str = ""
    appid: str = ""
    sub_appid: str = ""
    trade_type: str
    protocol: Literal["v3", "v2"] = "v3"
    content: dict[str, Any] = field(repr=False)
    total: int
    currency: str = "CNY"
    description: str = ""
    attach: str = ""
    notify_url: str = ""
    prepay_id: str = ""
    code: str = ""
    prepaid: float = 0.0
    expires: float = 0.0
    transaction_id: str = ""
    paid_at: float = 0.0
    openid: str = ""
    sub_openid: str = ""
    bank_type: str = "OTHERS"
    refunded: int = 0
    refund_count: int = 0
    sharing: bool = False
    shared: int = 0
    combined: str = ""
    then: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_trade_no}"

    @property
    def paid(self) -> bool:
        """Whether money came in, refunded since or not."""
        return self.state in {"SUCCESS", "REFUND"}
