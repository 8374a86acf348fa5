"""An aiohttp.web service that awaits a call; its client shares the service's own session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from wechatpay_chain import APIError, WeChatPay
from wechatpay_chain.emulator import Emulator

WXPAY = web.AppKey("WXPAY", WeChatPay)


async def clients(app: web.Application) -> AsyncIterator[None]:
    emulator = Emulator()
    # In production: WeChatPay.from_env(session=session).
    async with emulator.listen() as base_url, aiohttp.ClientSession() as session:
        app[WXPAY] = wxpay = WeChatPay(**emulator.credentials(), base_url=base_url, session=session)
        await wxpay.v3.pay.transactions.native.post(
            json={
                "appid": "wx8888888888888888",
                "mchid": "1900000109",
                "description": "tea",
                "out_trade_no": "A1",
                "notify_url": "https://shop.example/wechatpay/notify",
                "amount": {"total": 29},
            }
        )
        emulator.pay("A1")
        yield


async def order(request: web.Request) -> web.Response:
    try:
        answer = await request.app[WXPAY].v3.pay.transactions.outTradeNo._out_trade_no_.get(
            out_trade_no=request.match_info["out_trade_no"], params={"mchid": "1900000109"}
        )
    except APIError as error:
        return web.json_response({"code": error.code, "request_id": error.request_id}, status=502)
    return web.json_response({"order": answer.json()["out_trade_no"], "state": answer.json().get("trade_state")})


async def main() -> None:
    """Start the service and make a request to it."""
    app = web.Application()
    app.cleanup_ctx.append(clients)
    app.router.add_get("/orders/{out_trade_no}", order)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        async with (
            aiohttp.ClientSession() as browser,
            browser.get(f"http://{host}:{port}/orders/A1") as answer,
        ):
            print(answer.status, await answer.json())
    finally:
        await runner.cleanup()


asyncio.run(main())
