"""Orders: made, paid, closed, expired, reversed, over both protocols."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from wechatpay_chain import APIError, WeChatPay
from wechatpay_chain.emulator import Emulator, Refusal
from wechatpay_chain.emulator.products.fen import fen
from wechatpay_chain.emulator.world.announcements import ANNOUNCEMENTS

MCHID = "1900000109"


def order(number: str = "A1", total: int = 100, **members: Any) -> Any:
    """A complete payload of an order."""
    return {
        "appid": "wxd678efh567hg6787",
        "mchid": MCHID,
        "description": "coffee",
        "out_trade_no": number,
        "notify_url": "https://shop.example/notify",
        "amount": {"total": total, "currency": "CNY"},
        **members,
    }


def code_order(number: str = "A1", code: str = "130000000000000000", **members: Any) -> Any:
    """A complete payload of a code payment."""
    asked = order(number, **members) | {"payer": {"auth_code": code}, "scene_info": {"store_info": {"id": "1"}}}
    del asked["notify_url"]
    return asked


def order_v2(number: str = "A1", total: int = 100, **members: Any) -> Any:
    """A complete payload of an order of APIv2."""
    return {
        "appid": "wxd678efh567hg6787",
        "body": "coffee",
        "out_trade_no": number,
        "total_fee": total,
        "spbill_create_ip": "127.0.0.1",
        "notify_url": "https://shop.example/notify2",
        "trade_type": "NATIVE",
        **members,
    }


async def query(wxpay: WeChatPay, number: str = "A1") -> Any:
    """The order as a query tells it."""
    answer = await wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.get(out_trade_no=number, params={"mchid": MCHID})
    return answer.json()


async def close(wxpay: WeChatPay, number: str = "A1") -> int:
    """Close an order; the status."""
    path = wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}/close"]
    return (await path.post(out_trade_no=number, json={"mchid": MCHID})).status


async def refused(call: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(APIError) as caught:
        await call
    return f"{caught.value.status} {caught.value.code}"


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> WeChatPay:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


async def test_a_life(wxpay: WeChatPay, both: Emulator) -> None:
    """An order is unpaid until it is paid, and tells its payer, number and time only then."""
    made = await wxpay.v3.pay.transactions.jsapi.post(json=order(payer={"openid": "o1"}, attach="a"))
    unpaid = await query(wxpay)
    assert (unpaid["trade_state"], unpaid["amount"]) == ("NOTPAY", {"total": 100, "currency": "CNY"})
    assert not unpaid.keys() & {"transaction_id", "payer", "success_time"}
    both.pay(made.json()["prepay_id"])
    paid = await query(wxpay)
    assert paid["trade_state"] == "SUCCESS"
    assert (paid["payer"], paid["trade_type"], paid["attach"]) == ({"openid": "o1"}, "JSAPI", "a")
    assert paid["transaction_id"].isdecimal()
    assert len(paid["transaction_id"]) == 28
    by_id = await wxpay.v3.pay.transactions.id._transaction_id_.get(
        transaction_id=paid["transaction_id"], params={"mchid": MCHID}
    )
    assert by_id.json() == paid
    assert [made.state for made in both.orders] == ["SUCCESS"]


async def test_it_is_announced(wxpay: WeChatPay, both: Emulator) -> None:
    """A payment is announced to the order's notify_url with what a query tells."""
    await wxpay.v3.pay.transactions.native.post(json=order())
    both.pay("A1")
    (announcement,) = both.world.of(ANNOUNCEMENTS)
    paid = await query(wxpay)
    assert (announcement.event_type, announcement.original_type) == ("TRANSACTION.SUCCESS", "transaction")
    assert announcement.notify_url == "https://shop.example/notify"
    assert announcement.resource.items() <= paid.items()
    assert announcement.resource["transaction_id"] == paid["transaction_id"]


async def test_repeats(wxpay: WeChatPay, both: Emulator) -> None:
    """The same number with the same content gives a fresh prepay_id; otherwise it is refused."""
    make = wxpay.v3.pay.transactions.app
    first = (await make.post(json=order())).json()["prepay_id"]
    assert (await make.post(json=order())).json()["prepay_id"] != first
    assert await refused(make.post(json=order(total=101))) == "403 OUT_TRADE_NO_USED"
    assert await refused(wxpay.v3.pay.transactions.native.post(json=order())) == "403 OUT_TRADE_NO_USED"
    both.pay("A1")
    assert await refused(make.post(json=order())) == "400 ORDERPAID"
    await make.post(json=order("A2"))
    assert await close(wxpay, "A2") == 204
    assert await refused(make.post(json=order("A2"))) == "400 ORDER_CLOSED"


