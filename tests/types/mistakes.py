"""Calls that type checkers must refuse. This file is read by pyright and mypy and never runs.

Each mistake carries the error of both checkers as an ignore. An ignore that meets no error is an error itself, so a
mistake that goes unnoticed fails as well as one that is noticed for another reason.
"""

from __future__ import annotations

from wechatpay_chain import Notification, SyncWeChatPay, Webhook, WeChatPay
from wechatpay_chain.notifications import kinds
from wechatpay_chain.types.notifications import RefundSuccess, TransactionSuccess


async def names(wxpay: WeChatPay, sync: SyncWeChatPay) -> None:
    """Unknown attributes and verbs that a path doesn't have."""
    print(wxpay.v3.pay.transaction)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    print(wxpay.v4)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    print(sync.v3.aggracct_bc)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    await wxpay.v3.pay.transactions.native.get()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    sync.v3.pay.transactions.post(json={})  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    await wxpay.v3.pay.transactions.native(json={})  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    await wxpay["v3/pay"](json={})  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    await wxpay["v3/pay"]  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


async def fields(wxpay: WeChatPay) -> None:
    """Missing, misspelt and nested fields, wrong types and values outside of an enumeration."""
    close = wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close
    await close.post(out_trade_no="1", json={})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    await close.post(out_trade_no="1", json={"mchid": "1", "mch_id": "1"})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    await close.post(out_trade_no="1", json={"mchid": 1})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    await close.post(out_trade_no="1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await wxpay.v3.refund.domestic.refunds.post(
        json={
            "amount": {"refund": 1, "total": 1, "currency": "CNY"},
            "goods_detail": [{"merchant_goods_id": "1", "unit_price": 1.5, "refund_amount": 1, "refund_quantity": 1}],  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
            "out_refund_no": "1",
        }
    )
    await wxpay.v3.aggracctBc.wbChannel.controlOrders._out_request_no_.get(
        out_request_no="1",
        params={"control_type": "RELEASE", "mchid": "1"},  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    )


async def placeholders(wxpay: WeChatPay) -> None:
    """A placeholder that is missing or has another name."""
    bill = wxpay.v3.pay.transactions.id._transaction_id_
    await bill.get(params={"mchid": "1"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await bill.get(out_trade_no="1", params={"mchid": "1"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def answers(wxpay: WeChatPay, sync: SyncWeChatPay) -> None:
    """A field that the answer doesn't have, an answer that was not awaited, one that needn't be."""
    answer = await wxpay.v3.certificates.get()
    answer.json()["dada"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    wxpay.v3.certificates.get().json()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    await sync.v3.certificates.get()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


async def uploads(wxpay: WeChatPay) -> None:
    """An upload without its file, and a file for what is no upload."""
    await wxpay.v3.merchant.media.upload.post()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await wxpay.v3.certificates.get(file=b"")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def notifications(webhook: Webhook) -> None:
    """A field that the resource of a kind doesn't have, and a handler of another kind."""

    @webhook.on(kinds.TRANSACTION_SUCCESS)
    async def paid(notification: Notification[TransactionSuccess]) -> None:
        notification.resource["no_such_field"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]

    @webhook.on(kinds.TRANSACTION_SUCCESS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async def refunded(notification: Notification[RefundSuccess]) -> None: ...
