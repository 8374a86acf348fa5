"""Profit sharing over APIv2, and over both protocols with the same records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order_v2, refused
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator

APPID: Any = {"appid": "wx1"}
MERCHANT = {"type": "MERCHANT_ID", "account": "1900000300", "name": "a supplier", "relation_type": "SUPPLIER"}
PERSON = {"type": "PERSONAL_OPENID", "account": "o1", "relation_type": "USER"}


def part(amount: Any, account: str = "1900000300", description: str = "share") -> dict[str, Any]:
    """What a receiver gets."""
    kind = "PERSONAL_OPENID" if account == "o1" else "MERCHANT_ID"
    return {"type": kind, "account": account, "amount": amount, "description": description}


class Shop:
    """A shop with a paid order of 1000 fen whose money is held, and two receivers."""

    def __init__(self, emulator: Emulator, clock: Clock) -> None:
        self.emulator = emulator
        self.wxpay: Any = WeChatPay(**emulator.credentials(), transport=emulator, clock=clock)
        self.transaction_id = ""

    async def open(self) -> None:
        """Make the order, pay it, and add the receivers."""
        await self.wxpay.v2.pay.unifiedorder.post(xml=order_v2(total=1000, profit_sharing="Y"))
        self.transaction_id = self.emulator.pay("A1").transaction_id
        for receiver in (MERCHANT, PERSON):
            await self.wxpay.v2.pay.profitsharingaddreceiver.post(xml=APPID | {"receiver": receiver})

    async def call(self, name: str, **fields: Any) -> Any:
        """The answer to a call about the order."""
        place = self.wxpay.v2.secapi.pay if name in SEALED else self.wxpay.v2.pay
        asked = {"transaction_id": self.transaction_id} | fields
        return (await place[name].post(xml=APPID | asked)).xml()

    async def left(self) -> str:
        """What can still be shared."""
        told: str = (await self.call("profitsharingorderamountquery"))["unsplit_amount"]
        return told


SEALED = {"profitsharing", "multiprofitsharing", "profitsharingfinish", "profitsharingreturn"}


@pytest.fixture
async def shop(both: Emulator, clock: Clock) -> Shop:
    """An open shop."""
    opened = Shop(both, clock)
    await opened.open()
    return opened


async def test_several_times_and_the_end(shop: Shop) -> None:
    """Parts go to receivers, a repeat answers the same, what is left is told until sharing ends."""
    asked = {"out_order_no": "S1", "receivers": [part(100), part(50, "o1")]}
    first = await shop.call("multiprofitsharing", **asked)
    assert first == {**await shop.call("multiprofitsharing", **asked), "sign": first["sign"]}
    assert await refused(shop.call("multiprofitsharing", **asked | {"receivers": [part(1)]})) == (
        "200 RESOURCEALREADYEXISTS"
    )
    shop.emulator.advance(seconds=5)
    told = await shop.call("profitsharingquery", out_order_no="S1")
    assert (told["status"], told["order_id"], await shop.left()) == ("FINISHED", first["order_id"], "850")
    parts = json.loads(told["receivers"])
    assert [(one["account"], one["amount"], one["result"]) for one in parts] == [
        ("1900000300", 100, "SUCCESS"),
        ("o1", 50, "SUCCESS"),
    ]
    assert (parts[0]["receiver_mchid"], len(parts[0]["finish_time"])) == ("1900000300", 14)
    over = {"out_order_no": "S2", "receivers": [part(151)]}
    assert await refused(shop.call("multiprofitsharing", **over)) == "200 RULE_LIMIT"
    ended = await shop.call("profitsharingfinish", out_order_no="F1", description="the end")
    assert (ended["out_order_no"], await shop.left()) == ("F1", "0")
    again = {"out_order_no": "S3", "receivers": [part(1)]}
    assert await refused(shop.call("multiprofitsharing", **again)) == "200 NOT_SHARE_ORDER"


async def test_once(shop: Shop) -> None:
    """A single sharing frees what is left, and its number can't be used for another kind."""
    asked = {"out_order_no": "S1", "receivers": [part(100)]}
    assert (await shop.call("profitsharing", **asked))["status"] == "PROCESSING"
    assert await shop.left() == "0"
    assert await refused(shop.call("multiprofitsharing", **asked)) == "200 RESOURCEALREADYEXISTS"
    later = {"out_order_no": "S2", "receivers": [part(100)]}
    assert await refused(shop.call("profitsharing", **later)) == "200 NOT_SHARE_ORDER"


async def test_who_gets_a_part(shop: Shop) -> None:
    """A receiver must be added, a merchant by name, and the list must be of the documented shape."""
    nameless = {"receiver": {name: MERCHANT[name] for name in ("type", "account", "relation_type")}}
    add, remove = shop.wxpay.v2.pay.profitsharingaddreceiver, shop.wxpay.v2.pay.profitsharingremovereceiver
    assert await refused(add.post(xml=APPID | nameless)) == "200 PARAM_ERROR"
    told = (await remove.post(xml=APPID | {"receiver": {"type": "PERSONAL_OPENID", "account": "o1"}})).xml()
    assert json.loads(told["receiver"]) == {"type": "PERSONAL_OPENID", "account": "o1"}
    gone = {"out_order_no": "S1", "receivers": [part(1, "o1")]}
    assert await refused(shop.call("multiprofitsharing", **gone)) == "200 INVALID_REQUEST"
    for wrong in ("no JSON", "{}", "[1]", [part("1")], [part(True)], [part(1) | {"account": 1}]):
        asked = {"out_order_no": "S1", "receivers": wrong}
        assert await refused(shop.call("multiprofitsharing", **asked)) == "200 PARAM_ERROR"
    assert await shop.left() == "1000"
    shop.transaction_id = "42"
    assert await refused(shop.call("multiprofitsharing", out_order_no="S1", receivers=[part(1)])) == "200 ORDERNOTEXIST"