async def test_closing(wxpay: WeChatPay, both: Emulator) -> None:
    """An unpaid order closes, again too; a paid or unknown one doesn't, and a closed one can't be paid."""
    assert await refused(close(wxpay)) == "404 ORDER_NOT_EXIST"
    await wxpay.v3.pay.transactions.native.post(json=order())
    assert [await close(wxpay), await close(wxpay)] == [204, 204]
    with pytest.raises(Refusal, match="ORDER_CLOSED"):
        both.pay("A1")
    await wxpay.v3.pay.transactions.native.post(json=order("A2"))
    both.pay("A2")
    assert await refused(close(wxpay, "A2")) == "400 ORDERPAID"


async def test_expiry(wxpay: WeChatPay, both: Emulator) -> None:
    """An order closes at its time_expire, without one after seven days; links to it live two hours."""
    await wxpay.v3.pay.transactions.native.post(json=order(time_expire="2027-01-15T16:30:00+08:00"))
    link = (await wxpay.v3.pay.transactions.native.post(json=order("A2"))).json()["code_url"]
    both.advance(minutes=29)
    assert (await query(wxpay))["trade_state"] == "NOTPAY"
    both.advance(minutes=2)
    assert (await query(wxpay))["trade_state"] == "CLOSED"
    both.advance(hours=2)
    with pytest.raises(Refusal, match="支付链接已过期"):
        both.pay(link)
    both.advance(days=7)
    assert (await query(wxpay, "A2"))["trade_state"] == "CLOSED"
    late = order("A3", time_expire="2027-01-15T16:30:00+08:00")
    assert await refused(wxpay.v3.pay.transactions.native.post(json=late)) == "400 PARAM_ERROR"


async def test_unknown_orders(wxpay: WeChatPay) -> None:
    """A query of an order that was never made is refused, by either number."""
    assert await refused(query(wxpay)) == "404 ORDER_NOT_EXIST"
    by_id = wxpay.v3.pay.transactions.id._transaction_id_
    assert await refused(by_id.get(transaction_id="42", params={"mchid": MCHID})) == "404 ORDER_NOT_EXIST"
    other = wxpay.v3.pay.transactions.native.post(json=order(mchid="1900000110"))
    assert await refused(other) == "400 PARAM_ERROR"


async def test_partners(wxpay: WeChatPay, both: Emulator) -> None:
    """A partner's order is found with its sub-merchant only, and tells both."""
    orders = wxpay.v3.pay.partner.transactions.native
    for given in ({}, {"sp_mchid": ""}, {"sp_mchid": "1900000999"}):
        anyone = order() | {"sp_appid": "wx1", "sub_mchid": "1900000110"} | given
        anyone.pop("mchid")
        assert await refused(orders.post(json=anyone)) == "400 PARAM_ERROR"
    asked = order() | {"sp_appid": "wx1", "sp_mchid": MCHID, "sub_mchid": "1900000110", "sub_appid": "wx2"}
    del asked["mchid"], asked["appid"]
    await wxpay.v3.pay.partner.transactions.native.post(json=asked)
    both.pay("A1")
    path = wxpay["v3/pay/partner/transactions/out-trade-no/{out_trade_no}"]
    found = (await path.get(out_trade_no="A1", params={"sp_mchid": MCHID, "sub_mchid": "1900000110"})).json()
    assert (found["sp_mchid"], found["sub_mchid"], found["trade_state"]) == (MCHID, "1900000110", "SUCCESS")
    assert found["payer"].keys() == {"sp_openid", "sub_openid"}
    assert await refused(path.get(out_trade_no="A1", params={"sp_mchid": MCHID, "sub_mchid": "1"})) == (
        "404 ORDER_NOT_EXIST"
    )


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("130000000000000003", "403 NOT_ENOUGH"),
        ("130000000000000004", "400 AUTH_CODE_EXPIRED"),
        ("130000000000000005", "400 AUTH_CODE_INVALID"),
        ("130000000000000006", "500 BANK_ERROR"),
        ("990000000000000000", "400 PARAM_ERROR"),
    ],
)
async def test_codes_that_are_refused(wxpay: WeChatPay, code: str, answer: str) -> None:
    """The end of the code says why a code payment is refused; no order stays."""
    pay = wxpay.v3.pay.transactions.codepay
    assert await refused(pay.post(json=code_order(code=code), retry=False)) == answer
    assert await refused(query(wxpay)) == "404 ORDER_NOT_EXIST"


