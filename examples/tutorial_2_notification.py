"""Tutorial, step 2: receive the notification of a payment, verify it, and handle it once."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from wechatpay_chain import Notification, Webhook, WeChatPay
from wechatpay_chain.contrib.aiohttp import handler
from wechatpay_chain.emulator import Emulator

paid = asyncio.Event()


async def main() -> None:
    """Run the shop's server, sell a pot of tea, and wait for the notification."""
    emulator = Emulator()
    given = emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])

    @webhook.on("TRANSACTION.SUCCESS", "transaction")
    async def on_payment(notification: Notification[Any]) -> None:
        resource = notification.resource
        print(f"{resource['out_trade_no']} is paid, {resource['amount']['total']} fen")
        paid.set()

    shop = web.Application()
    shop.router.add_post("/notify", handler(webhook))
    runner = web.AppRunner(shop)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with emulator.listen() as base_url, WeChatPay(**given, base_url=base_url) as wxpay:
        await wxpay.v3.pay.transactions.native.post(
            json={
                "appid": "wx8888888888888888",
                "mchid": emulator.mchid,
                "description": "A pot of tea",
                "out_trade_no": "T2",
                "notify_url": f"http://127.0.0.1:{port}/notify",
                "amount": {"total": 2900},
            }
        )
        emulator.pay("T2")
        await asyncio.wait_for(paid.wait(), 20)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
