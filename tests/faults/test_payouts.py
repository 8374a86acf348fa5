"""Transfers, refunds and red packets whose refusal leaves open whether money was paid, over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from wechatpay_chain import APIError, NotFound, WeChatPay, until_certain
from wechatpay_chain.cli.exits import Exit, exit_of
from wechatpay_chain.emulator import Emulator, Refusal
from wechatpay_chain.emulator.faults import Effect, Page, Refuse
from wechatpay_chain.policies.backoff import Backoff

TRANSFERS = "v3/fund-app/mch-transfer/transfer-bills"
TRANSFER: Any = {
    "appid": "wx8888888888888888",
    "out_bill_no": "T1",
    "openid": "o1",
    "transfer_amount": 100,
    "transfer_remark": "reward",
    "transfer_scene_id": "1000",
    "transfer_scene_report_infos": [{"info_type": "活动名称", "info_content": "x"}],
}
RED_PACKETS = "v2/mmpaymkttransfers/sendredpack"
RED_PACKET: Any = {
    "mch_billno": "H1",
    "wxappid": "wx8888888888888888",
    "send_name": "shop",
    "re_openid": "o1",
    "total_amount": 100,
    "total_num": 1,
    "wishing": "luck",
    "client_ip": "127.0.0.1",
    "act_name": "act",
    "remark": "x",
}
ORDERS = "v3/pay/transactions/native"
ORDER: Any = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "tea",
    "out_trade_no": "A1",
    "notify_url": "https://shop.example/notify",
    "amount": {"total": 100, "currency": "CNY"},
}
UNCLEAR: list[Effect] = [Refuse(403, "NEVER_HEARD_OF"), Refuse(400, "ALREADY_EXISTS"), Page(403), Page(404)]
CLEAR: list[Effect] = [Refuse(401, "SIGN_ERROR"), Refuse(400, "PARAM_ERROR"), Refuse(403, "NOT_ENOUGH")]


@pytest.fixture
async def wxpay(emulator: Emulator) -> AsyncIterator[WeChatPay]:
    """A client of the emulator on a port."""
    async with emulator.listen() as url, WeChatPay(**emulator.credentials(base_url=url)) as client:
        yield client


async def refused(call: Any) -> APIError:
    """The error that a call ends with."""
    with pytest.raises(APIError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize("retry", [None, True])
@pytest.mark.parametrize("effect", UNCLEAR, ids=str)
async def test_a_transfer_of_unknown_outcome(
    emulator: Emulator, wxpay: WeChatPay, effect: Effect, retry: bool | None
) -> None:
    """It is sent once, its error says to query and to keep the number; a query tells, and the number still works."""
    fault = emulator.faults.add(effect, operation="POST /v3/fund-app/*")
    error = await refused(wxpay[TRANSFERS].post(json=TRANSFER, retry=retry))
    assert (error.outcome, error.attempts, exit_of(error)) == ("unknown", 1, Exit.UNKNOWN)
    assert "a query tells" in str(error)
    assert "never with a new number" in str(error)
    query = wxpay[f"{TRANSFERS}/out-bill-no/{{out_bill_no}}"]
    with pytest.raises(NotFound) as missing:
        await query.get(out_bill_no="T1")
    assert (missing.value.code, missing.value.outcome) == ("NOT_FOUND", "rejected")
    emulator.faults.remove(fault.number)
    assert (await wxpay[TRANSFERS].post(json=TRANSFER)).json()["out_bill_no"] == "T1"


@pytest.mark.parametrize("effect", CLEAR, ids=str)
async def test_a_transfer_that_is_certainly_refused(emulator: Emulator, wxpay: WeChatPay, effect: Effect) -> None:
    """A code that says for certain that nothing was paid stays a refusal."""
    emulator.faults.add(effect, operation="POST /v3/fund-app/*")
    error = await refused(wxpay[TRANSFERS].post(json=TRANSFER))
    assert (error.outcome, exit_of(error)) == ("rejected", Exit.REFUSED)


async def test_a_transfer_under_a_number_that_was_used(wxpay: WeChatPay) -> None:
    """Other content under the number of a transfer that was made: that transfer is what counts, so it's no refusal."""
    await wxpay[TRANSFERS].post(json=TRANSFER)
    error = await refused(wxpay[TRANSFERS].post(json={**TRANSFER, "transfer_amount": 200}))
    assert (error.code, error.outcome) == ("ALREADY_EXISTS", "unknown")
    assert "query what it made" in str(error)


async def test_a_rule_of_the_test(emulator: Emulator, wxpay: WeChatPay) -> None:
    """A refusal by a function in the emulator counts as one by a fault; for an order the same one says no."""

    def refuse(call: object) -> None:
        raise Refusal(403, "NEVER_HEARD_OF", "新的错误码")

    for path in (TRANSFERS, ORDERS, "v3/refund/domestic/refunds"):
        emulator.on("POST", f"/{path}")(refuse)
    refund = {"out_trade_no": "A1", "out_refund_no": "R1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}
    assert (await refused(wxpay[TRANSFERS].post(json=TRANSFER))).outcome == "unknown"
    assert (await refused(wxpay["v3/refund/domestic/refunds"].post(json=refund))).outcome == "unknown"
    assert (await refused(wxpay[ORDERS].post(json=ORDER))).outcome == "rejected"


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (Refuse(403, "NEVER_HEARD_OF"), "unknown"),
        (Page(403), "unknown"),
        (Refuse(403, "NOT_ENOUGH"), "rejected"),
        (Refuse(400, "PARAM_ERROR", "更换了参数，但商户订单号未更换，请使用原单号原参数重试"), "unknown"),
    ],
    ids=str,
)
async def test_a_red_packet(emulator: Emulator, wxpay: WeChatPay, effect: Effect, outcome: str) -> None:
    """The same in APIv2."""
    emulator.faults.add(effect, operation="POST /v2/mmpaymkttransfers/*")
    error = await refused(wxpay[RED_PACKETS].post(xml=RED_PACKET))
    assert error.outcome == outcome


async def test_until_it_is_certain(emulator: Emulator, wxpay: WeChatPay) -> None:
    """The same transfer is sent again, under the same number, until it was taken, or is refused for certain."""
    soon = Backoff(0.01, 0.01, jitter=0)
    emulator.faults.add(Refuse(403, "NEVER_HEARD_OF"), operation="POST /v3/fund-app/*", times=2)
    made = await until_certain(wxpay[TRANSFERS], json=TRANSFER, backoff=soon)
    assert (made.json()["out_bill_no"], made.json()["state"]) == ("T1", "WAIT_USER_CONFIRM")
    emulator.faults.add(Refuse(403, "NOT_ENOUGH"), operation="POST /v3/fund-app/*")
    error = await refused(until_certain(wxpay[TRANSFERS], json={**TRANSFER, "out_bill_no": "T2"}, backoff=soon))
    assert (error.outcome, error.attempts) == ("rejected", 1)
