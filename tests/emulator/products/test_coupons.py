"""Product coupons: made, sent, confirmed, used, returned and taken back, by brands and by partners."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import refused
from wechatpay_chain import Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.world.announcements import ANNOUNCEMENTS
from wechatpay_chain.emulator.world.merchants import Merchant

DAY = 86400


def time(seconds: float) -> str:
    """A time of RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


class Brand:
    """A brand with a client of its own, or a partner who names the brand in each call."""

    def __init__(self, emulator: Emulator, clock: Clock, *, partner: bool, known: bool = False) -> None:
        self.emulator, self.clock = emulator, clock
        if not known:
            emulator.add_merchant(Merchant(mchid="1004", role="brand"))
        keys = {**emulator.credentials(), **emulator.credentials("1004")}
        self.wxpay: Any = WeChatPay(**keys, transport=emulator, clock=clock, rate_limits=None)
        self.base = "v3/marketing/partner/product-coupon" if partner else "brand/marketing/product-coupon"
        self.named: dict[str, Any] = {"brand_id": "1004"} if partner else {}
        self.product = self.stock = ""

    def period(self, **members: Any) -> dict[str, Any]:
        """When coupons can be used: for a month, by default."""
        now = self.clock.now
        return {"available_begin_time": time(now), "available_end_time": time(now + 30 * DAY)} | members

    def stock_of(self, mode: str = "WECHATPAY", **members: Any) -> dict[str, Any]:
        """A complete stock."""
        return {
            "coupon_code_mode": mode,
            "stock_send_rule": {"max_count": 3, "max_count_per_day": 3, "max_count_per_user": 2},
            "single_usage_rule": {
                "coupon_available_period": self.period(),
                "normal_coupon": {"threshold": 10, "discount_amount": 5},
            },
            "usage_rule_display_info": {"coupon_usage_method_list": ["OFFLINE"], "usage_description": "x"},
            "coupon_display_info": {"code_display_mode": "QRCODE"},
            "notify_config": {"notify_appid": "wx1"},
            "store_scope": "NONE",
        } | members

    async def post(self, path: str, body: dict[str, Any] | None = None, **values: str) -> Any:
        """The answer to a change."""
        return (await self.wxpay[f"{self.base}/{path}"].post(**values, json=self.named | (body or {}))).json()

    async def get(self, path: str, params: dict[str, Any] | None = None, **values: str) -> Any:
        """The answer to a query."""
        return (await self.wxpay[f"{self.base}/{path}"].get(**values, params=self.named | (params or {}))).json()

    async def create(self, number: str = "P1", **members: Any) -> Any:
        """Make a product and its first stock."""
        display = {"name": "tea", "image_url": "https://x.example/i", "background_url": "https://x.example/b"}
        body = {"out_request_no": number, "scope": "ALL", "type": "NORMAL", "usage_mode": "SINGLE"}
        made = await self.post("product-coupons", body | {"display_info": display, "stock": self.stock_of(**members)})
        self.product, self.stock = made["product_coupon_id"], made["stock"]["stock_id"]
        return made

    @property
    def numbers(self) -> dict[str, Any]:
        """What calls about a coupon name."""
        return {"product_coupon_id": self.product, "stock_id": self.stock, "appid": "wx1"}

    def send(self, number: str, openid: str = "o1", **members: Any) -> Any:
        """Send a coupon."""
        return self.post("users/{openid}/coupons", self.numbers | {"send_request_no": number} | members, openid=openid)

    def step(self, step: str, code: str, number: str, openid: str = "o1", **members: Any) -> Any:
        """Confirm, use, return or take back a coupon."""
        body = self.numbers | {"out_request_no": number} | members
        if step == "use":
            body = {"associated_order_info": {"out_trade_no": "A1"}, "use_time": time(self.clock.now)} | body
        return self.post(f"users/{{openid}}/coupons/{{coupon_code}}/{step}", body, openid=openid, coupon_code=code)

    async def state(self, code: str) -> str:
        """A coupon's state, as a query tells it."""
        path = "users/{openid}/coupons/{coupon_code}"
        state: str = (await self.get(path, self.numbers, openid="o1", coupon_code=code))["coupon_state"]
        return state


