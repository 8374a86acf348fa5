"""E-commerce platforms and chain brands: their sharing and refunds, over the records of all others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order_v2, refused
from wechatpay_chain import Secret, WeChatPay
from wechatpay_chain.emulator import Emulator

SUB: Any = {"sub_mchid": "1900000201"}
OTHER: Any = {"sub_mchid": "1900000202"}
RECEIVER: Any = {"appid": "wx1", "type": "MERCHANT_ID", "account": "1900000300", "name": "a supplier"}


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


@pytest.fixture
async def transaction_id(wxpay: Any, both: Emulator) -> str:
    """The number of a paid order of 1000 fen of a sub-merchant, whose money is held."""
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2(total=1000, profit_sharing="Y", sub_mch_id="1900000201"))
    return both.pay("A1").transaction_id


async def test_a_platform_shares(wxpay: Any, both: Emulator, transaction_id: str) -> None:
    """A platform's receivers get parts of any sub-merchant's order, until it is finished; returns fail as FAIL."""
    sharing = wxpay.v3.ecommerce.profitsharing
    part = {"type": "MERCHANT_ID", "receiver_account": "1900000300", "amount": 200, "description": "share"}
    asked: Any = SUB | {"transaction_id": transaction_id, "out_order_no": "S1", "receivers": [part], "finish": False}
    assert await refused(sharing.orders.post(json=asked)) == "400 INVALID_REQUEST"
    added = await sharing.receivers.add.post(json=RECEIVER | {"relation_type": "SUPPLIER"})
    assert added.json() == {"type": "MERCHANT_ID", "account": "1900000300"}
    made = (await sharing.orders.post(json=asked)).json()
    assert (made["status"], made["receivers"][0]["receiver_account"]) == ("PROCESSING", "1900000300")
    assert (await sharing.orders.post(json=asked)).json() == made
    both.advance(seconds=5)
    named = {"transaction_id": transaction_id, "out_order_no": "S1"}
    found = (await sharing.orders.get(params=SUB | named)).json()
    assert (found["status"], found["receivers"][0]["result"]) == ("FINISHED", "SUCCESS")
    assert await refused(sharing.orders.get(params=OTHER | named)) == "404 ORDER_NOT_EXIST"
    left = sharing.orders._transaction_id_.amounts
    assert (await left.get(transaction_id=transaction_id)).json()["unsplit_amount"] == 800
    back: Any = {"out_order_no": "S1", "return_mchid": "1900000300"}
    failing = back | {"out_return_no": "B1", "amount": 100, "description": "emulator:ACCOUNT_ABNORMAL"}
    for asked_back in (failing, back | {"out_return_no": "B2", "amount": 200, "description": "back"}):
        assert (await sharing.returnorders.post(json=SUB | asked_back)).json()["result"] == "PROCESSING"
        both.advance(seconds=5)
    told = [
        (await sharing.returnorders.get(params=SUB | {"out_order_no": "S1", "out_return_no": number})).json()
        for number in ("B1", "B2")
    ]
    assert [(one["result"], one["amount"]) for one in told] == [("FAIL", 100), ("SUCCESS", 200)]
    assert told[0]["fail_reason"] == "ACCOUNT_ABNORMAL"
    other = OTHER | {"out_order_no": "S1", "out_return_no": "B1"}
    assert await refused(sharing.returnorders.get(params=other)) == "404 RESOURCE_NOT_EXISTS"
    ending = SUB | {"transaction_id": transaction_id, "out_order_no": "F1", "description": "the end"}
    ended = (await sharing["finish-order"].post(json=ending)).json()
    assert ended.keys() == {"sub_mchid", "transaction_id", "out_order_no", "order_id"}
    assert (await left.get(transaction_id=transaction_id)).json()["unsplit_amount"] == 0
    removed = {name: RECEIVER[name] for name in ("appid", "type", "account")}
    await sharing.receivers["delete"].post(json=removed)
    assert await refused(sharing.receivers["delete"].post(json=removed)) == "400 INVALID_REQUEST"
    query = wxpay.v2.pay.profitsharingquery
    xml = {"sub_mch_id": "1900000201", "transaction_id": transaction_id, "out_order_no": "S1"}
    assert (await query.post(xml=xml)).xml()["order_id"] == made["order_id"]


async def test_a_brand_shares(wxpay: Any, both: Emulator, transaction_id: str) -> None:
    """A brand's receivers get parts of its sub-merchants' orders, and only those of that brand."""
    sharing = wxpay.v3.brand.profitsharing
    brand: Any = {"brand_mchid": "1900000108"}
    await sharing.receivers.add.post(json=brand | RECEIVER | {"relation_type": "SUPPLIER"})
    part = {"type": "MERCHANT_ID", "account": "1900000300", "amount": 100, "description": "share"}
    asked: Any = SUB | {"appid": "wx1", "transaction_id": transaction_id, "out_order_no": "S1", "receivers": [part]}
    strange = {"brand_mchid": "1900000107", "finish": True}
    assert await refused(sharing.orders.post(json=asked | strange)) == "400 INVALID_REQUEST"
    made = (await sharing.orders.post(json=asked | brand | {"finish": True})).json()
    assert (made["brand_mchid"], made["receivers"][0]["account"]) == ("1900000108", "1900000300")
    both.advance(seconds=5)
    found = (await sharing.orders.get(params=SUB | {"transaction_id": transaction_id, "out_order_no": "S1"})).json()
    assert (found["status"], found["order_id"]) == ("FINISHED", made["order_id"])
    ratio = await sharing.brandConfigs._brand_mchid_.get(**brand)
    assert ratio.json() == brand | {"max_ratio": 3000}


async def test_refunds(wxpay: Any, both: Emulator, transaction_id: str) -> None:
    """A refund is made by either number, found by both, and shares its numbers with all other refunds."""
    refunds = wxpay.v3.ecommerce.refunds
    asked: Any = SUB | {"sp_appid": "wx1", "amount": {"refund": 300, "total": 1000, "currency": "CNY"}}
    first = asked | {"out_trade_no": "A1", "out_refund_no": "R1", "refund_account": "REFUND_SOURCE_PARTNER_ADVANCE"}
    made = (await refunds.apply.post(json=first)).json()
    assert (made["amount"]["refund"], made["amount"]["advance"]) == (300, 300)
    assert (await refunds.apply.post(json=first)).json() == made
    over = asked | {"transaction_id": transaction_id, "out_refund_no": "R2", "amount": {"refund": 701, "total": 1000}}
    assert await refused(refunds.apply.post(json=over)) == "400 INVALID_REQUEST"
    assert await refused(refunds.apply.post(json=first | OTHER | {"out_refund_no": "R3"})) == "404 ORDER_NOT_EXIST"
    repay = refunds._refund_id_.returnAdvance
    assert await refused(repay.post(refund_id=made["refund_id"], json=SUB)) == "400 INVALID_REQUEST"
    both.advance(seconds=5)
    for found in (
        await refunds.id._refund_id_.get(refund_id=made["refund_id"], params=SUB),
        await refunds.outRefundNo._out_refund_no_.get(out_refund_no="R1", params=SUB),
    ):
        assert (found.json()["status"], found.json()["out_trade_no"]) == ("SUCCESS", "A1")
    strange = refunds.id._refund_id_.get(refund_id=made["refund_id"], params=OTHER)
    assert await refused(strange) == "404 RESOURCE_NOT_EXISTS"
    common = wxpay.v3.refund.domestic.refunds._out_refund_no_
    assert (await common.get(out_refund_no="R1", params=SUB)).json()["refund_id"] == made["refund_id"]
    assert await refused(repay.get(refund_id=made["refund_id"], params=SUB)) == "404 RESOURCE_NOT_EXISTS"
    repaid = (await repay.post(refund_id=made["refund_id"], json=SUB)).json()
    assert (repaid["return_amount"], repaid["payer_mchid"], repaid["result"]) == (300, "1900000201", "SUCCESS")
    assert (await repay.get(refund_id=made["refund_id"], params=SUB)).json() == repaid


async def test_abnormal_refunds(wxpay: Any, both: Emulator, transaction_id: str) -> None:
    """A refund that the payer's card doesn't take goes to another one; a closed one is told as CLOSE."""
    refunds = wxpay.v3.ecommerce.refunds
    asked: Any = SUB | {"sp_appid": "wx1", "amount": {"refund": 300, "total": 1000}, "transaction_id": transaction_id}
    closing = asked | {"out_refund_no": "R1", "reason": "emulator:CLOSED"}
    await refunds.apply.post(json=closing)
    made = (await refunds.apply.post(json=asked | {"out_refund_no": "R2", "reason": "emulator:ABNORMAL"})).json()
    both.advance(seconds=5)
    path = refunds.outRefundNo._out_refund_no_
    states = [(await path.get(out_refund_no=number, params=SUB)).json()["status"] for number in ("R1", "R2")]
    assert states == ["CLOSE", "ABNORMAL"]
    card = {"bank_type": "CMB_DEBIT", "bank_account": Secret("6222"), "real_name": Secret("张三")}
    again = refunds._refund_id_.applyAbnormalRefund
    moved = SUB | {"out_refund_no": "R2", "type": "USER_BANK_CARD"} | card
    told = (await again.post(refund_id=made["refund_id"], json=moved)).json()
    assert (told["status"], told["channel"]) == ("PROCESSING", "OTHER_BANKCARD")
    both.advance(seconds=5)
    assert (await path.get(out_refund_no="R2", params=SUB)).json()["status"] == "SUCCESS"
    assert await refused(again.post(refund_id=made["refund_id"], json=moved)) == "400 INVALID_REQUEST"