async def test_returns(shop: Shop) -> None:
    """A merchant gives back once and no more than it got; a failed return changes nothing."""
    await shop.call("multiprofitsharing", out_order_no="S1", receivers=[part(300)])
    back: dict[str, Any] = {"out_order_no": "S1", "out_return_no": "B1", "return_amount": 200, "description": "back"}
    back |= {"return_account_type": "MERCHANT_ID", "return_account": "1900000300"}
    assert await refused(shop.call("profitsharingreturn", **back)) == "200 INVALID_REQUEST"
    shop.emulator.advance(seconds=5)
    first = await shop.call("profitsharingreturn", **back)
    assert (first["result"], first["return_amount"]) == ("PROCESSING", "200")
    over = back | {"out_return_no": "B2", "return_amount": 101}
    assert await refused(shop.call("profitsharingreturn", **over)) == "200 NOTENOUGH"
    fails = back | {"out_return_no": "B3", "return_amount": 100, "description": "emulator:ACCOUNT_ABNORMAL"}
    await shop.call("profitsharingreturn", **fails)
    shop.emulator.advance(seconds=5)
    told = await shop.call("profitsharingreturnquery", out_order_no="S1", out_return_no="B1")
    assert (told["result"], told["return_no"], await shop.left()) == ("SUCCESS", first["return_no"], "900")
    told = await shop.call("profitsharingreturnquery", order_id=first["order_id"], out_return_no="B3")
    assert (told["result"], told["fail_reason"]) == ("FAILED", "ACCOUNT_ABNORMAL")
    missing = shop.call("profitsharingreturnquery", out_order_no="S1", out_return_no="B9")
    assert await refused(missing) == "200 RESOURCE_NOT_EXISTS"
    neither = shop.call("profitsharingreturnquery", out_return_no="B1")
    assert await refused(neither) == "200 PARAM_ERROR"


async def test_both_protocols_share_the_records(shop: Shop) -> None:
    """What one protocol made, the other finds; a number is one for both."""
    await shop.call("multiprofitsharing", out_order_no="S1", receivers=[part(100)])
    shop.emulator.advance(seconds=5)
    orders = shop.wxpay.v3.profitsharing.orders
    found = (await orders._out_order_no_.get(out_order_no="S1", params={"transaction_id": shop.transaction_id})).json()
    assert (found["state"], found["receivers"][0]["account"]) == ("FINISHED", "1900000300")
    asked: Any = {"transaction_id": shop.transaction_id, "unfreeze_unsplit": False, "receivers": [part(50)]} | APPID
    assert await refused(orders.post(json=asked | {"out_order_no": "S1"})) == "400 RESOURCE_ALREADY_EXISTS"
    await orders.post(json=asked | {"out_order_no": "S2"})
    shop.emulator.advance(seconds=5)
    assert (await shop.call("profitsharingquery", out_order_no="S2"))["status"] == "FINISHED"
    back = {"out_order_no": "S1", "out_return_no": "B1", "return_mchid": "1900000300", "amount": 100}
    await shop.wxpay["v3/profitsharing/return-orders"].post(json=back | {"description": "back"})
    told = await shop.call("profitsharingreturnquery", out_order_no="S1", out_return_no="B1")
    assert (told["return_account"], told["return_amount"]) == ("1900000300", "100")


async def test_partners(both: Emulator, clock: Clock) -> None:
    """A partner's receivers, orders and ratio are his sub-merchants', each by itself."""
    wxpay: Any = WeChatPay(**both.credentials(), transport=both, clock=clock)
    first, second = {"sub_mch_id": "1900000201"}, {"sub_mch_id": "1900000202"}
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2(total=1000, profit_sharing="Y", **first))
    order = APPID | {"transaction_id": both.pay("A1").transaction_id, "out_order_no": "S1", "receivers": [part(100)]}
    share = wxpay.v2.secapi.pay.multiprofitsharing
    await wxpay.v2.pay.profitsharingaddreceiver.post(xml=APPID | second | {"receiver": MERCHANT})
    assert await refused(share.post(xml=order | first)) == "200 INVALID_REQUEST"
    assert await refused(share.post(xml=order | second)) == "200 ORDERNOTEXIST"
    await wxpay.v2.pay.profitsharingaddreceiver.post(xml=APPID | first | {"receiver": MERCHANT})
    assert (await share.post(xml=order | first)).xml()["sub_mch_id"] == "1900000201"
    ratio = (await wxpay.v2.pay.profitsharingmerchantratioquery.post(xml=first)).xml()
    assert (ratio["max_ratio"], ratio["sub_mch_id"]) == ("3000", "1900000201")
