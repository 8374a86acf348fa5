"""Profit sharings that come as payments are told by their content."""

from __future__ import annotations

from typing import Any

import pytest

from tests.notifications.sender import PAYMENT, notify, webhook
from wechatpay_chain import Notification, Webhook
from wechatpay_chain.notifications import kinds

SHARING: dict[str, Any] = {
    "mchid": "1900000100",
    "transaction_id": "4200000000000000000000000001",
    "order_id": "3008450740201411110007820472",
    "out_order_no": "P1",
    "receiver": {"type": "MERCHANT_ID", "account": "1900000109", "amount": 888, "description": "share"},
    "success_time": "2026-11-20T10:00:00+08:00",
}
COMBINED = {"combine_out_trade_no": "C1", "sub_orders": [{"out_trade_no": "A1", "trade_state": "SUCCESS"}]}
# Such an order has fields of both.
PAYMENT_WITH_SHARING_FIELDS = {**PAYMENT, "out_order_no": "P1"}


def hook(called: list[str], *handlers: Any) -> Webhook:
    """A webhook with a handler for each kind, which notes that it was called."""
    made = webhook()
    for arguments in handlers:

        async def handle(notification: Notification[Any], name: str = str(arguments)) -> None:
            called.append(name)

        made.on(*arguments)(handle) if isinstance(arguments, tuple) else made.on(arguments)(handle)
    return made


@pytest.mark.parametrize("original_type", ["transaction", "profitsharing", None, ""])
@pytest.mark.parametrize("summary", ["分账", "分账回退", "支付成功", ""])
async def test_never_to_payments(original_type: str | None, summary: str) -> None:
    """No handler of payments gets a sharing or its return, by whichever original type and summary it comes."""
    for payments in (("TRANSACTION.SUCCESS",), ("TRANSACTION.SUCCESS", "transaction"), kinds.TRANSACTION_SUCCESS):
        called: list[str] = []
        made = hook(called, payments)
        message = notify(resource=SHARING, original_type=original_type, summary=summary)
        assert (await made.dispatch(*message)).status == 501
        assert called == []


@pytest.mark.parametrize(
    ("summary", "expected"),
    [("分账", "shared"), ("", "shared"), ("分账回退", "returned"), ("分账动账回退", "returned")],
)
@pytest.mark.parametrize("original_type", ["transaction", "profitsharing"])
async def test_to_their_own_handlers(summary: str, expected: str, original_type: str) -> None:
    """A sharing goes to the handler of sharings, its return, which has the same content, to the one of returns."""
    called: list[str] = []
    made = webhook()

    @made.on(kinds.TRANSACTION_SUCCESS)
    async def paid(notification: Notification[Any]) -> None:
        called.append("paid")

    @made.on(kinds.PROFITSHARING_SUCCESS)
    async def shared(notification: Notification[Any]) -> None:
        called.append("shared")

    @made.on(kinds.PROFITSHARING_RETURN)
    async def returned(notification: Notification[Any]) -> None:
        called.append("returned")

    assert (await made.dispatch(*notify(resource=SHARING, original_type=original_type, summary=summary))).ok
    assert called == [expected]


async def test_a_return_is_no_sharing() -> None:
    """Without a handler of its own a return isn't counted as a sharing."""
    called: list[str] = []
    made = hook(called, kinds.PROFITSHARING_SUCCESS)
    assert (await made.dispatch(*notify(resource=SHARING, summary="分账回退"))).status == 501
    assert called == []


@pytest.mark.parametrize(
    "handler",
    [
        ("PROFITSHARING.SUCCESS",),
        ("PROFITSHARING.SUCCESS", "profitsharing"),
        ("TRANSACTION.SUCCESS", "profitsharing"),
        (),
    ],
)
async def test_other_ways_to_register(handler: tuple[str, ...]) -> None:
    """By its own event type, by the one that it comes under with its original type, or as everything else."""
    called: list[str] = []
    made = hook(called, handler)
    assert (await made.dispatch(*notify(resource=SHARING, summary="分账"))).ok
    assert called == [str(handler)]


@pytest.mark.parametrize("resource", [PAYMENT, COMBINED, PAYMENT_WITH_SHARING_FIELDS, {"a": 1}, {}])
@pytest.mark.parametrize("summary", ["支付成功", "分账回退"])
async def test_payments_stay_payments(resource: dict[str, Any], summary: str) -> None:
    """Plain, combined and unknown payments go to the handler of payments, whatever their summary says."""
    called: list[str] = []
    made = hook(called, ("TRANSACTION.SUCCESS",), kinds.PROFITSHARING_SUCCESS, kinds.PROFITSHARING_RETURN)
    assert (await made.dispatch(*notify(resource=resource, summary=summary))).ok
    assert called == ["('TRANSACTION.SUCCESS',)"]
