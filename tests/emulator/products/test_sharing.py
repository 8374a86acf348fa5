"""Profit sharing: receivers, orders, what is left, returns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order, query, refused
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator


class Shop:
    """A shop with a paid order of 1000 fen whose money is held, and a receiver."""

    def __init__(self, emulator: Emulator, clock: Clock) -> None:
        self.emulator = emulator
        self.wxpay: Any = WeChatPay(**emulator.credentials(), transport=emulator, clock=clock)
        self.transaction_id = ""

    async def open(self) -> None:
        """Make the order, pay it, and add the receiver."""
        await self.wxpay.v3.pay.transactions.native.post(json=order(total=1000, settle_info={"profit_sharing": True}))
        self.emulator.pay("A1")
        self.transaction_id = (await query(self.wxpay))["transaction_id"]
        receiver = {"appid": "wx1", "type": "PERSONAL_OPENID", "account": "o1", "relation_type": "USER"}
        await self.wxpay.v3.profitsharing.receivers.add.post(json=receiver)

    def share(self, number: str, amount: int, *, description: str = "share", ends: bool = False) -> Any:
        """Share a part with the receiver."""
        part = {"type": "PERSONAL_OPENID", "account": "o1", "amount": amount, "description": description}
        asked = {"transaction_id": self.transaction_id, "out_order_no": number, "unfreeze_unsplit": ends}
        return self.wxpay.v3.profitsharing.orders.post(json={**asked, "receivers": [part], "appid": "wx1"})

    async def left(self) -> int:
        """What can still be shared."""
        path = self.wxpay["v3/profitsharing/transactions/{transaction_id}/amounts"]
        left: int = (await path.get(transaction_id=self.transaction_id)).json()["unsplit_amount"]
        return left

    async def shared(self, number: str) -> Any:
        """A sharing as a query tells it."""
        path = self.wxpay["v3/profitsharing/orders/{out_order_no}"]
        return (await path.get(out_order_no=number, params={"transaction_id": self.transaction_id})).json()


@pytest.fixture
async def shop(both: Emulator, clock: Clock) -> Shop:
    """An open shop."""
    opened = Shop(both, clock)
    await opened.open()
    return opened


async def test_sharing(shop: Shop) -> None:
    """A part goes to the receiver; a repeat answers the same; what is left is told, until it is unfrozen."""
    first = (await shop.share("S1", 200)).json()
    assert (first["state"], first["receivers"][0]["result"]) == ("PROCESSING", "PENDING")
    assert (await shop.share("S1", 200)).json() == first
    assert await refused(shop.share("S1", 201)) == "400 RESOURCE_ALREADY_EXISTS"
    shop.emulator.advance(seconds=5)
    told = await shop.shared("S1")
    assert (told["state"], told["receivers"][0]["result"], await shop.left()) == ("FINISHED", "SUCCESS", 800)
    assert await refused(shop.share("S2", 101)) == "403 RULE_LIMIT"
    ending = {"transaction_id": shop.transaction_id, "out_order_no": "U1", "description": "the end"}
    await shop.wxpay.v3.profitsharing.orders.unfreeze.post(json=ending)
    assert await shop.left() == 0
    assert await refused(shop.share("S3", 1)) == "400 INVALID_REQUEST"


async def test_who_cannot_share(shop: Shop) -> None:
    """An order without held money, a receiver that wasn't added, an unknown order."""
    receiver = {"appid": "wx1", "type": "PERSONAL_OPENID", "account": "o1"}
    await shop.wxpay.v3.profitsharing.receivers["delete"].post(json=receiver)
    assert await refused(shop.share("S1", 1)) == "400 INVALID_REQUEST"
    await shop.wxpay.v3.pay.transactions.native.post(json=order("A2"))
    shop.emulator.pay("A2")
    shop.transaction_id = (await query(shop.wxpay, "A2"))["transaction_id"]
    assert await refused(shop.share("S1", 1)) == "400 INVALID_REQUEST"
    shop.transaction_id = "42"
    assert await refused(shop.share("S1", 1)) == "404 ORDER_NOT_EXIST"


async def test_a_receiver_who_gets_nothing(shop: Shop) -> None:
    """A receiver whose part is closed leaves it to the order."""
    await shop.share("S1", 200, description="emulator:NO_RELATION")
    shop.emulator.advance(seconds=5)
    (part,) = (await shop.shared("S1"))["receivers"]
    assert (part["result"], part["fail_reason"], await shop.left()) == ("CLOSED", "NO_RELATION", 1000)


async def test_returns_and_refunds(shop: Shop) -> None:
    """What is shared can't be refunded before it was given back, and is given back once."""
    await shop.share("S1", 300)
    shop.emulator.advance(seconds=5)
    whole = {"transaction_id": shop.transaction_id, "out_refund_no": "R1"} | {
        "amount": {"refund": 1000, "total": 1000, "currency": "CNY"}
    }
    assert await refused(shop.wxpay.v3.refund.domestic.refunds.post(json=whole)) == "403 NOT_ENOUGH"
    back = {"out_order_no": "S1", "out_return_no": "B1", "return_mchid": "o1", "amount": 300, "description": "back"}
    returns = shop.wxpay["v3/profitsharing/return-orders"]
    assert (await returns.post(json=back)).json()["result"] == "PROCESSING"
    assert await refused(returns.post(json=back | {"out_return_no": "B2", "amount": 1})) == "403 NOT_ENOUGH"
    shop.emulator.advance(seconds=5)
    path = shop.wxpay["v3/profitsharing/return-orders/{out_return_no}"]
    assert (await path.get(out_return_no="B1", params={"out_order_no": "S1"})).json()["result"] == "SUCCESS"
    assert (await shop.wxpay.v3.refund.domestic.refunds.post(json=whole)).json()["amount"]["refund"] == 1000
