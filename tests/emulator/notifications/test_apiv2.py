"""Notifications of APIv2 all the way: paid or refunded in the world, delivered, and handled by a webhook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_combined_apiv2 import combined
from tests.emulator.products.test_orders import MCHID, order_v2
from wechatpay_chain import Notification, Reply, Webhook, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.world.merchants import Merchant

PARTNER = "1900000777"
SHOP = "https://shop.example"
SUB = "1900000201"
OF_PARTNER = {"sub_mch_id": SUB, "sub_appid": "wx0000000000000sub"}


@pytest.fixture(params=[MCHID, PARTNER])
def mchid(request: pytest.FixtureRequest, both: Emulator) -> str:
    """A merchant, or a service provider."""
    both.add_merchant(Merchant(mchid=PARTNER, role="partner", sub_mchids=(SUB,)))
    found: str = request.param
    return found


@pytest.fixture
def wxpay(both: Emulator, clock: Clock, mchid: str) -> Any:
    """His client in the emulator's process."""
    return WeChatPay(**both.credentials(mchid), transport=both, clock=clock)


@pytest.fixture
def handled(both: Emulator, clock: Clock, mchid: str) -> list[Notification[Any]]:
    """What his webhook's handlers were called with, behind every address of his shop."""
    given = both.credentials(mchid)
    webhook = Webhook(**{name: given[name] for name in ("apiv3_key", "apiv2_key", "certs")}, clock=clock)
    seen: list[Notification[Any]] = []
    for kind in ("v2/transaction-success", "v2/combined-transactions-success", "v2/refund-processed"):
        webhook.on(kind)(seen.append)
    both.deliver_to(SHOP, behind(webhook.dispatch))
    return seen


def behind(dispatch: Callable[..., Any]) -> Any:
    """An ASGI app that hands what it gets to a webhook."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        came = {name.decode(): value.decode() for name, value in scope["headers"]}
        reply: Reply = await dispatch(came, (await receive())["body"])
        headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    return app


def named(mchid: str) -> dict[str, Any]:
    """What an order of this merchant says of a sub-merchant."""
    return OF_PARTNER if mchid == PARTNER else {}


async def test_a_payment(wxpay: Any, both: Emulator, mchid: str, handled: list[Notification[Any]]) -> None:
    """A paid order is announced as a payment that succeeded, with its parties, sum and number, and taken."""
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2(**named(mchid)))
    paid = both.pay("A1", mchid=mchid)
    await both.deliver()
    (notification,) = handled
    told = notification.resource
    assert (told["return_code"], told["result_code"], told["total_fee"]) == ("SUCCESS", "SUCCESS", "100")
    assert (told["mch_id"], told["transaction_id"]) == (mchid, paid.transaction_id)
    assert {name: told[name] for name in named(mchid)} == named(mchid)
    assert both.notifications[0].state == "DELIVERED"


async def test_a_refund(wxpay: Any, both: Emulator, mchid: str, handled: list[Notification[Any]]) -> None:
    """A refund's notice says outside whose it is, and inside all that the page lists."""
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2(**named(mchid)))
    both.pay("A1", mchid=mchid)
    asked = {"appid": "wxd678efh567hg6787", "out_trade_no": "A1", "out_refund_no": "R1"} | named(mchid)
    await wxpay.v2.secapi.pay.refund.post(
        xml=asked | {"total_fee": 100, "refund_fee": 70, "notify_url": f"{SHOP}/refunded"}
    )
    both.advance(minutes=1)
    await both.deliver()
    refund = handled[-1]
    assert (refund.event_type, refund.resource["refund_status"]) == ("v2/refund-processed", "SUCCESS")
    assert (refund.resource["refund_fee"], refund.resource["cash_refund_fee"]) == ("70", "70")
    outside = {name: refund.raw[name] for name in ("return_code", "appid", "mch_id", *named(mchid))}
    assert outside == {"return_code": "SUCCESS", "appid": asked["appid"], "mch_id": mchid} | named(mchid)
    assert "sub_mch_id" not in refund.resource


async def test_a_combined_payment(wxpay: Any, both: Emulator, mchid: str, handled: list[Notification[Any]]) -> None:
    """A combined order is announced as a whole, as a payment that succeeded, and taken."""
    asked = combined(100, 200)
    for part in asked["sub_order_list"]["order_list"]:
        part |= {"mch_id": mchid} | named(mchid)
    await wxpay.v2.pay.combinedorder.post(xml=asked)
    both.pay("C1", mchid=mchid)
    await both.deliver()
    (notification,) = handled
    assert notification.event_type == "v2/combined-transactions-success"
    told = notification.resource
    assert (told["return_code"], told["result_code"]) == ("SUCCESS", "SUCCESS")
    assert (told["combine_mch_id"], both.notifications[0].state) == (mchid, "DELIVERED")


async def test_sent_by_hand(wxpay: Any, both: Emulator, mchid: str, handled: list[Notification[Any]]) -> None:
    """With the number of a paid order, one that is sent by hand tells what the world's own tells."""
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2(**named(mchid)))
    both.pay("A1", mchid=mchid)
    await both.deliver()
    both.trigger("v2/transaction-success", {"out_trade_no": "A1"}, mchid=mchid, notify_url=f"{SHOP}/again")
    await both.deliver()
    assert {found.state for found in both.notifications} == {"DELIVERED"}
    ours, by_hand = both.notifications
    assert by_hand.resource == ours.resource
