"""Deposits of APIv2: paid, consumed in part, given back for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import refused
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products.ledger import OPENING_BALANCE, fee, movements

HOTEL: Any = {"appid": "wx1", "sub_mch_id": "1900000201"}


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


async def make(wxpay: Any, number: str = "A1") -> None:
    """Ask for a deposit of 500 yuan."""
    asked = {**HOTEL, "body": "room", "out_trade_no": number, "fee_type": "CNY", "total_fee": 50000}
    asked |= {"spbill_create_ip": "127.0.0.1", "notify_url": "https://shop.example/n", "trade_type": "APP"}
    assert (await wxpay.v2.deposit.unifiedorder.post(xml=asked)).xml()["prepay_id"]


def consumption(amount: int, number: str = "A1") -> Any:
    """What is kept of it."""
    return {**HOTEL, "out_trade_no": number, "total_fee": 50000, "consume_fee": amount, "fee_type": "CNY"}


async def test_a_stay(wxpay: Any, both: Emulator) -> None:
    """A part is kept once, the payer gets the rest; what was kept can be refunded, and no more; the books agree."""
    await make(wxpay)
    consume = wxpay.v2.deposit.consume
    assert await refused(consume.post(xml=consumption(30000))) == "200 INVALID_REQUEST"
    both.pay("A1")
    assert await refused(consume.post(xml=consumption(50001))) == "200 NOTENOUGH"
    for _ in range(2):
        kept = (await consume.post(xml=consumption(30000))).xml()
        assert (kept["consume_fee"], kept["total_fee"]) == ("30000", "50000")
    assert await refused(consume.post(xml=consumption(20000))) == "200 RESOURCEALREADYEXISTS"
    asked = {**HOTEL, "out_trade_no": "A1", "total_fee": 50000}
    found = (await wxpay.v2.deposit.orderquery.post(xml={**HOTEL, "out_trade_no": "A1"})).xml()
    assert (found["consume_fee"], found["trade_state"]) == ("30000", "SUCCESS")
    back = wxpay.v2.deposit.refund
    assert await refused(back.post(xml=asked | {"out_refund_no": "R1", "refund_fee": 30001})) == "200 INVALID_REQUEST"
    await back.post(xml=asked | {"out_refund_no": "R1", "refund_fee": 10000})
    query = await wxpay.v2.deposit.refundquery.post(xml={"appid": "wx1", "out_refund_no": "R1"})
    assert query.xml()["refund_fee_0"] == "10000"
    moved = movements(both.world, both.mchid, both.world.now + 1)
    assert sum(one.amount for one in moved) == 50000 - fee(50000) - 20000 - 10000
    assert OPENING_BALANCE + sum(one.amount for one in moved) > 0


async def test_deposits_at_the_counter(wxpay: Any, both: Emulator) -> None:
    """A deposit is paid by a code and reversed, or given back whole, and then can't be consumed."""
    paid = {**HOTEL, "body": "room", "out_trade_no": "A1", "fee_type": "CNY", "total_fee": 50000, "deposit": "Y"}
    paid |= {"spbill_create_ip": "127.0.0.1", "auth_code": "130000000000000000"}
    assert (await wxpay.v2.deposit.micropay.post(xml=paid)).xml()["transaction_id"]
    assert (await wxpay.v2.deposit.reverse.post(xml={**HOTEL, "out_trade_no": "A1"})).xml()["recall"] == "N"
    await make(wxpay, "A2")
    both.pay("A2")
    whole = {**HOTEL, "out_trade_no": "A2", "out_refund_no": "R2", "total_fee": 50000, "refund_fee": 50000}
    await wxpay.v2.deposit.refund.post(xml=whole)
    assert await refused(wxpay.v2.deposit.consume.post(xml=consumption(1, "A2"))) == "200 INVALID_REQUEST"
    assert [one.state for one in both.orders] == ["REVOKED", "REFUND"]
