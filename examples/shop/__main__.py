"""The shop, and the emulator beside it: `python -m examples.shop`, or `make shop`."""

from __future__ import annotations

import asyncio
import os

import uvicorn

from examples.shop.service import create
from wechatpay_chain import Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator


async def main() -> None:
    """Run both until Ctrl-C."""
    port = int(os.environ.get("PORT", "8000"))
    public_url = f"http://127.0.0.1:{port}"
    emulator = Emulator()
    # With a real merchant: WeChatPay.from_env() and Webhook.from_env(), and a public address.
    given = emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])
    async with emulator.listen() as base_url, WeChatPay(**given, base_url=base_url) as wxpay:
        print(f"the shop:     {public_url}")
        print(f"the emulator: {base_url}/_emulator/", flush=True)
        app = create(wxpay, webhook, emulator.mchid, public_url)
        await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main())
