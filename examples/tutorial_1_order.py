"""Tutorial, step 1: make an order, show its QR code, and wait until it is paid."""

from __future__ import annotations

import asyncio

from wechatpay_chain import WeChatPay, wait_for_payment
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.payments import qr


async def main() -> None:
    """Sell a pot of tea."""
    emulator = Emulator()
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        order = await wxpay.v3.pay.transactions.native.post(
            json={
                "appid": "wx8888888888888888",
                "mchid": emulator.mchid,
                "description": "A pot of tea",
                "out_trade_no": "T1",
                "notify_url": "https://shop.example/wechatpay/notify",
                "amount": {"total": 2900},  # fen: 29.00 yuan
            }
        )
        print(qr.terminal(order.json()["code_url"]))
        emulator.pay("T1")  # what the customer does on the phone
        paid = await wait_for_payment(wxpay, "T1", {"mchid": emulator.mchid}, timeout=60)
        print("the order is", paid.json()["trade_state"])


if __name__ == "__main__":
    asyncio.run(main())
