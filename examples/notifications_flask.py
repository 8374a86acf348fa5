"""Notifications in Flask.

Set WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID and WECHATPAY_PUBLIC_KEY (a path or PEM), then

    python examples/notifications_flask.py
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, current_app

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.flask import view

webhook = Webhook.from_env()
app = Flask("shop")
app.post("/wechatpay/notify")(view(webhook))


@webhook.on("TRANSACTION.SUCCESS", "transaction")
def paid(notification: Notification[Any]) -> None:
    # A plain function runs in a thread, with Flask's context.
    print("paid:", notification.resource["out_trade_no"], "in", current_app.name, flush=True)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8080")))
