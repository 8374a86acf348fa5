"""Each product refuses in the platform's own codes, one row a situation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import MCHID, code_order, order, order_v2, refused
from tests.emulator.products.test_refunds import refund
from tests.emulator.products.test_transfers import BASE, transfer
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products import phone

NUMBER = {"appid": "wx1", "out_trade_no": "A1"}
ORDER = "v3/pay/transactions/out-trade-no/{out_trade_no}"
SCORE = {"appid": "wx1", "service_id": "500001"}


def micropay(number: str, ending: str) -> Any:
    """A code payment of APIv2 whose code ends so."""
    paid = order_v2(number, auth_code=f"13000000000000{ending}")
    del paid["trade_type"], paid["notify_url"]
    return paid


def refund_v2(**members: Any) -> Any:
    """A complete refund of APIv2."""
    return {**NUMBER, "out_refund_no": "R1", "total_fee": 100, "refund_fee": 100, **members}


Call = Callable[[Any], Any]

OPEN: dict[str, tuple[Call, str]] = {
    "other content": (lambda w: w.v3.pay.transactions.native.post(json=order(total=101)), "403 OUT_TRADE_NO_USED"),
    "other content, v2": (lambda w: w.v2.pay.unifiedorder.post(xml=order_v2()), "200 OUT_TRADE_NO_USED"),
    "another merchant": (
        lambda w: w[ORDER].get(out_trade_no="A1", params={"mchid": "1900000999"}),
        "400 PARAM_ERROR",
    ),
    "no order": (lambda w: w[ORDER].get(out_trade_no="A9", params={"mchid": MCHID}), "404 ORDER_NOT_EXIST"),
    "no order, v2": (lambda w: w.v2.pay.orderquery.post(xml=NUMBER | {"out_trade_no": "A9"}), "200 ORDERNOTEXIST"),
    "refund unpaid": (lambda w: w.v3.refund.domestic.refunds.post(json=refund(total=100)), "400 INVALID_REQUEST"),
    "refund unpaid, v2": (lambda w: w.v2.secapi.pay.refund.post(xml=refund_v2()), "200 INVALID_REQUEST"),
    "reverse": (lambda w: w.v2.secapi.pay.reverse.post(xml=NUMBER), "200 INVALID_REQUEST"),
    "no number, v2": (lambda w: w.v2.pay.orderquery.post(xml={"appid": "wx1"}), "200 PARAM_ERROR"),
}
CODES = {
    "0001": ("202 USERPAYING", "200 USERPAYING"),
    "0003": ("403 NOT_ENOUGH", "200 NOTENOUGH"),
    "0004": ("400 AUTH_CODE_EXPIRED", "200 AUTHCODEEXPIRE"),
    "0005": ("400 AUTH_CODE_INVALID", "200 AUTH_CODE_INVALID"),
    "0006": ("500 BANK_ERROR", "200 BANKERROR"),
}
PAID: dict[str, tuple[Call, str]] = {
    "again": (lambda w: w.v3.pay.transactions.native.post(json=order()), "400 ORDERPAID"),
    "close": (lambda w: w[f"{ORDER}/close"].post(out_trade_no="A1", json={"mchid": MCHID}), "400 ORDERPAID"),
    "close, v2": (lambda w: w.v2.pay.closeorder.post(xml=NUMBER), "200 ORDERPAID"),
    "refund of more": (
        lambda w: w.v3.refund.domestic.refunds.post(json=refund(amount=101, total=100)),
        "400 INVALID_REQUEST",
    ),
    "refund of another total": (
        lambda w: w.v3.refund.domestic.refunds.post(json=refund(total=101)),
        "400 PARAM_ERROR",
    ),
    "refund of another total, v2": (
        lambda w: w.v2.secapi.pay.refund.post(xml=refund_v2(total_fee=101)),
        "200 PARAM_ERROR",
    ),
    "no refund": (lambda w: w["v3/refund/domestic/refunds/R9"].get(), "404 RESOURCE_NOT_EXISTS"),
    "no refund, v2": (
        lambda w: w.v2.pay.refundquery.post(xml={"appid": "wx1", "out_refund_no": "R9"}),
        "200 REFUNDNOTEXIST",
    ),
}
OTHERS: dict[str, tuple[Call, str]] = {
    "transfer of other content": (lambda w: w[BASE].post(json=transfer(amount=101)), "400 ALREADY_EXISTS"),
    "transfer without a name": (lambda w: w[BASE].post(json=transfer("T2", 200_000)), "400 PARAM_ERROR"),
    "no transfer": (lambda w: w[f"{BASE}/out-bill-no/T9"].get(), "404 NOT_FOUND"),
    "cancelling a confirmed transfer": (lambda w: w[f"{BASE}/out-bill-no/T1/cancel"].post(), "400 INVALID_REQUEST"),
    "no service": (
        lambda w: w.v3.payscore.serviceorder.get(params=SCORE | {"out_order_no": "S9"}),
        "404 ORDER_NOT_EXIST",
    ),
    "no complaint": (lambda w: w["v3/merchant-service/complaints-v2/9"].get(), "404 RESOURCE_NOT_EXISTS"),
    "no application": (
        lambda w: w["v3/applyment4sub/applyment/business_code/B9"].get(),
        "404 RESOURCE_NOT_EXISTS",
    ),
    "bill of an empty day": (
        lambda w: w.v3.bill.tradebill.get(params={"bill_date": "2027-01-02"}),
        "400 NO_STATEMENT_EXIST",
    ),
    "bill of today": (
        lambda w: w.v3.bill.fundflowbill.get(params={"bill_date": "2027-01-15"}),
        "400 NO_STATEMENT_EXIST",
    ),
}


@pytest.fixture
async def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client that made an order, and a transfer that was confirmed."""
    client: Any = WeChatPay(**both.credentials(), transport=both, clock=clock)
    await client.v3.pay.transactions.native.post(json=order())
    await client[BASE].post(json=transfer())
    phone.confirm_transfer(both.world, "T1")
    return client


