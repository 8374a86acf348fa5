"""Make the pictures that the documents show: `python tools/screenshots.py`, or `make screenshots` (needs chromium)."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from tests.emulator.shop import open_shop
from tests.emulator.web.browser import CHROMIUM
from wechatpay_chain import Handler, Request, Response, SyncWeChatPay, WeChatPayError
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.http.headers import Headers

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SIZE: ViewportSize = {"width": 1280, "height": 800}
# So high that both texts of a refused signature are in the picture.
HIGH: ViewportSize = {"width": 1280, "height": 1060}
COLOURS = 128


def main() -> int:
    """Play a shop's day against an emulator, and take its page's pictures."""
    if CHROMIUM is None:
        print("chromium is not installed (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    emulator = Emulator()
    with open_shop() as shop, emulator.listen() as base_url:
        shop.answer(500, 200)
        play(emulator, base_url, shop.url)
        emulator.wait_for_sync(lambda: emulator.notifications[0].attempts)
        (notification,) = emulator.notifications
        refused = next(exchange.number for exchange in reversed(emulator.exchanges) if exchange.refusal)
        views = {
            "page-calls": f"calls/{refused}",
            "page-order": "records/orders/1900000109%2FT20260102",
            "page-notification": f"notifications/{notification.number}",
            "page-faults": "faults",
        }
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB")
            for name, view in views.items():
                page.set_viewport_size(HIGH if name == "page-calls" else SIZE)
                page.goto(f"{base_url}/_emulator/{view}")
                page.wait_for_selector(".detail h2")
                page.wait_for_timeout(300)
                save(page.screenshot(), IMAGES / f"{name}.png")
            browser.close()
    return 0


def play(emulator: Emulator, base_url: str, notify_url: str) -> None:
    """Orders, a payment, a query of nothing, and a body that is written anew after it was signed."""
    with SyncWeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        for number, tea in enumerate(["Longjing", "Tieguanyin", "Pu'er"], 1):
            wxpay["v3/pay/transactions/native"].post(
                json={
                    "appid": "wx8888888888888888",
                    "mchid": emulator.mchid,
                    "description": f"{tea}, a pot",
                    "out_trade_no": f"T2026010{number}",
                    "notify_url": notify_url,
                    "amount": {"total": 2900 + 100 * number},
                }
            )
        emulator.pay("T20260101")
        for path in ("T20260101", "T20269999"):
            try:
                wxpay[f"v3/pay/transactions/out-trade-no/{path}"].get(params={"mchid": emulator.mchid})
            except WeChatPayError as refused:
                print(refused)
        wxpay["v3/security/echo"].post(json={"echo_message": "hello", "encrypted_echo_message": "a secret"})
    with SyncWeChatPay(**emulator.credentials(transport=rewriting(base_url))) as careless:
        try:
            careless["v3/security/echo"].post(json={"echo_message": "hello", "encrypted_echo_message": "a secret"})
        except WeChatPayError as refused:
            print(refused)


def rewriting(base_url: str) -> Handler:
    """A transport like a proxy that writes bodies anew, after they were signed."""

    async def transport(request: Request) -> Response[Any]:
        async with ClientSession() as session:
            body = json.dumps(json.loads(request.body or b"{}"))
            headers = {"User-Agent": "careless", **request.headers}
            async with session.post(base_url + request.target, data=body, headers=headers) as answer:
                return Response(status=answer.status, headers=Headers(answer.headers), content=await answer.read())

    return transport


def save(picture: bytes, target: Path) -> None:
    """Keep a picture in few colours, which is enough for text and much smaller."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS).save(target, optimize=True)
    print(f"{target.name}: {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