async def test_code_payment(wxpay: WeChatPay) -> None:
    """A code is paid at once; a repeat answers the same; reversing gives the money back once."""
    pay = wxpay.v3.pay.transactions.codepay
    first: Any = (await pay.post(json=code_order())).json()
    assert (first["trade_state"], first["trade_type"]) == ("SUCCESS", "MICROPAY")
    assert (await pay.post(json=code_order())).json() == first
    reverse = wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}/reverse"]
    for _ in range(2):
        assert (await reverse.post(out_trade_no="A1", json={"appid": "wx1", "mchid": MCHID})).status == 200
    assert (await query(wxpay))["trade_state"] == "REVOKED"


@pytest.mark.parametrize(("code", "end"), [("130000000000000001", "SUCCESS"), ("130000000000000002", "PAYERROR")])
async def test_a_payer_who_hesitates(wxpay: WeChatPay, both: Emulator, code: str, end: str) -> None:
    """202 USERPAYING, then the payer confirms after ten seconds, or never does."""
    pay = wxpay.v3.pay.transactions.codepay
    assert await refused(pay.post(json=code_order(code=code))) == "202 USERPAYING"
    assert await refused(pay.post(json=code_order(code=code))) == "202 USERPAYING"
    assert (await query(wxpay))["trade_state"] == "USERPAYING"
    assert await refused(close(wxpay)) == "202 USERPAYING"
    both.advance(seconds=60)
    assert (await query(wxpay))["trade_state"] == end


async def test_a_payer_who_leaves(wxpay: WeChatPay, both: Emulator) -> None:
    """A code payment that its payer left is unpaid and can be reversed; another order can still be paid, once."""
    pay = wxpay.v3.pay.transactions.codepay
    assert await refused(pay.post(json=code_order(code="130000000000000001"))) == "202 USERPAYING"
    both.cancel("A1")
    both.advance(seconds=60)
    assert (await query(wxpay))["trade_state"] == "NOTPAY"
    reverse = wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}/reverse"]
    await reverse.post(out_trade_no="A1", json={"appid": "wx1", "mchid": MCHID})
    assert (await query(wxpay))["trade_state"] == "REVOKED"
    await wxpay.v3.pay.transactions.native.post(json=order("A2"))
    both.cancel("A2")
    assert both.pay("A2").state == "SUCCESS"
    with pytest.raises(Refusal, match="已支付"):
        both.cancel("A2")


async def test_wishes(wxpay: WeChatPay) -> None:
    """An `attach` can wish for a refusal, or for a payer who hesitates."""
    asked = order(attach="emulator:NOT_ENOUGH")
    assert await refused(wxpay.v3.pay.transactions.native.post(json=asked)) == "403 NOT_ENOUGH"
    hesitant = code_order(attach="emulator:USERPAYING")
    assert await refused(wxpay.v3.pay.transactions.codepay.post(json=hesitant)) == "202 USERPAYING"


