"""Notifications in FastAPI, and in Starlette, whose routes take the same endpoint.

Set WECHATPAY_APIV3_KEY, WECHATPAY_PUBLIC_KEY_ID and WECHATPAY_PUBLIC_KEY (a path or PEM), then

    python examples/notifications_fastapi.py
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.starlette import endpoint

webhook = Webhook.from_env()


@webhook.on("TRANSACTION.SUCCESS", "transaction")
async def paid(notification: Notification[Any]) -> None:
    print("paid:", notification.resource["out_trade_no"], flush=True)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await webhook.aclose()


app = FastAPI(lifespan=lifespan)
app.add_route("/wechatpay/notify", endpoint(webhook), methods=["POST"])


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8080")), log_level="warning")
