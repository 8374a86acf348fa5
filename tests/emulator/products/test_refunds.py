"""Refunds: parts and wholes, their sums and states, over both protocols."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order, query, refused
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.world.announcements import ANNOUNCEMENTS


def refund(number: str = "R1", amount: int = 40, total: int = 100, **members: Any) -> Any:
    """A complete payload of a refund of A1."""
    asked = {"out_refund_no": number, "amount": {"refund": amount, "total": total, "currency": "CNY"}, **members}
    return asked if "transaction_id" in members else asked | {"out_trade_no": "A1"}


@pytest.fixture
async def wxpay(both: Emulator, clock: Clock) -> WeChatPay:
    """A client in the emulator's process, with a paid order."""
    client = WeChatPay(**both.credentials(), transport=both, clock=clock)
    await client.v3.pay.transactions.native.post(json=order())
    both.pay("A1")
    return client


async def state(wxpay: WeChatPay, number: str = "R1") -> str | None:
    """The state of a refund."""
    answer = await wxpay.v3.refund.domestic.refunds._out_refund_no_.get(out_refund_no=number)
    return answer.json()["status"]


async def test_a_part(wxpay: WeChatPay, both: Emulator) -> None:
    """A refund is processed, then has arrived and is announced; the order says that it was refunded."""
    paid = await query(wxpay)
    asked = refund(transaction_id=paid["transaction_id"], notify_url="https://shop.example/refund")
    made = (await wxpay.v3.refund.domestic.refunds.post(json=asked)).json()
    assert (made["status"], made["amount"]["refund"], made["out_trade_no"]) == ("PROCESSING", 40, "A1")
    assert len(made["refund_id"]) == 29
    assert (await query(wxpay))["trade_state"] == "REFUND"
    both.advance(seconds=5)
    found: Any = (await wxpay.v3.refund.domestic.refunds._out_refund_no_.get(out_refund_no="R1")).json()
    assert found["status"] == "SUCCESS"
    assert found["success_time"] >= found["create_time"]
    told = list(both.world.of(ANNOUNCEMENTS))[-1]
    assert (told.event_type, told.notify_url) == ("REFUND.SUCCESS", "https://shop.example/refund")
    assert told.resource["refund_status"] == "SUCCESS"


async def test_sums(wxpay: WeChatPay) -> None:
    """No more than was paid is given back, in no more than 50 parts, each number once."""
    refunds = wxpay.v3.refund.domestic.refunds
    assert await refused(refunds.post(json=refund(amount=101))) == "400 INVALID_REQUEST"
    assert await refused(refunds.post(json=refund(total=99))) == "400 PARAM_ERROR"
    first = (await refunds.post(json=refund())).json()
    assert (await refunds.post(json=refund())).json() == first
    assert await refused(refunds.post(json=refund(amount=41))) == "400 RESOURCE_ALREADY_EXISTS"
    assert await refused(refunds.post(json=refund("R2", 61))) == "400 INVALID_REQUEST"
    for part in range(49):
        await refunds.post(json=refund(f"P{part}", 1))
    assert await refused(refunds.post(json=refund("P50", 1))) == "400 INVALID_REQUEST"


async def test_what_cannot_be_refunded(wxpay: WeChatPay, both: Emulator) -> None:
    """Unknown and unpaid orders, orders of a year ago, and refunds that were never made."""
    refunds = wxpay.v3.refund.domestic.refunds
    assert await refused(refunds.post(json=refund() | {"out_trade_no": "A9"})) == "404 ORDER_NOT_EXIST"
    assert await refused(state(wxpay)) == "404 RESOURCE_NOT_EXISTS"
    await wxpay.v3.pay.transactions.native.post(json=order("A2"))
    assert await refused(refunds.post(json=refund() | {"out_trade_no": "A2"})) == "400 INVALID_REQUEST"
    both.advance(days=366)
    assert await refused(refunds.post(json=refund())) == "400 INVALID_REQUEST"


async def test_a_closed_one_frees_its_sum(wxpay: WeChatPay, both: Emulator) -> None:
    """A refund that the bank closes gives its sum back to the order."""
    refunds = wxpay.v3.refund.domestic.refunds
    await refunds.post(json=refund(amount=100, reason="emulator:CLOSED"))
    assert await refused(refunds.post(json=refund("R2", 1))) == "400 INVALID_REQUEST"
    both.advance(seconds=5)
    assert await state(wxpay) == "CLOSED"
    await refunds.post(json=refund("R2", 100))


async def test_an_abnormal_one(wxpay: WeChatPay, both: Emulator) -> None:
    """A refund that can't be delivered goes to another account on demand."""
    await wxpay.v3.refund.domestic.refunds.post(json=refund(reason="emulator:ABNORMAL"))
    both.advance(seconds=5)
    found = (await wxpay.v3.refund.domestic.refunds._out_refund_no_.get(out_refund_no="R1")).json()
    assert found["status"] == "ABNORMAL"
    retry = wxpay["v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"]
    asked = {"out_refund_no": "R1", "type": "MERCHANT_BANK_CARD"}
    assert (await retry.post(refund_id=found["refund_id"], json=asked)).json()["status"] == "PROCESSING"
    both.advance(seconds=5)
    assert await state(wxpay) == "SUCCESS"
    assert await refused(retry.post(refund_id=found["refund_id"], json=asked)) == "400 INVALID_REQUEST"


async def test_both_protocols_share_refunds(wxpay: WeChatPay, both: Emulator) -> None:
    """A refund of APIv2 counts for APIv3 and the other way round."""
    asked: Any = {"appid": "wx1", "out_trade_no": "A1", "out_refund_no": "R2", "total_fee": 100, "refund_fee": 70}
    made = (await wxpay.v2.secapi.pay.refund.post(xml=asked)).xml()
    assert (made["result_code"], made["refund_fee"]) == ("SUCCESS", "70")
    assert await refused(wxpay.v3.refund.domestic.refunds.post(json=refund())) == "400 INVALID_REQUEST"
    await wxpay.v3.refund.domestic.refunds.post(json=refund(amount=30))
    both.advance(seconds=5)
    found: Any = (await wxpay.v2.pay.refundquery.post(xml={"appid": "wx1", "out_trade_no": "A1"})).xml()
    assert [found[f"refund_fee_{index}"] for index in range(2)] == ["70", "30"]
    assert {found[f"refund_status_{index}"] for index in range(2)} == {"SUCCESS"}
    assert {told.event_type for told in both.world.of(ANNOUNCEMENTS)} >= {"refund-processed", "REFUND.SUCCESS"}
    unknown = wxpay.v2.pay.refundquery.post(xml={"appid": "wx1", "out_refund_no": "R9"})
    assert await refused(unknown) == "200 REFUNDNOTEXIST"


async def test_a_wish(wxpay: WeChatPay) -> None:
    """A reason can wish for a refusal, after which the same number can be used."""
    refunds = wxpay.v3.refund.domestic.refunds
    assert await refused(refunds.post(json=refund(reason="emulator:NOT_ENOUGH"))) == "403 NOT_ENOUGH"
    assert (await refunds.post(json=refund())).status == 200
