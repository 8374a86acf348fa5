"""Calls that type checkers must accept. This file is read by pyright and mypy and never runs."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, assert_type

from wechatpay_chain import Chain, Notification, Response, Secret, SyncWeChatPay, Webhook, WeChatPay
from wechatpay_chain.notifications import kinds
from wechatpay_chain.types.notifications import TransactionSuccess
from wechatpay_chain.types.v3 import (
    AggracctBcWbChannelControlOrdersRecoverPostAnswer,
    AggracctBcWbChannelControlOrdersRecoverPostJson,
    EcommerceApplyments_PostAnswer,
    PayTransactionsJsapiPostJsonAmount,
)


def recovery() -> AggracctBcWbChannelControlOrdersRecoverPostJson:
    """A payload made apart from its call."""
    return {
        "out_request_no": "1",
        "related_webank_punish_no": "2",
        "related_wxpay_punish_no": "3",
        "mchid": "1900000109",
        "bal_account_no": Secret("6222000011112222"),
        "recover_reason": "released",
        "req_scene": "SJT_MICRO_MERCHANT",
    }


async def main_job(wxpay: WeChatPay) -> None:
    """The answer of the attribute spelling is typed; brackets and `chain` take anything."""
    answer = await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=recovery())
    assert_type(answer, Response[AggracctBcWbChannelControlOrdersRecoverPostAnswer])
    assert_type(answer.json()["wxpay_recover_no"], str)
    assert_type(wxpay["v3/pay/transactions/native"], Chain[Coroutine[Any, Any, Response[Any]]])
    assert_type(await wxpay.chain("v3/brand/new").post(json={"anything": 1}), Response[Any])
    assert_type(await wxpay.v3.pay["brand-new"].thing._name_.get(name="x"), Response[Any])


def main_job_blocking(wxpay: SyncWeChatPay) -> None:
    """The blocking client has the same tree, with answers that needn't be awaited."""
    answer = wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=recovery())
    assert_type(answer.json()["wxpay_recover_no"], str)
    assert_type(wxpay.chain("v3/brand/new").post(json={"anything": 1}), Response[Any])


async def placeholders(wxpay: WeChatPay) -> None:
    """Placeholders are keywords; they take str and int."""
    bill = await wxpay.v3.pay.transactions.id._transaction_id_.get(transaction_id="42", params={"mchid": "1900000109"})
    assert_type(bill.json()["out_trade_no"], str)
    await wxpay.v3.merchantStore.stores._store_id_.get(store_id=7)


async def nested(wxpay: WeChatPay) -> None:
    """Objects and arrays are checked to their depth, and may be made apart."""
    amount: PayTransactionsJsapiPostJsonAmount = {"total": 1, "currency": "CNY"}
    await wxpay.v3.pay.transactions.jsapi.post(
        json={
            "appid": "wx8888888888888888",
            "mchid": "1900000109",
            "description": "茶",
            "out_trade_no": "1",
            "notify_url": "https://example.com/notify",
            "time_expire": datetime.now(UTC),
            "amount": amount,
            "payer": {"openid": "o1"},
            "detail": {"goods_detail": [{"merchant_goods_id": "1", "quantity": 1, "unit_price": 1}]},
        },
        headers={"Accept-Language": "zh-CN"},
        timeout=5,
        retry=True,
    )


async def enumerations(wxpay: WeChatPay) -> None:
    """Enumerations are literals, in answers too."""
    answer = await wxpay.v3.aggracctBc.wbChannel.controlOrders._out_request_no_.get(
        out_request_no="1", params={"control_type": "RECOVER", "mchid": "1900000109"}
    )
    assert_type(answer.json()["control_scene"], Literal["PUNISH", "RECOVER"])


async def keywords_of_python(wxpay: WeChatPay) -> None:
    """A member that is a keyword of Python is a key like any other; a segment gets an underscore."""
    await wxpay.v3.refund.domestic.refunds.post(
        json={
            "out_refund_no": "1",
            "amount": {"refund": 1, "total": 1, "currency": "CNY", "from": [{"account": "AVAILABLE", "amount": 1}]},
        }
    )
    await wxpay.v3.global_.certificates.get()


def application(wxpay: WeChatPay) -> Coroutine[Any, Any, Response[EcommerceApplyments_PostAnswer]]:
    """A path with a slash at its end is one string in brackets."""
    return wxpay.v3.ecommerce["applyments/"].post(
        json={
            "out_request_no": "1",
            "organization_type": "2401",
            "account_info": {
                "bank_account_type": "74",
                "account_bank": "b",
                "account_name": "张三",
                "bank_address_code": "1",
                "account_number": Secret("1"),
            },
            "contact_info": {"contact_type": "65", "contact_name": "张三", "mobile_phone": "1"},
            "sales_scene_info": {"store_name": "s"},
            "merchant_shortname": "m",
        }
    )


async def brackets(wxpay: WeChatPay, sync: SyncWeChatPay) -> None:
    """Segments that no attribute can spell are known in brackets."""
    await wxpay.v3.profitsharing.receivers["delete"].post(json={"appid": "1", "type": "MERCHANT_ID", "account": "1"})
    sync.v2.secapi.mch["queryInstitutionsub"].post(xml={"app_id": "1", "mch_id": "1", "sub_mch_id": "1"})
    assert_type(await application(wxpay), Response[EcommerceApplyments_PostAnswer])
    assert_type(sync.v3.profitsharing.receivers["elsewhere"].post(), Response[Any])


async def other_roots(wxpay: WeChatPay, sync: SyncWeChatPay) -> None:
    """APIv2 and the overseas roots are in the tree."""
    order = await wxpay.v2.pay.closeorder.post(xml={"appid": "wx1", "mch_id": "1", "out_trade_no": "1"}, security=True)
    assert_type(order.json()["return_code"], Literal["SUCCESS", "FAIL"])
    assert_type(sync.hk.v3.certificates.get().json()["data"][0].get("serial_no"), str | None)
    await wxpay.global_.v3.customs.orders.get(
        params={"appid": "1", "mchid": "1", "order_type": "out_trade_no", "order_no": "1", "customs": "NINGBO"}
    )


async def upload(wxpay: WeChatPay) -> None:
    """An upload takes a file; name and digest of its `meta` are filled in."""
    answer = await wxpay.v3.merchant.media.video_upload.post(file=Path("shop.mp4"))
    assert_type(answer.json()["media_id"], str)
    await wxpay.v3.merchant.media.upload.post(file=b"...", meta={"filename": "shop.jpg"})


async def nothing(wxpay: WeChatPay) -> None:
    """An answer without content is None."""
    closed = await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close.post(
        out_trade_no="1", json={"mchid": "1900000109"}
    )
    assert_type(closed, Response[None])


def notifications(webhook: Webhook) -> None:
    """A handler of a kind knows the fields of its resource."""

    @webhook.on(kinds.TRANSACTION_SUCCESS)
    async def paid(notification: Notification[TransactionSuccess]) -> None:
        assert_type(notification.resource["out_trade_no"], str)
