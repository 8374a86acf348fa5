"""The whole life of an order: made, paid, announced to a shop that fails twice, refunded, billed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.emulator.shop import open_shop
from wechatpay_chain import Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator

BEIJING = timezone(timedelta(hours=8))


async def test_the_life_of_an_order(emulator: Emulator, tmp_path: Path) -> None:
    """Everything that happens to an order in two days happens in the fraction of a second that it takes to work out."""
    given = emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])
    noon = datetime.now(BEIJING).replace(hour=12)  # whenever the test runs, all of this happens on one day
    emulator.set_time(noon.timestamp())
    with open_shop() as shop:
        async with emulator.listen() as base_url, WeChatPay(**given, base_url=base_url) as wxpay:
            order: dict[str, Any] = {
                "appid": "wx2421b1c4370ec43b",
                "mchid": emulator.mchid,
                "description": "tea",
                "out_trade_no": "LIFE2026",
                "notify_url": shop.url,
                "amount": {"total": 1990},
            }
            link = (await wxpay["v3/pay/transactions/native"].post(json=order)).json()["code_url"]
            shop.answer(500, 503, 200)
            paid = emulator.pay(link)
            await emulator.deliver()
            emulator.advance(15)
            await emulator.deliver()
            assert emulator.notifications[0].state == "RETRYING"
            emulator.advance(15)
            await emulator.wait_for("TRANSACTION.SUCCESS")
            told = [webhook.open(*message) for message in shop.received]
            assert [one.resource["out_trade_no"] for one in told] == ["LIFE2026"] * 3
            assert len({one.id for one in told}) == 1
            refund = {
                "out_trade_no": "LIFE2026",
                "out_refund_no": "RLIFE2026",
                "notify_url": shop.url,
                "amount": {"refund": 990, "total": 1990, "currency": "CNY"},
            }
            await wxpay["v3/refund/domestic/refunds"].post(json=refund)
            emulator.advance(minutes=10)
            await emulator.wait_for("REFUND.SUCCESS")
            assert webhook.open(*shop.received[-1]).resource["refund_status"] == "SUCCESS"
            emulator.advance(days=1)
            bill = await wxpay["v3/bill/tradebill"].get(params={"bill_date": noon.date().isoformat()})
            file = await wxpay.download(bill, to=tmp_path / "bill.csv")
    text = file.read_text("utf-8-sig")
    assert "LIFE2026" in text
    assert "19.90" in text
    assert "9.90" in text
    assert paid.state == "SUCCESS"