@pytest.mark.parametrize("situation", OPEN | OTHERS)
async def test_before_payment(wxpay: Any, situation: str) -> None:
    """What can't be done with an unpaid order, a transfer, or with what was never made."""
    call, code = (OPEN | OTHERS)[situation]
    assert await refused(call(wxpay)) == code


@pytest.mark.parametrize("situation", PAID)
async def test_after_payment(wxpay: Any, both: Emulator, situation: str) -> None:
    """What can't be done with a paid order."""
    both.pay("A1")
    call, code = PAID[situation]
    assert await refused(call(wxpay)) == code


@pytest.mark.parametrize("ending", CODES)
async def test_payment_codes(wxpay: Any, ending: str) -> None:
    """A payer's code that doesn't pay is refused by both protocols, each in its own spelling."""
    v3, v2 = CODES[ending]
    paid = code_order("M3", f"13000000000000{ending}")
    assert await refused(wxpay.v3.pay.transactions.codepay.post(json=paid, retry=False)) == v3
    assert await refused(wxpay.v2.pay.micropay.post(xml=micropay("M2", ending), retry=False)) == v2


async def test_a_closed_order(wxpay: Any) -> None:
    """It stays closed, and its number can't be used again."""
    for _ in range(2):
        await wxpay[f"{ORDER}/close"].post(out_trade_no="A1", json={"mchid": MCHID})
    assert await refused(wxpay.v3.pay.transactions.native.post(json=order())) == "400 ORDER_CLOSED"


async def test_a_refund_of_other_content(wxpay: Any, both: Emulator) -> None:
    """A refund's number is used once, in either protocol."""
    both.pay("A1")
    await wxpay.v3.refund.domestic.refunds.post(json=refund(amount=10, total=100))
    again = wxpay.v3.refund.domestic.refunds.post(json=refund(amount=11, total=100))
    assert await refused(again) == "400 RESOURCE_ALREADY_EXISTS"
    assert await refused(wxpay.v2.secapi.pay.refund.post(xml=refund_v2(refund_fee=10))) == "200 RESOURCEALREADYEXISTS"
