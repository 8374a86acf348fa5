"""Notifications in aiohttp.web.

Set WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID and WECHATPAY_PUBLIC_KEY (a path or PEM), then

    python examples/notifications_aiohttp.py
"""

from __future__ import annotations

import os
from typing import Any

from aiohttp import web

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.aiohttp import handler

webhook = Webhook.from_env()


@webhook.on("TRANSACTION.SUCCESS", "transaction")
async def paid(notification: Notification[Any]) -> None:
    print("paid:", notification.resource["out_trade_no"], flush=True)


async def finish_handlers(_app: web.Application) -> None:
    await webhook.aclose()


def main() -> None:
    app = web.Application()
    app.router.add_post("/wechatpay/notify", handler(webhook))
    app.on_cleanup.append(finish_handlers)
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8080")), print=None)


if __name__ == "__main__":
    main()
