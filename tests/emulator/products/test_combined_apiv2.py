"""Combined orders over APIv2."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import MCHID, order_v2, refused
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.world.announcements import ANNOUNCEMENTS
from wechatpay_chain.emulator.world.merchants import Merchant


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


def combined(*totals: int, **members: Any) -> Any:
    """A complete payload of a combined order."""
    parts = [
        {"appid": "wx1", "mch_id": MCHID, "body": "tea", "fee_type": "CNY", "total_fee": total}
        | {"out_trade_no": f"C1-{index}", "attach": "a"}
        for index, total in enumerate(totals)
    ]
    return {
        "combine_appid": "wx1",
        "combine_out_trade_no": "C1",
        "spbill_create_ip": "127.0.0.1",
        "notify_url": "https://shop.example/n",
        "trade_type": "NATIVE",
        "scene_info": {"payer_client_ip": "127.0.0.1"},
        "sub_order_list": {"order_num": len(parts), "order_list": parts},
    } | members


NAMED = {"combine_appid": "wx1", "combine_out_trade_no": "C1"}


async def test_a_life(wxpay: Any, both: Emulator) -> None:
    """The orders are made, paid and announced together, found by both protocols, and refunded one by one."""
    made = (await wxpay.v2.pay.combinedorder.post(xml=combined(100, 200))).xml()
    again = (await wxpay.v2.pay.combinedorder.post(xml=combined(100, 200))).xml()
    assert made["code_url"] == again["code_url"]
    assert made["prepay_id"] != again["prepay_id"]
    assert await refused(wxpay.v2.pay.combinedorder.post(xml=combined(100, 201))) == "200 OUT_TRADE_NO_USED"
    told = (await wxpay.v2.pay.querycombinedorder.post(xml=NAMED)).xml()
    assert (told["trade_state"], told["result_msg"]) == ("NOTPAY", "OK")
    both.pay("C1")
    told = (await wxpay.v2.pay.querycombinedorder.post(xml=NAMED)).xml()
    parts = json.loads(told["sub_order_list"])
    assert (told["trade_state"], parts["order_num"]) == ("SUCCESS", 2)
    assert [part["amount"]["total_amount"] for part in parts["order_list"]] == [100, 200]
    path = wxpay["v3/combine-transactions/out-trade-no/{combine_out_trade_no}"]
    found = (await path.get(combine_out_trade_no="C1")).json()
    assert [part["transaction_id"] for part in found["sub_orders"]] == [
        part["transaction_id"] for part in parts["order_list"]
    ]
    (announcement,) = both.world.of(ANNOUNCEMENTS)
    assert (announcement.protocol, announcement.event_type) == ("v2", "combined-transactions-success")
    listed = json.loads(announcement.resource["sub_order_list"])["order_list"]
    assert [(one["total_fee"], one["out_trade_no"], len(one["time_end"])) for one in listed] == [
        (100, "C1-0", 14),
        (200, "C1-1", 14),
    ]
    back = {"appid": "wx1", "out_trade_no": "C1-1", "out_refund_no": "R1", "total_fee": 200, "refund_fee": 50}
    assert (await wxpay.v2.secapi.pay.refund.post(xml=back)).xml()["refund_fee"] == "50"
    assert await refused(wxpay.v2.pay.combinedorder.post(xml=combined(100, 200))) == "200 ORDERPAID"


async def test_closing(wxpay: Any, both: Emulator) -> None:
    """All orders of it must be named; closed ones stay so; paid ones don't close; a missing one isn't found."""
    close = wxpay.v2.pay.closecombinedorder
    parts = [{"mchid": MCHID, "out_trade_no": f"C1-{index}"} for index in range(2)]
    assert await refused(close.post(xml=NAMED | {"sub_order_list": parts})) == "200 ORDERNOTEXIST"
    await wxpay.v2.pay.combinedorder.post(xml=combined(100, 200))
    assert await refused(close.post(xml=NAMED | {"sub_order_list": parts[:1]})) == "200 PARAM_ERROR"
    for _ in range(2):
        assert (await close.post(xml=NAMED | {"sub_order_list": parts})).xml()["result_code"] == "SUCCESS"
    assert [order.state for order in both.orders] == ["CLOSED", "CLOSED"]
    assert await refused(wxpay.v2.pay.combinedorder.post(xml=combined(100, 200))) == "200 ORDERCLOSED"
    await wxpay.v2.pay.combinedorder.post(
        xml=combined(100, combine_out_trade_no="C2") | {"sub_order_list": _renamed(combined(100))}
    )
    both.pay("C2")
    paid = {"combine_out_trade_no": "C2", "sub_order_list": [{"mchid": MCHID, "out_trade_no": "D"}]}
    assert await refused(close.post(xml=NAMED | paid)) == "200 ORDERPAID"


def _renamed(asked: Any) -> Any:
    (part,) = asked["sub_order_list"]["order_list"]
    return {"order_num": 1, "order_list": [part | {"out_trade_no": "D"}]}


async def test_what_is_refused(wxpay: Any, both: Emulator, clock: Clock) -> None:
    """A list of another shape, a number that is an order's, and a sub-merchant of somebody else."""
    make = wxpay.v2.pay.combinedorder
    for wrong in ("no JSON", "[]", {"order_num": 0, "order_list": []}, {"order_list": [{"appid": "wx1"}]}):
        assert await refused(make.post(xml=combined(100, sub_order_list=wrong))) == "200 PARAM_ERROR"
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2("C1-0"))
    assert await refused(make.post(xml=combined(100))) == "200 OUT_TRADE_NO_USED"
    assert [order.out_trade_no for order in both.orders] == ["C1-0"]
    both.add_merchant(Merchant(mchid="1900000777", role="partner", sub_mchids=("1900000201",)))
    partner: Any = WeChatPay(**both.credentials("1900000777"), transport=both, clock=clock)
    (part,) = combined(100)["sub_order_list"]["order_list"]
    for sub_mch_id, expected in (("1900000201", None), ("1900000202", "200 NOAUTH")):
        listed = {"order_num": 1, "order_list": [part | {"mch_id": "1900000777", "sub_mch_id": sub_mch_id}]}
        call = partner.v2.pay.combinedorder.post(xml=combined(sub_order_list=listed))
        if expected is None:
            assert (await call).xml()["prepay_id"]
        else:
            assert await refused(call) == expected
