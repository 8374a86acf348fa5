"""Messages as an inbox stores them, for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wechatpay_chain.notifications.inbox import Message


def message(key: str, number: str = "", **parts: Any) -> Message:
    """A message about a payment; its number is its key unless another one is given."""
    return replace(
        Message(
            key=key,
            number=number or key,
            id=key,
            event_type="TRANSACTION.SUCCESS",
            original_type="transaction",
            summary="支付成功",
            headers={"Wechatpay-Nonce": "n"},
            body=b'{"id":"EV"}',
            resource={"out_trade_no": number, "payer": {"openid": "o-Ada"}},
        ),
        **parts,
    )
