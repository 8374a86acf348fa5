"""Notifications in Litestar.

Set WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID and WECHATPAY_PUBLIC_KEY (a path or PEM), then

    python examples/notifications_litestar.py
"""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from litestar import Litestar

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.litestar import handler

webhook = Webhook.from_env()


@webhook.on("TRANSACTION.SUCCESS", "transaction")
async def paid(notification: Notification[Any]) -> None:
    print("paid:", notification.resource["out_trade_no"], flush=True)


app = Litestar([handler(webhook, "/wechatpay/notify")], on_shutdown=[webhook.aclose])


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8080")), log_level="warning")
