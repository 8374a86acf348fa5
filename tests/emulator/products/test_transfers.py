"""Transfers to people and red packets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import refused
from wechatpay_chain import Secret, WeChatPay
from wechatpay_chain.emulator import Emulator, Refusal
from wechatpay_chain.emulator.products import phone
from wechatpay_chain.emulator.world.announcements import ANNOUNCEMENTS

BASE = "v3/fund-app/mch-transfer/transfer-bills"


def transfer(number: str = "T1", amount: int = 100, **members: Any) -> Any:
    """A complete payload of a transfer."""
    return {
        "appid": "wx1",
        "out_bill_no": number,
        "openid": "o1",
        "transfer_amount": amount,
        "transfer_remark": "reward",
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [{"info_type": "活动名称", "info_content": "x"}],
        "notify_url": "https://shop.example/transfer",
        **members,
    }


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


async def state(wxpay: Any, number: str = "T1") -> Any:
    """A transfer as a query tells it."""
    return (await wxpay[f"{BASE}/out-bill-no/{{out_bill_no}}"].get(out_bill_no=number)).json()["state"]


async def test_a_confirmed_transfer(wxpay: Any, both: Emulator) -> None:
    """It waits for who gets it, arrives, and is announced; both numbers find it."""
    made = (await wxpay[BASE].post(json=transfer())).json()
    assert made["state"] == "WAIT_USER_CONFIRM"
    assert made["package_info"]
    assert (await wxpay[BASE].post(json=transfer())).json() == made
    assert await refused(wxpay[BASE].post(json=transfer(amount=101))) == "400 ALREADY_EXISTS"
    phone.confirm_transfer(both.world, "T1")
    assert await state(wxpay) == "TRANSFERING"
    both.advance(seconds=5)
    path = wxpay[f"{BASE}/transfer-bill-no/{{transfer_bill_no}}"]
    found = (await path.get(transfer_bill_no=made["transfer_bill_no"])).json()
    assert (found["state"], found["transfer_amount"], found["mch_id"]) == ("SUCCESS", 100, both.mchid)
    (told,) = both.world.of(ANNOUNCEMENTS)
    assert (told.event_type, told.resource["state"]) == ("MCHTRANSFER.BILL.FINISHED", "SUCCESS")


async def test_transfers_that_end_otherwise(wxpay: Any, both: Emulator) -> None:
    """One is cancelled before it was confirmed, one forgotten for a day, one fails by wish."""
    for number in ("T1", "T2"):
        await wxpay[BASE].post(json=transfer(number))
    await wxpay[BASE].post(json=transfer("T3", transfer_remark="emulator:FAIL"))
    phone.confirm_transfer(both.world, "T3")
    cancel = wxpay[f"{BASE}/out-bill-no/{{out_bill_no}}/cancel"]
    assert (await cancel.post(out_bill_no="T1")).json()["state"] == "CANCELING"
    both.advance(seconds=5)
    assert [await state(wxpay, number) for number in ("T1", "T2", "T3")] == ["CANCELLED", "WAIT_USER_CONFIRM", "FAIL"]
    assert await refused(cancel.post(out_bill_no="T3")) == "400 INVALID_REQUEST"
    both.advance(days=1, seconds=5)
    assert await state(wxpay, "T2") == "FAIL"
    assert await refused(state(wxpay, "T9")) == "404 NOT_FOUND"


async def test_names(wxpay: Any) -> None:
    """The name is required from 2000 yuan on, not allowed under 0.30, and told encrypted for the merchant."""
    assert await refused(wxpay[BASE].post(json=transfer(amount=200_000))) == "400 PARAM_ERROR"
    assert await refused(wxpay[BASE].post(json=transfer(amount=29, user_name=Secret("王")))) == "400 PARAM_ERROR"
    await wxpay[BASE].post(json=transfer(amount=200_000, user_name="王"))
    found = await wxpay[f"{BASE}/out-bill-no/{{out_bill_no}}"].get(out_bill_no="T1")
    assert found.json()["user_name"] == "王"


async def test_transfers_of_apiv2(wxpay: Any) -> None:
    """They arrive at once, once a number, and share the numbers of APIv3."""
    asked = {"mch_appid": "wx1", "partner_trade_no": "T1", "openid": "o1", "check_name": "NO_CHECK", "amount": "30"}
    asked |= {"desc": "reward", "spbill_create_ip": "127.0.0.1"}
    send = wxpay.v2.mmpaymkttransfers.promotion.transfers
    made = (await send.post(xml=asked)).xml()
    assert (await send.post(xml=asked)).xml()["payment_no"] == made["payment_no"]
    found = (
        await wxpay.v2.mmpaymkttransfers.gettransferinfo.post(xml={"appid": "wx1", "partner_trade_no": "T1"})
    ).xml()
    assert (found["status"], found["payment_amount"]) == ("SUCCESS", "30")
    assert await state(wxpay) == "SUCCESS"
    assert await refused(wxpay[BASE].post(json=transfer())) == "400 ALREADY_EXISTS"


async def test_red_packets(wxpay: Any, both: Emulator) -> None:
    """One is opened, one comes back after a day."""
    for number in ("H1", "H2"):
        asked = {"mch_billno": number, "wxappid": "wx1", "send_name": "s", "re_openid": "o1", "total_amount": "100"}
        asked |= {"total_num": "1", "wishing": "w", "client_ip": "127.0.0.1", "act_name": "a", "remark": "r"}
        await wxpay.v2.mmpaymkttransfers.sendredpack.post(xml=asked)
    phone.open_red_packet(both.world, "H1")
    both.advance(days=2)
    query = wxpay.v2.mmpaymkttransfers.gethbinfo
    states = [
        (await query.post(xml={"mch_billno": number, "appid": "wx1", "bill_type": "MCHT"})).xml()["status"]
        for number in ("H1", "H2")
    ]
    assert states == ["RECEIVED", "REFUND"]


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (phone.confirm_transfer, "a transfer X1"),
        (phone.confirm_service, "a service order X1"),
        (phone.open_red_packet, "a red packet X1"),
    ],
)
def test_an_unknown_number(both: Emulator, act: Any, what: str) -> None:
    """The phone says that no merchant has a record of that number."""
    with pytest.raises(Refusal, match=f"no merchant has {what}"):
        act(both.world, "X1")


async def test_a_partner_transfers(wxpay: Any, both: Emulator) -> None:
    """A partner's transfer is its sub-merchant's: told so, found under that number only, and cancelled."""
    base = "v3/fund-app/mch-transfer/partner/transfer-bills"
    whose: Any = {"sub_mchid": "1900000201"}
    made = (await wxpay[base].post(json=transfer(**whose))).json()
    assert (made["sub_mchid"], bool(made["package_info"])) == ("1900000201", True)
    path = wxpay[f"{base}/out-bill-no/{{out_bill_no}}"]
    found = (await path.get(out_bill_no="T1", params=whose)).json()
    assert (found["mchid"], found["sub_mchid"], found["state"]) == (both.mchid, "1900000201", "WAIT_USER_CONFIRM")
    assert await refused(path.get(out_bill_no="T1", params={"sub_mchid": "1900000202"})) == "404 NOT_FOUND"
    assert await refused(wxpay[f"{BASE}/out-bill-no/{{out_bill_no}}"].get(out_bill_no="T1")) == "404 NOT_FOUND"
    cancel = wxpay[f"{base}/out-bill-no/{{out_bill_no}}/cancel"]
    assert (await cancel.post(out_bill_no="T1", json=whose)).json()["state"] == "CANCELING"
