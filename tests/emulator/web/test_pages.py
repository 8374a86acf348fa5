"""The payment page, as a payer's browser gets it."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

from wechatpay_chain import SyncWeChatPay
from wechatpay_chain.emulator import Emulator


def fetch(url: str, form: str | None = None) -> tuple[int, str, http.client.HTTPMessage]:
    """Open a page, or send its form."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Content-Type": "application/x-www-form-urlencoded"}
        target = f"{parts.path}?{parts.query}"
        connection.request("GET" if form is None else "POST", target, form, {} if form is None else headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def make(emulator: Emulator, base_url: str, way: str, **members: Any) -> str:
    """An order's link."""
    order: dict[str, Any] = {
        "appid": "wx2421b1c4370ec43b",
        "mchid": emulator.mchid,
        "description": "<b>苹果</b>",
        "out_trade_no": "A1B2C3",
        "notify_url": "https://shop.example/",
        "amount": {"total": 1234},
        **members,
    }
    with SyncWeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        (link,) = wxpay[f"v3/pay/transactions/{way}"].post(json=order).json().values()
    return str(link)


def test_a_native_code_leads_to_the_page(emulator: Emulator) -> None:
    """The link of a Native code shows the sum, and its button pays the order, once."""
    with emulator.listen() as base_url:
        link = make(emulator, base_url, "native")
        assert link.startswith(f"{base_url}/_emulator/pay/")
        status, text, headers = fetch(link)
        assert (status, "¥12.34" in text, "&lt;b&gt;苹果" in text) == (200, True, True)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "<script" not in text
        assert 'id="state">SUCCESS' in fetch(link, "act=pay")[1]
        assert 'role="alert"' in fetch(link, "act=pay")[1]
    assert emulator.orders[0].state == "SUCCESS"


def test_an_h5_link_leads_back(emulator: Emulator) -> None:
    """The page of an H5 order leads back to the shop, to nothing but a web page."""
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    with emulator.listen() as base_url:
        link = make(emulator, base_url, "h5", scene_info=scene)
        assert 'href="https://shop.example/done"' in fetch(f"{link}&redirect_url=https%3A%2F%2Fshop.example%2Fdone")[1]
        assert (
            "javascript:"
            not in fetch(f"{link}&redirect_url=javascript%3Aalert(1)")[1].replace(link, "").split("<form")[0]
        )


def test_no_such_order(emulator: Emulator) -> None:
    """A link to nothing says so; the page, its scripts and its styles are served, and nothing beside them."""
    with emulator.listen() as base_url:
        assert fetch(f"{base_url}/_emulator/pay/nothing")[0] == 404
        assert "/_emulator/static/main.js" in fetch(f"{base_url}/_emulator/")[1]
        assert fetch(f"{base_url}/_emulator/static/app.css")[2]["Content-Type"].startswith("text/css")
        assert fetch(f"{base_url}/_emulator/static/main.js")[2]["Content-Type"].startswith("text/javascript")
        for nothing in ("static/../templates/pay.html", "static/%2e%2e/pages.py", "static/", "templates/pay.html"):
            assert fetch(f"{base_url}/_emulator/{nothing}")[0] == 404
