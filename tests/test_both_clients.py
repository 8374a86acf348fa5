"""What is written for `WeChatPay` serves `SyncWeChatPay` too, and blocks there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import (
    ConfigurationError,
    SyncWeChatPay,
    WeChatPay,
    bills,
    paginate,
    until_certain,
    wait_for_payment,
)
from wechatpay_chain.emulator import Call, Emulator, Refusal
from wechatpay_chain.policies.retry import RetryPolicy

COMPLAINTS = "v3/merchant-service/complaints-v2"
REFUND: Any = {"out_trade_no": "A1", "out_refund_no": "R1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}


@pytest.fixture
def sync(emulator: Emulator) -> Iterator[SyncWeChatPay]:
    """A blocking client that repeats nothing by itself."""
    with SyncWeChatPay(**emulator.credentials(), transport=emulator, retry=RetryPolicy(attempts=1)) as client:
        yield client


@pytest.fixture
def complaints(emulator: Emulator) -> list[int]:
    """Seven complaints, in pages; the offsets that were asked for."""
    asked: list[int] = []

    @emulator.on("GET", f"/{COMPLAINTS}")
    def page(call: Call) -> dict[str, Any]:
        offset, limit = int(call.query["offset"]), int(call.query["limit"])
        asked.append(offset)
        return {"data": [{"complaint_id": str(n)} for n in range(offset, min(7, offset + limit))], "total_count": 7}

    return asked


def test_paginate(sync: SyncWeChatPay, complaints: list[int]) -> None:
    """The items of all pages, to be looped over with a plain `for`; pages come as they are needed."""
    items = paginate(sync[COMPLAINTS], {"begin_date": "2026-01-01", "end_date": "2026-01-02"}, limit=3)
    assert next(items) == {"complaint_id": "0"}
    assert complaints == [0]
    assert [item["complaint_id"] for item in items] == list("123456")
    assert complaints == [0, 3, 6]


async def test_the_same_function_of_the_other_client(emulator: Emulator, complaints: list[int]) -> None:
    """With a chain of `WeChatPay` the same function is an asynchronous generator."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        items = paginate(wxpay[COMPLAINTS], {"begin_date": "2026-01-01", "end_date": "2026-01-02"}, limit=3)
        assert [item["complaint_id"] async for item in items] == list("0123456")
    assert complaints == [0, 3, 6]


def test_until_certain(sync: SyncWeChatPay, emulator: Emulator) -> None:
    """A refund whose outcome is open is repeated until it is known."""
    attempts: list[str] = []

    @emulator.on("POST", "/v3/refund/domestic/refunds")
    def refund(call: Call) -> dict[str, Any]:
        attempts.append(call.json["out_refund_no"])
        if len(attempts) == 1:
            raise Refusal(500, "SYSTEM_ERROR")
        return {"refund_id": "1", "out_refund_no": "R1", "status": "PROCESSING"}

    async def no_pause(_: float) -> None:
        pass

    answer = until_certain(sync.v3.refund.domestic.refunds, json=REFUND, sleep=no_pause)
    assert (answer.json()["refund_id"], attempts) == ("1", ["R1", "R1"])
    with pytest.raises(ConfigurationError, match="number"):
        until_certain(sync["v3/refund/domestic/refunds"], json={})


def test_wait_for_payment(sync: SyncWeChatPay, emulator: Emulator) -> None:
    """An order is queried until it is paid."""
    states = ["NOTPAY", "SUCCESS"]
    emulator.on("GET", "/v3/pay/transactions/out-trade-no/{out_trade_no}")(lambda _: {"trade_state": states.pop(0)})
    answer = wait_for_payment(sync, "A1", {"mchid": "1900000109"}, timeout=30, pauses=(0.001,))
    assert answer.json()["trade_state"] == "SUCCESS"


def test_bills(sync: SyncWeChatPay, tmp_path: Path) -> None:
    """A bill is applied for and downloaded."""
    path = bills.fetch(sync, "trade", date(2026, 1, 1), to=tmp_path / "bill.csv")
    assert path.read_bytes()


def test_what_users_write_themselves(sync: SyncWeChatPay, complaints: list[int]) -> None:
    """`run` and `iterate` do the same for functions of one's own."""
    days = {"begin_date": "2026-01-01", "end_date": "2026-01-02"}

    async def count(wxpay: WeChatPay) -> int:
        return len([item async for item in paginate(wxpay[COMPLAINTS], days)])

    assert sync.run(count) == 7
    assert len(list(sync.iterate(lambda wxpay: paginate(wxpay[COMPLAINTS], days)))) == 7