@pytest.fixture(params=[False, True], ids=["brand", "partner"])
def brand(request: pytest.FixtureRequest, both: Emulator, clock: Clock) -> Brand:
    """Either of them."""
    return Brand(both, clock, partner=request.param)


async def test_a_life(brand: Brand) -> None:
    """A coupon is sent, confirmed, used and returned, each once whatever is repeated, and expires in the end."""
    made = await brand.create()
    assert (made["state"], made["stock"]["state"]) == ("EFFECTIVE", "SENDING")
    assert (await brand.create())["product_coupon_id"] == made["product_coupon_id"]
    sent = await brand.send("N1", attach="a")
    assert await brand.send("N1", attach="a") == sent
    assert await refused(brand.send("N1", attach="b")) == "400 RESOURCE_ALREADY_EXISTS"
    code = sent["coupon_code"]
    assert (sent["coupon_state"], sent["product_coupon"]["display_info"]["name"]) == ("CONFIRMING", "tea")
    assert await refused(brand.step("use", code, "U0")) == "400 INVALID_REQUEST"
    for _ in range(2):
        assert (await brand.step("confirm", code, "C1"))["confirm_request_no"] == "C1"
    used = await brand.step("use", code, "U1")
    assert (used["coupon_state"], used["single_usage_detail"]["use_request_no"]) == ("USED", "U1")
    assert (await brand.step("use", code, "U1"))["coupon_state"] == "USED"
    assert await refused(brand.step("use", code, "U2")) == "400 INVALID_REQUEST"
    back = await brand.step("return", code, "R1")
    assert (back["coupon_state"], back["single_usage_detail"]["return_request_no"]) == ("EFFECTIVE", "R1")
    brand.emulator.advance(days=31)
    assert await brand.state(code) == "EXPIRED"
    assert await refused(brand.step("use", code, "U3")) == "400 INVALID_REQUEST"
    stock = await brand.get("product-coupons/{product_coupon_id}/stocks/{stock_id}", **_place(brand))
    assert stock["sent_count_info"] == {"total_count": 1, "today_count": 0}


def _place(brand: Brand) -> Any:
    return {"product_coupon_id": brand.product, "stock_id": brand.stock}


async def test_the_notification(brand: Brand) -> None:
    """A sending is announced at the address that was set, in a kind that the receiver's own keys open."""
    assert await refused(brand.get("notify-configs")) == "404 RESOURCE_NOT_EXISTS"
    await brand.wxpay[f"{brand.base}/notify-configs"].post(json={"notify_url": "https://shop.example/coupons"})
    assert (await brand.get("notify-configs"))["notify_url"] == "https://shop.example/coupons"
    await brand.create()
    sent = await brand.send("N1")
    (told,) = brand.emulator.world.of(ANNOUNCEMENTS)
    kind = "PRODUCT_COUPON_SP.SEND" if brand.named else "PRODUCT_COUPON.SEND"
    assert (told.event_type, told.notify_url) == (kind, "https://shop.example/coupons")
    assert (told.resource["coupon_code"], told.resource.get("brand_id")) == (
        sent["coupon_code"],
        brand.named.get("brand_id"),
    )
    headers, body = brand.emulator.notification(kind, told.resource, mchid=told.mchid)
    keys = {**brand.emulator.credentials(), **brand.emulator.credentials("1004")}
    names = ("certs", "apiv3_key", "brand")
    webhook = Webhook(**{name: keys[name] for name in names if name in keys}, clock=brand.clock)
    assert webhook.open(headers, body).resource["coupon_code"] == sent["coupon_code"]


