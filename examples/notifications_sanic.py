"""Notifications in Sanic.

Set WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID and WECHATPAY_PUBLIC_KEY (a path or PEM), then

    python examples/notifications_sanic.py
"""

from __future__ import annotations

import os
from typing import Any

from sanic import Sanic

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.sanic import handler

webhook = Webhook.from_env()
app: Sanic[Any, Any] = Sanic("shop", configure_logging=False)
app.add_route(handler(webhook), "/wechatpay/notify", methods=["POST"])


@webhook.on("TRANSACTION.SUCCESS", "transaction")
async def paid(notification: Notification[Any]) -> None:
    print("paid:", notification.resource["out_trade_no"], flush=True)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8080")), single_process=True, motd=False)