async def test_both_protocols_share_orders(wxpay: WeChatPay, both: Emulator) -> None:
    """An order of APIv2 is found by APIv3 and the other way round; their numbers are one space."""
    made: Any = (await wxpay.v2.pay.unifiedorder.post(xml=order_v2())).xml()
    assert made["prepay_id"].startswith("wx")
    assert made["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert (await query(wxpay))["trade_state"] == "NOTPAY"
    assert await refused(wxpay.v3.pay.transactions.native.post(json=order())) == "403 OUT_TRADE_NO_USED"
    both.pay("A1")
    (announcement,) = both.world.of(ANNOUNCEMENTS)
    assert (announcement.protocol, announcement.event_type) == ("v2", "transaction-success")
    await wxpay.v3.pay.transactions.native.post(json=order("B1", 7))
    both.pay("B1")
    found = (await wxpay.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": "B1"})).xml()
    paid = await query(wxpay, "B1")
    assert (found["trade_state"], found["total_fee"], found["transaction_id"]) == (
        "SUCCESS",
        "7",
        paid["transaction_id"],
    )
    assert await refused(wxpay.v2.pay.closeorder.post(xml={"appid": "wx1", "out_trade_no": "B1"})) == "200 ORDERPAID"
    assert await refused(wxpay.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": "C1"})) == (
        "200 ORDERNOTEXIST"
    )


async def test_micropay(wxpay: WeChatPay, both: Emulator) -> None:
    """APIv2's code payments hesitate with an error code, are queried, and reversed."""
    asked = order_v2() | {"auth_code": "130000000000000001"}
    del asked["trade_type"], asked["notify_url"]
    assert await refused(wxpay.v2.pay.micropay.post(xml=asked)) == "200 USERPAYING"
    both.advance(seconds=11)
    assert (await wxpay.v2.pay.micropay.post(xml=asked)).xml()["trade_type"] == "MICROPAY"
    reverse = await wxpay.v2.secapi.pay.reverse.post(xml={"appid": "wx1", "out_trade_no": "A1"})
    assert reverse.xml()["recall"] == "N"
    assert (await query(wxpay))["trade_state"] == "REVOKED"


def combined(number: str = "C1", *totals: int, **members: Any) -> Any:
    """A complete payload of a combined order of three."""
    return {
        "combine_appid": "wx1",
        "combine_mchid": MCHID,
        "combine_out_trade_no": number,
        "notify_url": "https://shop.example/notify",
        "sub_orders": [
            {
                "mchid": MCHID,
                "out_trade_no": f"{number}-{index}",
                "sub_mchid": "1900000110",
                "attach": "a",
                "description": "coffee",
                "amount": {"total_amount": total, "currency": "CNY"},
            }
            for index, total in enumerate(totals or (1, 2, 3))
        ],
        **members,
    }


async def test_combined_orders(wxpay: WeChatPay, both: Emulator) -> None:
    """Orders of a combined one are paid together and announced once; paid ones don't close."""
    made = (await wxpay.v3.combineTransactions.native.post(json=combined())).json()
    both.pay(made["code_url"])
    path = wxpay["v3/combine-transactions/out-trade-no/{combine_out_trade_no}"]
    found = (await path.get(combine_out_trade_no="C1")).json()
    assert [part["trade_state"] for part in found["sub_orders"]] == ["SUCCESS"] * 3
    assert len({part["transaction_id"] for part in found["sub_orders"]}) == 3
    (announcement,) = both.world.of(ANNOUNCEMENTS)
    assert announcement.resource == found
    parts = [{"mchid": MCHID, "out_trade_no": f"C1-{index}"} for index in range(3)]
    closing = wxpay["v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close"]
    body = {"combine_appid": "wx1", "sub_orders": parts}
    assert await refused(closing.post(combine_out_trade_no="C1", json=body)) == "400 ORDERPAID"
    await wxpay.v3.combineTransactions.h5.post(
        json=combined("C2", scene_info={"payer_client_ip": "1.1.1.1", "device_id": "1", "h5_info": {"type": "iOS"}})
    )
    both.advance(days=8)
    assert {part["trade_state"] for part in (await path.get(combine_out_trade_no="C2")).json()["sub_orders"]} == {
        "CLOSED"
    }


@pytest.mark.parametrize("total", [0, -1, 10**15 + 1, 10**18])
async def test_amounts(wxpay: WeChatPay, total: int) -> None:
    """Nothing, less than nothing, and more than there is can't be paid."""
    assert await refused(wxpay.v3.pay.transactions.native.post(json=order(total=total))) == "400 PARAM_ERROR"
    assert await refused(wxpay.v2.pay.unifiedorder.post(xml=order_v2(total=total))) == "200 PARAM_ERROR"


@pytest.mark.parametrize("value", [0.5, "x", "", "1.5", "0", "9" * 5000, float("inf"), float("nan")])
def test_parts_of_a_fen(value: Any) -> None:
    """An amount is a whole number of at least 1, in either protocol."""
    with pytest.raises(Refusal, match="PARAM_ERROR"):
        fen(value, "/amount/total")
    assert (fen("7", ""), fen(7, ""), fen(7.0, ""), fen(10**15, "")) == (7, 7, 7, 10**15)


async def test_payments_by_face(wxpay: Any, both: Emulator) -> None:
    """A face pays once, is found by both protocols, and is called off; then it pays no more under that number."""
    paid = order_v2(face_code="F1", fee_type="CNY")
    del paid["notify_url"], paid["trade_type"]
    first = (await wxpay.v2.pay.facepay.post(xml=paid)).xml()
    assert (await wxpay.v2.pay.facepay.post(xml=paid)).xml()["transaction_id"] == first["transaction_id"]
    assert await refused(wxpay.v2.pay.facepay.post(xml=paid | {"total_fee": 101})) == "200 OUT_TRADE_NO_USED"
    assert (await query(wxpay))["trade_type"] == "FACEPAY"
    named = {"appid": "wx1", "out_trade_no": "A1"}
    assert (await wxpay.v2.pay.facepayquery.post(xml=named)).xml()["trade_state"] == "SUCCESS"
    assert (await wxpay.v2.secapi.pay.facepayreverse.post(xml=named)).xml()["recall"] == "N"
    assert [one.state for one in both.orders] == ["REVOKED"]
    assert await refused(wxpay.v2.pay.facepay.post(xml=paid)) == "200 ORDERCLOSED"
