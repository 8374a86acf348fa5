"""A small shop: a product, a QR code to pay it by, an order that turns to paid by itself, a refund, the day's bill."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from wechatpay_chain import APIError, Notification, Webhook, WeChatPay, WeChatPayError
from wechatpay_chain.contrib.starlette import endpoint
from wechatpay_chain.payments import qr, yuan

HERE = Path(__file__).parent
APPID = "wx2421b1c4370ec43b"
FEN = 1990


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the shop remembers of an order; a real shop keeps it in its database."""

    number: str
    code_url: str
    state: str = "waiting"


class Shop:
    """The shop.

    Args:
        wxpay: its client.
        mchid: its merchant number.
        public_url: where WeChat Pay reaches it.
    """

    def __init__(self, wxpay: WeChatPay, mchid: str, public_url: str) -> None:
        self._wxpay = wxpay
        self._mchid = mchid
        self._notify_url = f"{public_url}/notify"
        self._orders: dict[str, Order] = {}

    async def product(self) -> Response:
        """What there is to buy."""
        form = f'<form method="post" action="/orders">{button("Buy")}</form>'
        return page("Tea", f'<p class="price">¥{yuan(FEN)}</p>{form}')

    async def buy(self) -> Response:
        """Make an order, and show its page."""
        number = f"T{secrets.token_hex(8)}"
        answer = await self._wxpay["v3/pay/transactions/native"].post(
            json={
                "appid": APPID,
                "mchid": self._mchid,
                "description": "Tea",
                "out_trade_no": number,
                "notify_url": self._notify_url,
                "amount": {"total": FEN},
            }
        )
        self._orders[number] = Order(number=number, code_url=answer.json()["code_url"])
        return RedirectResponse(f"/orders/{number}", 303)

    async def order(self, number: str) -> Response:
        """An order's page: its code while it waits, and its state, which the script keeps up to date."""
        found = self._find(number)
        content = f'<p id="state" data-order="{found.number}" role="status">{found.state}</p>'
        if found.state == "waiting":
            # With WeChat it is scanned; the emulator's leads to a page that pays.
            image = f'<img src="/orders/{number}/qr.svg" alt="Pay">'
            content += f'<a href="{escape(found.code_url)}" target="_blank">{image}</a>'
            content += '<p class="hint">A customer scans it. Click it to pay with the emulated phone.</p>'
        if found.state == "paid":
            content += f'<form method="post" action="/orders/{number}/refund">{button("Refund")}</form>'
        return page("Your order", content)

    async def code(self, number: str) -> Response:
        """An order's QR code."""
        drawn = qr.svg(self._find(number).code_url).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        return Response(drawn, media_type="image/svg+xml")

    async def state(self, number: str) -> Response:
        """What became of an order."""
        return JSONResponse({"state": self._find(number).state})

    async def refund(self, number: str) -> Response:
        """Give the money back, once."""
        found = self._find(number)
        if found.state == "paid":
            self._orders[number] = replace(found, state="refunding")
            try:
                await self._wxpay["v3/refund/domestic/refunds"].post(
                    json={
                        "out_trade_no": number,
                        # Made of the order's number, so that a repeat is the same refund.
                        "out_refund_no": f"R{number}",
                        "notify_url": self._notify_url,
                        "amount": {"refund": FEN, "total": FEN, "currency": "CNY"},
                    }
                )
            except WeChatPayError:
                self._orders[number] = found  # whatever became of it, a repeat is the same refund
                raise
        return RedirectResponse(f"/orders/{number}", 303)

    async def bill(self, day: str) -> Response:
        """The bill of a day."""
        try:
            link = await self._wxpay["v3/bill/tradebill"].get(params={"bill_date": day})
        except APIError as error:
            raise HTTPException(404, error.reason) from error
        with TemporaryDirectory() as folder:
            file = await self._wxpay.download(link, to=Path(folder) / "bill.csv")
            return PlainTextResponse(file.read_text("utf-8-sig"))

    async def paid(self, notification: Notification[Any]) -> None:
        """WeChat Pay says that an order was paid; the amount and the merchant have to be the shop's."""
        number, total = notification.resource["out_trade_no"], notification.resource["amount"]["total"]
        if (total, notification.resource["mchid"]) != (FEN, self._mchid):
            raise ValueError(f"of {number} {total} fen were paid, not {FEN}, or to another merchant")
        self._turn(number, {"waiting"}, "paid")

    async def refunded(self, notification: Notification[Any]) -> None:
        """WeChat Pay says that the money is back."""
        self._turn(notification.resource["out_trade_no"], {"paid", "refunding"}, "refunded")

    def _turn(self, number: str, before: set[str], after: str) -> None:
        found = self._orders.get(number)
        if found is not None and found.state in before:
            self._orders[number] = replace(found, state=after)

    def _find(self, number: str) -> Order:
        if number not in self._orders:
            raise HTTPException(404, "no such order")
        return self._orders[number]


async def script() -> Response:
    """The script of the order's page."""
    return FileResponse(HERE / "shop.js", media_type="text/javascript")


async def style() -> Response:
    """How the pages look."""
    return FileResponse(HERE / "shop.css", media_type="text/css")


def create(wxpay: WeChatPay, webhook: Webhook, mchid: str, public_url: str) -> FastAPI:
    """The shop as an app.

    Args:
        wxpay: its client.
        webhook: receives its notifications.
        mchid: its merchant number.
        public_url: where WeChat Pay reaches it.
    """
    shop, app = Shop(wxpay, mchid, public_url), FastAPI(openapi_url=None)
    webhook.on("TRANSACTION.SUCCESS", "transaction")(shop.paid)
    webhook.on("REFUND.SUCCESS")(shop.refunded)
    app.add_route("/notify", endpoint(webhook), methods=["POST"])
    app.get("/")(shop.product)
    app.post("/orders")(shop.buy)
    app.get("/orders/{number}")(shop.order)
    app.get("/orders/{number}/qr.svg")(shop.code)
    app.get("/orders/{number}/state")(shop.state)
    app.post("/orders/{number}/refund")(shop.refund)
    app.get("/bills/{day}")(shop.bill)
    app.get("/shop.js")(script)
    app.get("/shop.css")(style)
    return app


def page(title: str, content: str) -> Response:
    """A page of the shop."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/shop.css"><script src="/shop.js" defer></script></head>'
        f"<body><main><h1>{title}</h1>{content}</main></body></html>",
        headers={"Content-Security-Policy": "default-src 'self'"},
    )


def button(text: str) -> str:
    """A button that sends the form around it."""
    return f"<button>{text}</button>"
