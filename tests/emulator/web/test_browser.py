"""The emulator's page in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, expect

from tests.emulator.shop import open_shop
from tests.emulator.web.browser import open_browser, open_page
from wechatpay_chain import APIError, Attachment, SyncWeChatPay
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.policies.retry import RetryPolicy

ECHO = {"echo_message": "hello", "encrypted_echo_message": "a secret"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def base_url(emulator: Emulator) -> Iterator[str]:
    """Where the emulator listens."""
    with emulator.listen() as url:
        yield url


def client(emulator: Emulator, base_url: str, **options: Any) -> SyncWeChatPay:
    """A client that repeats nothing."""
    return SyncWeChatPay(
        **emulator.credentials(
            **{"base_url": base_url, "retry": RetryPolicy(attempts=1), "rate_limits": None, **options}
        )
    )


def order(number: str = "T1", notify_url: str = "https://shop.example/n", **members: Any) -> dict[str, Any]:
    """A Native order."""
    return {
        "appid": "wx8888888888888888",
        "mchid": "1900000109",
        "description": "A pot of tea",
        "out_trade_no": number,
        "notify_url": notify_url,
        "amount": {"total": 2900},
        **members,
    }


def test_an_order_from_call_to_notification(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """A shop's order appears by itself, is paid by the button; its notification fails, is sent again and arrives."""
    with open_shop() as shop, open_page(browser) as page, client(emulator, base_url) as wxpay:
        shop.answer(500, 200)
        page.goto(f"{base_url}/_emulator/records/orders")
        expect(page.get_by_text("No records yet")).to_be_visible()
        wxpay["v3/pay/transactions/native"].post(json=order(notify_url=shop.url))
        page.get_by_role("link", name=re.compile("T1")).click()
        expect(page.get_by_role("img", name="Scan it")).to_be_visible()
        expect(page.locator(".detail")).to_contain_text("¥29.00 (2,900 fen)")
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.locator(".detail .badge").first).to_contain_text("SUCCESS")
        page.locator(".detail").get_by_role("link", name="TRANSACTION.SUCCESS").click()
        expect(page.locator(".timeline .badge.bad")).to_contain_text("HTTP 500")
        page.get_by_role("button", name="Send again").click()
        expect(page.locator(".timeline .badge.good")).to_contain_text("HTTP 200")
        expect(page.locator(".detail > p .badge")).to_contain_text("DELIVERED")
    assert len(shop.received) == 2


