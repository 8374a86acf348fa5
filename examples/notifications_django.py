"""Notifications in Django under ASGI; a project under WSGI takes `sync_view` in place of `view`.

Set WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID and WECHATPAY_PUBLIC_KEY (a path or PEM), then

    python examples/notifications_django.py
"""

from __future__ import annotations

import os
from typing import Any

import django
import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.django import view

webhook = Webhook.from_env()


@webhook.on("TRANSACTION.SUCCESS", "transaction")
async def paid(notification: Notification[Any]) -> None:
    print("paid:", notification.resource["out_trade_no"], flush=True)


urlpatterns = [path("wechatpay/notify", view(webhook))]


if __name__ == "__main__":
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])
    django.setup()
    uvicorn.run(
        get_asgi_application(),
        host="127.0.0.1",
        port=int(os.environ.get("PORT", "8080")),
        log_level="warning",
        lifespan="off",
    )
