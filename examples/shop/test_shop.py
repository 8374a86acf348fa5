"""The shop's tests: the emulator as a fixture, the shop as an app in the same process, no port, no waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from examples.shop.service import FEN, create
from wechatpay_chain import Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.faults import LoseAnswer

BEIJING = timezone(timedelta(hours=8))
PUBLIC = "https://shop.example"


@dataclass
class Customer:
    """A customer's browser."""

    browser: httpx.AsyncClient
    emulator: Emulator

    async def buy(self) -> str:
        """Buy something; the order's page."""
        return (await self.browser.post("/orders")).headers["Location"]

    async def pay(self, page: str) -> None:
        """Pay with the phone."""
        self.emulator.pay(page.rpartition("/")[2])
        await self.emulator.deliver()

    async def state(self, page: str) -> str:
        """What the shop says of the order."""
        return str((await self.browser.get(f"{page}/state")).json()["state"])


@pytest.fixture
async def customer(wechatpay_emulator: Emulator) -> AsyncIterator[Customer]:
    """A customer of a fresh shop."""
    given = wechatpay_emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])
    async with WeChatPay(**given, transport=wechatpay_emulator) as wxpay:
        app = create(wxpay, webhook, wechatpay_emulator.mchid, PUBLIC)
        wechatpay_emulator.deliver_to(PUBLIC, app)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as browser:
            yield Customer(browser, wechatpay_emulator)


async def test_an_order_is_paid_and_refunded(customer: Customer) -> None:
    """An order is bought, paid, refunded, and stands in the next day's bill."""
    page = await customer.buy()
    assert (await customer.browser.get(f"{page}/qr.svg")).text.startswith("<svg xmlns")
    assert await customer.state(page) == "waiting"
    await customer.pay(page)
    assert await customer.state(page) == "paid"
    await customer.browser.post(f"{page}/refund")
    customer.emulator.advance(minutes=10)
    await customer.emulator.deliver()
    assert await customer.state(page) == "refunded"
    day = customer.emulator.world.now
    customer.emulator.advance(days=1, hours=12)
    bill = await customer.browser.get(f"/bills/{datetime.fromtimestamp(day, BEIJING):%Y-%m-%d}")
    assert page.rpartition("/")[2] in bill.text
    assert f"{FEN / 100:.2f}" in bill.text


async def test_a_lost_notification_comes_again(customer: Customer) -> None:
    """A notification that got lost comes again a quarter of a minute later."""
    customer.emulator.faults.add(LoseAnswer(), operation="NOTIFY *", times=1)
    page = await customer.buy()
    await customer.pay(page)
    assert await customer.state(page) == "waiting"
    customer.emulator.advance(15)
    await customer.emulator.deliver()
    assert await customer.state(page) == "paid"


async def test_a_forged_notification_changes_nothing(customer: Customer) -> None:
    """Who doesn't hold the platform's key can't pay an order."""
    page = await customer.buy()
    number = page.rpartition("/")[2]
    customer.emulator.trigger("TRANSACTION.SUCCESS", {"out_trade_no": number}, flaw="altered")
    await customer.emulator.deliver()
    assert customer.emulator.notifications[-1].attempts[0]["status"] == 401
    assert await customer.state(page) == "waiting"


async def test_no_such_order(customer: Customer) -> None:
    """An order that the shop doesn't know is not found."""
    assert (await customer.browser.get("/orders/nothing")).status_code == 404
