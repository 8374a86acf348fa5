"""A FastAPI service that awaits a call: the client lives as long as the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

from wechatpay_chain import APIError, WeChatPay
from wechatpay_chain.emulator import Emulator

emulator = Emulator()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # In production: WeChatPay.from_env().
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        app.state.wxpay = wxpay
        yield


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    """What the shop's page sends."""

    out_trade_no: str
    fen: int


@app.post("/orders")
async def order(order: Order, request: Request) -> dict[str, Any]:
    wxpay: WeChatPay = request.app.state.wxpay
    try:
        answer = await wxpay.v3.pay.transactions.native.post(
            json={
                "appid": "wxd678efh567hg6787",
                "mchid": emulator.mchid,
                "description": "a book",
                "out_trade_no": order.out_trade_no,
                "notify_url": "https://example.com/notify",
                "amount": {"total": order.fen, "currency": "CNY"},
            }
        )
    except APIError as error:
        raise HTTPException(502, f"{error.code}: {error.reason}") from error
    return {"code_url": answer.json()["code_url"]}


async def main() -> None:
    """Make a request to the service, as a browser would."""
    browser = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")
    async with lifespan(app), browser:
        answer = await browser.post("/orders", json={"out_trade_no": "20260101-1", "fen": 100})
        print(answer.status_code, answer.json())


if __name__ == "__main__":
    asyncio.run(main())
