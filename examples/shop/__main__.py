"""The shop, and the emulator beside it: `python -m examples.shop`, or `make shop`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from datetime import datetime, timedelta, timezone

import uvicorn

from examples.shop.service import create
from wechatpay_chain import Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator

COMMAND = f"{sys.executable} -m wechatpay_chain"
BEIJING = timezone(timedelta(hours=8))


async def main() -> None:
    """Run both until Ctrl-C."""
    port = os.environ.get("PORT", "8000")
    try:
        listener = socket.create_server(("127.0.0.1", int(port)))
    except OSError as error:
        raise SystemExit(f"the shop can't listen on port {port} ({error}): choose another, as in PORT=8001") from error
    public_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    emulator = Emulator()
    # With a real merchant: WeChatPay.from_env() and Webhook.from_env(), and a public address.
    given = emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])
    async with emulator.listen() as base_url, WeChatPay(**given, base_url=base_url) as wxpay:
        print(f"the shop:     {public_url}")
        print(f"the emulator: {base_url}/_emulator/")
        print(f"today's bill: {public_url}/bills/{datetime.now(BEIJING):%Y-%m-%d}")
        print(f"              which the emulator has tomorrow: {COMMAND} clock --advance 36h --url {base_url}")
        print(
            "Buy something, click its QR code and pay: the order turns to paid by itself. Ctrl-C ends both.", flush=True
        )
        app = create(wxpay, webhook, emulator.mchid, public_url)
        await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([listener])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
