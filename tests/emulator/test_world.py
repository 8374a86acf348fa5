"""The world as a whole: one life from order to bill, callers at the same moment, several merchants, its clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import code_order, order, query, refused
from tests.emulator.products.test_refunds import refund
from wechatpay_chain import APIError, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.times import date
from wechatpay_chain.emulator.products.orders import ORDERS
from wechatpay_chain.emulator.products.refunds import REFUNDS
from wechatpay_chain.emulator.world.clock import WorldClock
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.emulator.world.world import Happening


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


async def test_at_the_same_moment(wxpay: Any, both: Emulator) -> None:
    """Sixty-four callers with one number have one order, one payment and one refund; other content is refused."""
    pay, refunds = wxpay.v3.pay.transactions.codepay, wxpay.v3.refund.domestic.refunds
    answers = await asyncio.gather(*(pay.post(json=code_order()) for _ in range(64)))
    assert len({answer.json()["transaction_id"] for answer in answers}) == 1
    answers = await asyncio.gather(
        *(refunds.post(json=refund(amount=40 + index % 2)) for index in range(64)), return_exceptions=True
    )
    refusals = Counter(answer.code for answer in answers if isinstance(answer, APIError))
    assert refusals == {"RESOURCE_ALREADY_EXISTS": 32}
    assert (len(both.world.of(ORDERS)), len(both.world.of(REFUNDS))) == (1, 1)
    assert both.orders[0].refunded in {40, 41}


def test_from_many_threads(both: Emulator, clock: Clock) -> None:
    """Callers in many threads have one effect too."""

    async def pay() -> str:
        client = WeChatPay(**both.credentials(), transport=both, clock=clock)
        answer: Any = (await client.v3.pay.transactions.codepay.post(json=code_order())).json()
        return str(answer["transaction_id"])

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: asyncio.run(pay()), range(32)))) == 1
    assert len(both.orders) == 1


async def test_what_happened_is_told(wxpay: Any, both: Emulator) -> None:
    """Who subscribes hears of every change once it is kept, and of nothing that was refused."""
    heard: list[Happening] = []
    end = both.world.subscribe(heard.append)
    await wxpay.v3.pay.transactions.native.post(json=order())
    await refused(wxpay.v3.pay.transactions.native.post(json=order(total=1)))
    both.pay("A1")
    end()
    both.advance(days=1)
    await wxpay.v3.pay.transactions.native.post(json=order("A2"))
    assert [(one.kind, one.state) for one in heard] == [
        ("orders", "NOTPAY"),
        ("orders", "SUCCESS"),
        ("announcements", "WAITING"),
    ]
    assert [state for _, state in both.orders[0].history] == ["NOTPAY", "SUCCESS"]
    assert [one.number for one in both.world.happenings] == [1, 2, 3, 4]


async def test_merchants_are_apart(wxpay: Any, both: Emulator, clock: Clock) -> None:
    """Another merchant's number, key and orders are his own."""
    both.add_merchant(Merchant(mchid="1900000110"))
    other: Any = WeChatPay(**both.credentials("1900000110"), transport=both, clock=clock)
    await wxpay.v3.pay.transactions.native.post(json=order())
    assert await refused(query(other)) == "400 PARAM_ERROR"
    await other.v3.pay.transactions.native.post(json=order(mchid="1900000110", total=7))
    path = other["v3/pay/transactions/out-trade-no/{out_trade_no}"]
    assert (await path.get(out_trade_no="A1", params={"mchid": "1900000110"})).json()["amount"]["total"] == 7
    assert (await query(wxpay))["amount"]["total"] == 100
    found = (await other.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": "A1"})).xml()
    assert found["total_fee"] == "7"


async def test_a_partner_acts_for_his_own(wxpay: Any, both: Emulator, clock: Clock) -> None:
    """A partner with a list of sub-merchants is refused for others, over both protocols; orders of his own are made."""
    both.add_merchant(Merchant(mchid="1900000100", role="partner", sub_mchids=("1900000201",)))
    partner: Any = WeChatPay(**both.credentials("1900000100"), transport=both, clock=clock)
    asked: Any = {"sp_appid": "wx1", "sp_mchid": "1900000100", "description": "x", "out_trade_no": "A1B2C3"}
    asked |= {"notify_url": "https://shop.example/", "amount": {"total": 1}}
    make = partner.v3.pay.partner.transactions.native.post
    assert await refused(make(json=asked | {"sub_mchid": "1900000202"})) == "403 NO_AUTH"
    assert "code_url" in (await make(json=asked | {"sub_mchid": "1900000201"})).json()
    with pytest.raises(APIError) as other:
        await partner.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": "A1", "sub_mch_id": "1900000202"})
    assert other.value.has_code("NO_AUTH")


async def test_links_lead_to_the_emulator(emulator: Emulator) -> None:
    """Where it listens, payment pages and bills are on its own address."""
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        native = (await wxpay.v3.pay.transactions.native.post(json=order())).json()
        assert native["code_url"].startswith(f"{base_url}/_emulator/pay/")
        emulator.pay(native["code_url"])
        emulator.advance(days=2)
        day = emulator.world.now - 2 * 86400
        bill = await wxpay.v3.bill.tradebill.get(params={"bill_date": date(day)})
        assert bill.json()["download_url"].startswith(f"{base_url}/v3/billdownload/file?token=")
        assert b"A1" in b"".join([piece async for piece in wxpay.stream(bill)])


def test_a_world_without_a_transaction_cannot_change(both: Emulator) -> None:
    """A record that is put outside of a transaction would be lost, so it is refused."""
    with pytest.raises(RuntimeError, match="transaction"):
        both.world.of(ORDERS).remove("nothing")


def test_the_clock() -> None:
    """It is moved, runs faster, stops, and never goes backwards by itself."""
    real = Clock()
    clock = WorldClock(real)
    clock.advance(100)
    assert clock.offset == 100
    clock.run_at(60)
    real.now += 2
    assert clock() == real.now - 2 + 100 + 120
    clock.run_at(0)
    stopped = clock()
    real.now += 5
    assert clock() == stopped
    clock.set(10)
    assert clock() == 10
    with pytest.raises(ValueError, match="backwards"):
        clock.run_at(-1)


async def test_a_clock_that_goes_back(wxpay: Any, both: Emulator) -> None:
    """Nothing is lost or undone when the clock is moved back."""
    await wxpay.v3.pay.transactions.native.post(json=order())
    both.pay("A1")
    paid = await query(wxpay)
    both.advance(days=-3)
    assert await query(wxpay) == paid
    await wxpay.v3.pay.transactions.native.post(json=order("A2"))
    assert (await query(wxpay, "A2"))["trade_state"] == "NOTPAY"