async def test_before_its_time_and_taken_back(brand: Brand) -> None:
    """A confirmed coupon waits for its first day; one that wasn't used is taken back; an unconfirmed one expires."""
    rule = {"coupon_available_period": brand.period(wait_days_after_receive=2, available_days=3)}
    await brand.create(single_usage_rule=rule)
    codes = [(await brand.send(number))["coupon_code"] for number in ("N1", "N2")]
    assert (await brand.step("confirm", codes[0], "C1"))["coupon_state"] == "PENDING"
    brand.emulator.advance(days=2, seconds=1)
    assert await brand.state(codes[0]) == "EFFECTIVE"
    ended = await brand.step("deactivate", codes[0], "D1", deactivate_reason="mistake")
    assert (ended["coupon_state"], ended["deactivate_reason"]) == ("DEACTIVATED", "mistake")
    assert await refused(brand.step("return", codes[0], "R1")) == "400 INVALID_REQUEST"
    brand.emulator.advance(days=3)
    assert await brand.state(codes[1]) == "EXPIRED"
    listed = await brand.get("users/{openid}/coupons", {"appid": "wx1", "page_size": 1}, openid="o1")
    assert (listed["total_count"], len(listed["user_coupon_list"]), listed["next_page_token"]) == (2, 1, "1")
    ended = await brand.get("users/{openid}/coupons", {"appid": "wx1", "coupon_state": "EXPIRED"}, openid="o1")
    assert [one["coupon_code"] for one in ended["user_coupon_list"]] == [codes[1]]


async def test_limits(brand: Brand) -> None:
    """A user, a day and a stock have their limits; the budget is changed by who knows it; an ended stock sends none."""
    await brand.create()
    for number in ("N1", "N2"):
        await brand.send(number)
    assert await refused(brand.send("N3")) == "400 INVALID_REQUEST"
    await brand.send("N4", "o2")
    assert await refused(brand.send("N5", "o3")) == "400 INVALID_REQUEST"
    path = "product-coupons/{product_coupon_id}/stocks/{stock_id}"
    budget = {"out_request_no": "B1", "update_mode": "MAX_COUNT", "current_max_count": 4, "target_max_count": 9}
    assert await refused(brand.post(f"{path}/update-budget", budget, **_place(brand))) == "400 PARAM_ERROR"
    changed = await brand.post(f"{path}/update-budget", budget | {"current_max_count": 3}, **_place(brand))
    assert changed["stock_send_rule"]["max_count"] == 9
    assert await refused(brand.send("N5", "o3")) == "400 INVALID_REQUEST"
    brand.emulator.advance(days=1)
    await brand.send("N5", "o3")
    ending = {"out_request_no": "E1", "deactivate_reason": "over"}
    assert (await brand.post(f"{path}/deactivate", ending, **_place(brand)))["state"] == "DEACTIVATED"
    assert await refused(brand.send("N6", "o4")) == "400 INVALID_REQUEST"


async def test_codes_of_the_brand(brand: Brand) -> None:
    """Uploaded codes are sent in their order; assigned ones are taken once; both kinds of stock are listed."""
    await brand.create(mode="UPLOAD")
    assert await refused(brand.send("N1")) == "400 INVALID_REQUEST"
    path = "product-coupons/{product_coupon_id}/stocks"
    upload = {"out_request_no": "L1", "code_list": ["K/1", "K2", "K2"]}
    told = await brand.post(f"{path}/{{stock_id}}/upload-coupon-codes", upload, **_place(brand))
    assert (told["success_code_list"], told["duplicate_code_list"]) == (["K/1", "K2"], ["K2"])
    assert (await brand.send("N1"))["coupon_code"] == "K/1"
    assert (await brand.step("confirm", "K/1", "C1"))["coupon_state"] == "EFFECTIVE"
    body = {"out_request_no": "S2", "stock": brand.stock_of("API_ASSIGN")}
    second = await brand.post(path, body, product_coupon_id=brand.product)
    listed = await brand.get(path, product_coupon_id=brand.product)
    assert [one["stock_id"] for one in listed["stock_list"]] == [brand.stock, second["stock_id"]]
    counts = listed["stock_list"][0]["coupon_code_count_info"]
    assert counts == {"total_count": 2, "available_count": 1}
    brand.stock = second["stock_id"]
    assert await refused(brand.send("N2")) == "400 PARAM_ERROR"
    assert (await brand.send("N2", coupon_code="mine"))["coupon_code"] == "mine"
    assert await refused(brand.send("N3", coupon_code="mine")) == "400 RESOURCE_ALREADY_EXISTS"


