"""Orders and refunds of overseas merchants, through an institution, by the newer and the older paths."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import refused
from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator

SP, SUB = "1900000109", "1900000201"
# The older paths are deprecated, which calls say.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated; use:wechatpay_chain.WeChatPayWarning")
PARTIES: Any = {"sp_mchid": SP, "sub_mchid": SUB}
BASES = {"v3/global": "micropay/transactions", "hk/v3": "transactions"}


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client of the institution."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


def order(number: str = "A1", **members: Any) -> Any:
    """A complete order of an institution, in Hong Kong dollars."""
    return {
        **PARTIES,
        "sp_appid": "wx1",
        "description": "tea",
        "out_trade_no": number,
        "merchant_category_code": "5812",
        "trade_type": "NATIVE",
        "notify_url": "https://shop.example/notify",
        "amount": {"total": 1000, "currency": "HKD"},
        **members,
    }


@pytest.mark.parametrize("base", BASES)
async def test_a_life(wxpay: Any, both: Emulator, base: str) -> None:
    """An order is made, paid, queried by both numbers and refunded in parts; its currency is its own throughout."""
    orders = f"{base}/transactions"
    assert "code_url" in (await wxpay[f"{orders}/native"].post(json=order())).json()
    by_number = wxpay[f"{orders}/out-trade-no/{{out_trade_no}}"]
    unpaid = (await by_number.get(out_trade_no="A1", params=PARTIES)).json()
    assert (unpaid["trade_state"], "id" in unpaid) == ("NOTPAY", False)
    both.pay("A1")
    paid = (await by_number.get(out_trade_no="A1", params=PARTIES)).json()
    assert (paid["trade_state"], paid["amount"]["currency"], "transaction_id" in paid) == ("SUCCESS", "HKD", False)
    by_id = wxpay[f"{orders}/id/{{transaction_id}}"]
    assert (await by_id.get(transaction_id=paid["id"], params=PARTIES)).json() == paid
    refund: Any = {**PARTIES, "sp_appid": "wx1", "out_trade_no": "A1", "out_refund_no": "R1"}
    refund |= {"amount": {"refund": 400, "total": 1000, "currency": "HKD"}}
    made = (await wxpay[f"{base}/refunds"].post(json=refund)).json()
    assert (await wxpay[f"{base}/refunds"].post(json=refund)).json()["id"] == made["id"]
    more = refund | {"out_refund_no": "R2", "amount": {"refund": 700, "total": 1000, "currency": "HKD"}}
    assert await refused(wxpay[f"{base}/refunds"].post(json=more)) == "400 INVALID_REQUEST"
    both.advance(seconds=2)
    for path, number in (("id/{refund_id}", made["id"]), ("out-refund-no/{out_refund_no}", "R1")):
        name = path[path.index("{") + 1 : -1]
        found = (await wxpay[f"{base}/refunds/{path}"].get(**{name: number}, params=PARTIES)).json()
        assert (found["status"], found["amount"]["refund"]) == ("SUCCESS", 400)
    query = {**PARTIES, "out_trade_no": "A1", "offset": 0, "count": 10}
    listed = (await wxpay[f"{base}/refunds"].get(params=query)).json()
    assert ([one["out_refund_no"] for one in listed["data"]], listed["total_num"]) == (["R1"], 1)


async def test_other_parties(wxpay: Any) -> None:
    """Another sub-merchant has no such order, and another institution's number is refused."""
    await wxpay["v3/global/transactions/native"].post(json=order())
    path = wxpay["v3/global/transactions/out-trade-no/{out_trade_no}"]
    other = path.get(out_trade_no="A1", params=PARTIES | {"sub_mchid": "1900000202"})
    assert await refused(other) == "404 ORDER_NOT_EXIST"
    stranger = path.get(out_trade_no="A1", params=PARTIES | {"sp_mchid": "1900000110"})
    assert await refused(stranger) == "400 PARAM_ERROR"


@pytest.mark.parametrize(("base", "codes"), BASES.items())
async def test_code_payments(wxpay: Any, both: Emulator, base: str, codes: str) -> None:
    """A code payment is reversed on the day that it was paid on, later not; an unpaid order is closed."""
    way = "pay" if base == "v3/global" else "micropay"
    for number in ("A1", "A2"):
        asked = order(number, payer={"auth_code": "130000000000000000"}, trade_type="MICROPAY")
        del asked["notify_url"]
        paid = (await wxpay[f"{base}/{codes}/{way}"].post(json=asked)).json()
        assert (paid["trade_state"], paid["trade_type"]) == ("SUCCESS", "MICROPAY")
    reverse = wxpay[f"{base}/{codes}/out-trade-no/{{out_trade_no}}/reverse"]
    await reverse.post(out_trade_no="A1", json=PARTIES)
    both.advance(days=1)
    assert await refused(reverse.post(out_trade_no="A2", json=PARTIES)) == "403 REVERSE_EXPIRE"
    states = {one.out_trade_no: one.state for one in both.orders}
    assert states == {"A1": "REVOKED", "A2": "SUCCESS"}
    await wxpay[f"{base}/transactions/native"].post(json=order("A3"))
    await wxpay[f"{base}/transactions/out-trade-no/{{out_trade_no}}/close"].post(out_trade_no="A3", json=PARTIES)
    assert both.orders[-1].state == "CLOSED"


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("params", [{"count": 101}, {"count": "9" * 5000}, {"offset": -1}, {"offset": "9" * 5000}])
async def test_pages_of_refunds_that_there_are_not(wxpay: Any, base: str, params: dict[str, Any]) -> None:
    """A page outside of the limits is refused as the platform does, a number of any length, too."""
    await wxpay[f"{base}/transactions/native"].post(json=order())
    named = {**PARTIES, "out_trade_no": "A1", "offset": 0, "count": 100}
    assert await refused(wxpay[f"{base}/refunds"].get(params=named | params)) == "400 PARAM_ERROR"
    assert (await wxpay[f"{base}/refunds"].get(params=named)).json()["total_num"] == 0