def test_a_notification_for_another_machine(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """Why it could not be delivered, what to do, and whose it is, are told in both languages."""
    with open_page(browser) as page:
        emulator.add_order("T1", 2900, notify_url="https://shop.example/n")
        emulator.pay("T1")
        page.goto(f"{base_url}/_emulator/notifications")
        page.get_by_role("link", name=re.compile("TRANSACTION.SUCCESS")).click()
        told = page.locator(".timeline .badge.bad")
        expect(told).to_contain_text(
            "shop.example is not this machine: start the emulator with --notify https://shop.example="
        )
        expect(page.locator(".detail")).to_contain_text("Orders 1900000109/T1")
        page.get_by_role("button", name="中文").click()
        expect(told).to_contain_text("shop.example 不在本机")
        expect(page.locator(".detail")).to_contain_text("订单 1900000109/T1")


def test_the_payers_own_page(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """What the QR code leads to has a button that pays."""
    with open_page(browser) as page, client(emulator, base_url) as wxpay:
        page.goto(wxpay["v3/pay/transactions/native"].post(json=order()).json()["code_url"])
        page.get_by_role("button", name="Pay", exact=False).first.click()
        expect(page.locator("#state")).to_have_text("SUCCESS")
    assert emulator.orders[0].state == "SUCCESS"


def test_a_refused_signature_is_explained(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """Another merchant's key is named as the cause; the text that was verified stands there."""
    other = emulator.add_merchant(type(emulator.world.merchants[emulator.mchid])(mchid="1900000110"))
    options = {"private_key": other.key.private_key, "merchant_cert": None}
    with client(emulator, base_url, **options) as wxpay, pytest.raises(APIError, match="SIGN_ERROR"):
        wxpay["v3/security/echo"].post(json=ECHO)
    with open_page(browser) as page:
        page.goto(f"{base_url}/_emulator/")
        page.get_by_role("link", name=re.compile("SIGN_ERROR")).click()
        why = page.locator(".why")
        expect(why).to_contain_text("the key of merchant 1900000110 made the signature")
        expect(why).to_contain_text("proven")
        expect(page.locator(".detail")).to_contain_text("/v3/security/echo↵")
        expect(page.locator(".detail .official")).to_contain_text("v3.security.echo")
        page.get_by_role("button", name="中文").click()
        expect(why).to_contain_text("签名是用另一个商户的私钥生成的")
        expect(why).to_contain_text("使用 Authorization 头中序列号所指证书的私钥签名")


def test_a_refused_field_is_marked(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """The field at fault is marked in the body, and secrets are shown in both forms."""
    with client(emulator, base_url) as wxpay:
        wxpay["v3/security/echo"].post(json=ECHO)
        with pytest.raises(APIError, match="PARAM_ERROR"):
            wxpay["v3/pay/transactions/native"].post(json=order(amount={"total": "29"}))
    with open_page(browser) as page:
        page.goto(f"{base_url}/_emulator/calls/2")
        expect(page.locator(".line.fault")).to_contain_text('"total": "29"')
        page.goto(f"{base_url}/_emulator/calls/1")
        expect(page.locator(".line.secret")).to_contain_text("a secret")
        expect(page.locator(".line.secret")).to_contain_text("on the wire: ")
        page.get_by_role("tab", name="As sent").first.click()
        expect(page.get_by_role("tabpanel").first).not_to_contain_text("a secret")


def test_odd_calls(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """A refusal with status 200, a file, a long body and a long number are shown as what they are."""
    with client(emulator, base_url, apiv2_key="x" * 32) as wxpay, pytest.raises(APIError):
        wxpay["v2/pay/orderquery"].post(xml={"appid": "wx8888888888888888", "out_trade_no": "T1"})
    with client(emulator, base_url, validate=False) as wxpay:
        wxpay["v3/merchant/media/upload"].post(file=Attachment(content=bytes(range(256)) * 400, name="a.png"))
        wxpay["v3/security/echo"].post(json=ECHO | {"echo_message": "x" * 300_000})
        with pytest.raises(APIError):
            wxpay["v3/pay/transactions/native"].post(json=order(goods_tag=2**63 - 1))
    with open_page(browser) as page:
        page.goto(f"{base_url}/_emulator/calls/1")
        expect(page.locator('[data-id="1"] .badge')).to_contain_text("200 refused")
        expect(page.locator("section", has_text="Signature")).to_contain_text("MD5")
        expect(page.locator(".detail")).to_contain_text("The sign doesn't fit this text")
        page.goto(f"{base_url}/_emulator/calls/2")
        expect(page.locator(".detail")).to_contain_text('"filename": "a.png"')
        page.get_by_role("tab", name="As sent").first.click()
        expect(page.get_by_role("tabpanel").first).to_contain_text("Not text, 100.")
        page.goto(f"{base_url}/_emulator/calls/3")
        expect(page.locator(".detail")).to_contain_text("more characters")
        assert len(page.locator(".detail").inner_text()) < 60_000
        page.goto(f"{base_url}/_emulator/calls/4")
        expect(page.get_by_role("tabpanel").first).to_contain_text("9223372036854775807")
        for number in range(5, 21):
            emulator.record(replace(emulator.exchanges[-1], number=number))
        page.goto(f"{base_url}/_emulator/calls/3")
        expect(page.locator(".detail")).to_contain_text("Cut off after 256.0 kB")
        expect(page.locator(".detail")).to_contain_text("the text that was signed can't be shown")


def test_records_of_other_kinds(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """A combined order has its sum and leads to its parts; a complaint to its order; times follow the world's clock."""
    parts = [
        {
            "mchid": emulator.mchid,
            "out_trade_no": f"P{part}",
            "sub_mchid": "1900000110",
            "description": "tea",
            "attach": "a",
        }
        | {"amount": {"total_amount": 150, "currency": "CNY"}}
        for part in range(2)
    ]
    whole = {"combine_appid": "wx1", "combine_mchid": emulator.mchid, "combine_out_trade_no": "C1"}
    emulator.advance(days=3)
    with open_page(browser) as page, client(emulator, base_url, validate=False) as wxpay:
        path = wxpay["v3/combine-transactions/native"]
        path.post(json=whole | {"notify_url": "https://shop.example/n", "sub_orders": parts})
        page.goto(f"{base_url}/_emulator/records/combined_orders/1900000109%2FC1")
        expect(page.locator(".detail")).to_contain_text("¥3.00 (300 fen)")
        expect(page.locator(".row time")).to_have_text(re.compile("now|ago"))
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.locator(".detail .badge").first).to_contain_text("SUCCESS")
        page.get_by_role("link", name="1900000109/P1").click()
        page.wait_for_url("**/records/orders/*")
        page.get_by_role("button", name="Complain").click()
        page.wait_for_url("**/records/complaints/*")
        expect(page.locator(".detail > p .badge")).to_contain_text("PENDING")
        page.locator(".detail").get_by_role("link", name="1900000109/P1").click()
        expect(page.locator("section", has_text="Related").get_by_role("link")).to_have_count(2)
        expect(page.get_by_role("img", name="Scan it")).to_have_count(0)
        wxpay["v3/pay/transactions/native"].post(json=order("T1", settle_info={"profit_sharing": True}))
        page.goto(f"{base_url}/_emulator/records/orders/1900000109%2FT1")
        expect(page.get_by_role("img", name="Scan it")).to_be_visible()
        expect(page.locator("section", has_text="Related")).to_have_count(0)


def test_a_burst_of_orders(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """Two hundred orders at once are a few looks at the list, and not a request for each."""
    asked: list[str] = []
    with open_page(browser) as page:
        page.goto(f"{base_url}/_emulator/records/orders")
        expect(page.get_by_text("No records yet")).to_be_visible()
        page.on("request", lambda request: asked.append(request.url))
        for number in range(200):
            emulator.add_order(f"T{number}", 2900)
        expect(page.locator(".row").first).to_have_attribute("aria-setsize", "200", timeout=20_000)
    assert len(asked) < 200


def test_faults_bite(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """A fault that is switched on strikes, and one that is switched off doesn't."""
    with open_page(browser) as page, client(emulator, base_url) as wxpay:
        page.goto(f"{base_url}/_emulator/faults")
        expect(page.get_by_text("The platform behaves.")).to_be_visible()
        switch = page.get_by_role("switch", name="A proxy's page")
        switch.click()
        expect(page.get_by_role("switch", name="A proxy's page")).to_have_attribute("aria-checked", "true")
        with pytest.raises(APIError):
            wxpay["v3/security/echo"].post(json=ECHO)
        page.get_by_role("switch", name="A proxy's page").click()
        expect(page.get_by_text("The platform behaves.")).to_be_visible()
        assert wxpay["v3/security/echo"].post(json=ECHO).status == 200
        page.get_by_role("button", name="+1 day").click()
        expect(page.get_by_text("ahead of real time")).to_be_visible()
        assert emulator.world.clock.offset > 86_000
        page.get_by_role("button", name="A new certificate").click()
        expect(page.locator("section", has_text="Platform keys").locator("li")).to_have_count(2)
        page.get_by_role("button", name="Forget everything").click()
        page.get_by_role("button", name="Yes, forget it all").click()
        expect(page.locator("#toasts")).to_contain_text("Done")


@pytest.mark.parametrize(("theme", "locale"), [("light", "en-GB"), ("dark", "zh-CN")])
def test_every_view_fits_and_is_accessible(
    emulator: Emulator, base_url: str, browser: Browser, theme: Any, locale: str
) -> None:
    """No view scrolls sideways at either width, and axe finds nothing serious, in both themes and both languages."""
    with client(emulator, base_url) as wxpay:
        wxpay["v3/security/echo"].post(json=ECHO)
        answer = wxpay["v3/pay/transactions/native"].post(json=order(description="茶" * 40))
        emulator.pay("T1")
        wxpay["v3/pay/transactions/native"].post(json=order("T2"))
        with pytest.raises(APIError):
            wxpay["v3/pay/transactions/native"].post(json=order(amount={"total": "29"}))
    (told,) = emulator.notifications
    views = [
        "calls",
        "calls/1",
        "calls/4",
        "records/orders",
        "records/orders/1900000109%2FT1",
        "records/orders/1900000109%2FT2",
    ]
    views += ["notifications", f"notifications/{told.number}", "faults", "start", answer.json()["code_url"]]
    axe = Axe()
    with open_page(browser, height=740, color_scheme=theme, locale=locale) as page:
        for view in views:
            page.goto(view if "://" in view else f"{base_url}/_emulator/{view}")
            page.wait_for_selector(".row, .empty, .detail h2, .sum", state="attached")
            for width in (1440, 360):
                page.set_viewport_size({"width": width, "height": 740})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, view
            found = axe.run(page).response["violations"]
            serious = [item["id"] for item in found if item["impact"] in {"serious", "critical"}]
            assert serious == [], (view, found)


def test_keyboard_language_and_news(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """Everything goes by keyboard; new rows wait while one reads; language and theme change and are kept."""
    with open_page(browser) as page, client(emulator, base_url) as wxpay:
        for number in range(3):
            wxpay["v3/pay/transactions/native"].post(json=order(f"T{number}"))
        page.goto(f"{base_url}/_emulator/")
        expect(page.locator(".row")).to_have_count(3)
        page.keyboard.press("j")
        page.wait_for_url("**/calls/3")
        page.keyboard.press("j")
        page.wait_for_url("**/calls/2")
        page.keyboard.press("k")
        page.wait_for_url("**/calls/3")
        top = page.locator(".row").first.inner_text()
        wxpay["v3/pay/transactions/native"].post(json=order("T9"))
        expect(page.get_by_role("button", name="1 new")).to_be_visible()
        assert page.locator(".row").first.inner_text().split("\n")[0] == top.split("\n")[0]
        assert page.locator(".row").count() == 3
        page.get_by_role("button", name="1 new").click()
        expect(page.locator(".row")).to_have_count(4)
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("no such thing")
        expect(page.get_by_text("Nothing matches the search")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".row")).to_have_count(4)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Previous row")
        page.keyboard.press("Escape")
        page.keyboard.press("4")
        page.wait_for_url("**/faults")
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("heading", name="故障与时钟")).to_be_visible()
        page.get_by_role("button", name="深色").click()
        page.reload()
        expect(page.get_by_role("heading", name="故障与时钟")).to_be_visible()
        assert page.locator("html").get_attribute("data-theme") == "dark"


def test_what_merchants_send_is_text(emulator: Emulator, base_url: str, browser: Browser) -> None:
    """Markup in what a merchant sends is shown as it is, and runs nowhere."""
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    with open_page(browser) as page, client(emulator, base_url, validate=False) as wxpay:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        wxpay["v3/pay/transactions/native"].post(json=order(description=attack, attach=attack))
        for view in ("calls/1", "records/orders/1900000109%2FT1"):
            page.goto(f"{base_url}/_emulator/{view}")
            expect(page.locator(".detail")).to_contain_text("<script>alert(2)</script>")
        page.goto(
            wxpay["v3/pay/transactions/native"].post(json=order(description=attack, attach=attack)).json()["code_url"]
        )
        expect(page.get_by_text(attack)).to_be_visible()


def test_ten_thousand_calls(base_url: str, browser: Browser, merchant_pair: KeyPair) -> None:
    """Of ten thousand calls only those in sight are in the document; scrolling brings older ones."""
    emulator = Emulator(merchant_key=merchant_pair, keep=10_000)
    with emulator.listen() as url, client(emulator, url) as wxpay, open_page(browser) as page:
        wxpay["v3/pay/transactions/native"].post(json=order())
        (first,) = emulator.exchanges
        for number in range(2, 10_001):
            emulator.record(replace(first, number=number))
        page.goto(f"{url}/_emulator/")
        expect(page.locator(".row").first).to_be_visible()
        assert page.locator(".row").count() < 60
        for _ in range(40):
            page.evaluate("document.querySelector('.scroller').scrollTop = 1e9")
            page.wait_for_timeout(30)
            if page.locator('[data-id="1"]').count():
                break
        expect(page.locator('[data-id="1"]')).to_be_visible()
        assert page.locator(".row").count() < 60