async def test_the_product_itself(brand: Brand) -> None:
    """It is changed and told, ends with its stocks, and isn't found under another number."""
    made = await brand.create()
    display = made["display_info"] | {"name": "coffee"}
    path = brand.wxpay[f"{brand.base}/product-coupons/{{product_coupon_id}}"]
    body = brand.named | {"out_request_no": "X1", "display_info": display}
    await path.patch(product_coupon_id=brand.product, json=body)
    told = await brand.get("product-coupons/{product_coupon_id}", product_coupon_id=brand.product)
    assert (told["display_info"]["name"], told["state"]) == ("coffee", "EFFECTIVE")
    path = brand.wxpay[f"{brand.base}/product-coupons/{{product_coupon_id}}/stocks/{{stock_id}}"]
    body = brand.named | {"out_request_no": "X2", "remark": "spring", "store_scope": "ALL"}
    changed = (await path.patch(**_place(brand), json=body)).json()
    assert (changed["remark"], changed["store_scope"], changed["state"]) == ("spring", "ALL", "SENDING")
    ending = {"out_request_no": "E1", "deactivate_reason": "over"}
    ended = await brand.post("product-coupons/{product_coupon_id}/deactivate", ending, product_coupon_id=brand.product)
    assert (ended["state"], ended["deactivate_reason"]) == ("DEACTIVATED", "over")
    assert await refused(brand.send("N1")) == "400 INVALID_REQUEST"
    missing = brand.get("product-coupons/{product_coupon_id}", product_coupon_id="42")
    assert await refused(missing) == "404 RESOURCE_NOT_EXISTS"
    brand.product = "42"
    assert await refused(brand.send("N1")) == "404 RESOURCE_NOT_EXISTS"


@pytest.mark.parametrize("begins", ["2027-01-15T00:00:00", "2027-01-15"])
async def test_a_time_without_an_offset(brand: Brand, begins: str) -> None:
    """It says no moment, and is refused."""
    rule = {"coupon_available_period": brand.period(available_begin_time=begins)}
    assert await refused(brand.create(single_usage_rule=rule)) == "400 PARAM_ERROR"


async def test_a_brand_acts_for_itself(both: Emulator, clock: Clock) -> None:
    """A brand that names another one in its body works on its own records all the same."""
    brand = Brand(both, clock, partner=False)
    both.add_merchant(Merchant(mchid="1005", role="brand"))
    await brand.create()
    stranger = Brand(both, clock, partner=False, known=True)
    keys = {**both.credentials(), **both.credentials("1005")}
    stranger.wxpay = WeChatPay(**keys, transport=both, clock=clock)
    stranger.product, stranger.stock = brand.product, brand.stock
    assert await refused(stranger.send("N1", brand_id="1004")) == "404 RESOURCE_NOT_EXISTS"


@pytest.mark.parametrize("params", [{"page_token": "x"}, {"page_token": "9" * 5000}, {"page_size": 101}])
async def test_pages_that_there_are_not(brand: Brand, params: dict[str, Any]) -> None:
    """A page outside of the limits, and a token that was never given, are refused as the platform does."""
    await brand.create()
    listed = brand.get("product-coupons/{product_coupon_id}/stocks", params, product_coupon_id=brand.product)
    assert await refused(listed) == "400 PARAM_ERROR"


async def test_a_brand_that_is_no_number(both: Emulator, clock: Clock) -> None:
    """A partner who names a brand by anything but a number is refused, whatever is in it."""
    partner = Brand(both, clock, partner=True)
    for name in ("a/b", "", "\uff11\uff12"):
        partner.named = {"brand_id": name}
        assert await refused(partner.create()) == "400 PARAM_ERROR"
