"""The shop's tests: the emulator as a fixture, the shop as an app in the same process, no port, no waiting."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from examples.shop.service import FEN, create
from wechatpay_chain import ConnectionFailed, Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.faults import LoseAnswer
from wechatpay_chain.payments import yuan

COMMAND = [sys.executable, "-m", "examples.shop"]
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
    noon = datetime.now(BEIJING).replace(hour=12)  # whenever the test runs, all of this happens on one day
    customer.emulator.set_time(noon.timestamp())
    page = await customer.buy()
    assert (await customer.browser.get(f"{page}/qr.svg")).text.startswith("<svg xmlns")
    assert (await customer.browser.get("/shop.css")).headers["Content-Type"].startswith("text/css")
    assert await customer.state(page) == "waiting"
    await customer.pay(page)
    assert await customer.state(page) == "paid"
    await customer.browser.post(f"{page}/refund")
    customer.emulator.advance(minutes=10)
    await customer.emulator.deliver()
    assert await customer.state(page) == "refunded"
    customer.emulator.advance(days=1)
    bill = await customer.browser.get(f"/bills/{noon:%Y-%m-%d}")
    assert page.rpartition("/")[2] in bill.text
    assert yuan(FEN) in bill.text


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


async def test_another_amount_pays_nothing(customer: Customer) -> None:
    """A genuine notification of another amount is answered as failed, and the order goes on waiting."""
    page = await customer.buy()
    other = {"out_trade_no": page.rpartition("/")[2], "amount": {"total": 1, "payer_total": 1}}
    customer.emulator.trigger("TRANSACTION.SUCCESS", other)
    await customer.emulator.deliver()
    assert customer.emulator.notifications[-1].attempts[0]["status"] == 500
    assert await customer.state(page) == "waiting"


async def test_a_refund_without_an_answer_can_be_asked_for_again(customer: Customer) -> None:
    """Where the answer is lost, a second click asks for the same refund."""
    page = await customer.buy()
    await customer.pay(page)
    customer.emulator.faults.add(LoseAnswer(), operation="POST /v3/refund/domestic/refunds")
    with pytest.raises(ConnectionFailed):
        await customer.browser.post(f"{page}/refund")
    customer.emulator.faults.clear()
    assert await customer.state(page) == "paid"
    await customer.browser.post(f"{page}/refund")
    customer.emulator.advance(minutes=10)
    await customer.emulator.deliver()
    assert await customer.state(page) == "refunded"


async def test_no_such_order(customer: Customer) -> None:
    """An order that the shop doesn't know is not found."""
    assert (await customer.browser.get("/orders/nothing")).status_code == 404


async def test_the_program_sells(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where it is and its bill will be; an order that is paid turns to paid; Ctrl-C ends it quietly."""
    monkeypatch.setenv("PORT", "0")
    program = await asyncio.create_subprocess_exec(
        *COMMAND, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        line = (await asyncio.wait_for(program.stdout.readline(), 60)).decode()
        async with httpx.AsyncClient(base_url=line.split()[-1], follow_redirects=True) as browser:
            shown = await browser.post("/orders")
            code = re.search(r'href="(http[^"]+)"', shown.text)
            assert code is not None
            await browser.post(code[1], data={"act": "pay"})
            async with asyncio.timeout(30):
                while "Refund" not in (await browser.get(shown.url)).text:  # noqa: ASYNC110 - in another process
                    await asyncio.sleep(0.05)
            lines = [(await program.stdout.readline()).decode() for _ in range(3)]
            _, bill = lines[1].split("bill: ")
            base_url = lines[2].split()[-1]
            await browser.post(f"{base_url}/_emulator/clock", json={"advance": 36 * 3600})
            assert str(shown.url).rpartition("/")[2] in (await browser.get(bill.strip())).text
        program.send_signal(signal.SIGINT)
        _, complaints = await asyncio.wait_for(program.communicate(), 30)
    finally:
        if program.returncode is None:
            program.kill()
    assert (program.returncode, complaints) == (0, b"")


def test_a_port_in_use_is_named() -> None:
    """A port that is taken is named, with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "PORT": port}
        ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own program
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"the shop can't listen on port {port} ")
    assert "PORT=8001" in ended.stderr
