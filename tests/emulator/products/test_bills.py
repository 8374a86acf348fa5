"""Bills of a day, made of what happened on it."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order, refused
from tests.emulator.products.test_refunds import refund
from wechatpay_chain import APIError, WeChatPay, bills
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products.ledger import OPENING_BALANCE, fee

TODAY = "2027-01-15"


@pytest.fixture
async def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process, on the day after two payments and a refund."""
    client: Any = WeChatPay(**both.credentials(), transport=both, clock=clock)
    for number, total in (("A1", 1000), ("A2", 29)):
        await client.v3.pay.transactions.native.post(json=order(number, total))
        both.pay(number)
    await client.v3.refund.domestic.refunds.post(json=refund(amount=400, total=1000))
    both.advance(days=1)
    return client


async def read(wxpay: Any, answer: Any, folder: Path) -> Any:
    """The rows and the sums of a bill, downloaded and checked."""
    await wxpay.download(answer, to=folder / "bill.csv")
    with bills.read(folder / "bill.csv") as rows:
        return list(rows), rows.summary


@pytest.mark.parametrize("packed", [{}, {"tar_type": "GZIP"}])
async def test_trades(wxpay: Any, tmp_path: Path, packed: dict[str, str]) -> None:
    """Payments and refunds of the day in 27 columns, and sums that add up; packed or not."""
    answer = await wxpay.v3.bill.tradebill.get(params={"bill_date": TODAY, **packed})
    rows, sums = await read(wxpay, answer, tmp_path)
    assert [(row["商户订单号"], row["交易状态"], row["订单金额"]) for row in rows] == [
        ("A1", "SUCCESS", Decimal("10.00")),
        ("A2", "SUCCESS", Decimal("0.29")),
        ("A1", "REFUND", Decimal("0.00")),
    ]
    assert {len(row) for row in rows} == {27}
    assert (sums["总交易单数"], sums["订单总金额"], sums["退款总金额"]) == (3, Decimal("10.29"), Decimal("4.00"))
    content = (tmp_path / "bill.csv").read_bytes()
    assert answer.json()["hash_value"] == hashlib.sha1(content).hexdigest()


@pytest.mark.parametrize(("kind", "columns", "count"), [("SUCCESS", 20, 2), ("REFUND", 29, 1)])
async def test_kinds(wxpay: Any, tmp_path: Path, kind: str, columns: int, count: int) -> None:
    """Payments alone, and refunds alone, have columns of their own."""
    answer = await wxpay.v3.bill.tradebill.get(params={"bill_date": TODAY, "bill_type": kind})
    rows, _ = await read(wxpay, answer, tmp_path)
    assert (len(rows), {len(row) for row in rows}) == (count, {columns})


async def test_fund_flow(wxpay: Any, tmp_path: Path) -> None:
    """Every movement changes the balance by its amount, and the sums say how often and how much."""
    rows, sums = await read(wxpay, await wxpay.v3.bill.fundflowbill.get(params={"bill_date": TODAY}), tmp_path)
    assert [(row["业务类型"], row["收支金额(元)"]) for row in rows] == [
        ("交易", Decimal("10.00")),
        ("扣除交易手续费", Decimal("0.06")),
        ("交易", Decimal("0.29")),
        ("退款", Decimal("4.00")),
    ]
    assert rows[-1]["账户结余(元)"] == Decimal("1000000.00") + Decimal("10.29") - Decimal("4.06")
    assert (sums["收入笔数"], sums["支出金额"]) == (2, Decimal("4.06"))


async def test_days_without_a_bill(wxpay: Any, both: Emulator) -> None:
    """A day without trade has none, nor has one that isn't over until ten the next morning."""
    path = wxpay.v3.bill.tradebill
    assert await refused(path.get(params={"bill_date": "2027-01-14"})) == "400 NO_STATEMENT_EXIST"
    await wxpay.v3.pay.transactions.native.post(json=order("A3"))
    both.pay("A3")
    assert await refused(path.get(params={"bill_date": "2027-01-16"})) == "400 NO_STATEMENT_EXIST"
    assert await refused(path.get(params={"bill_date": "2027-01-18"})) == "400 PARAM_ERROR"
    both.advance(hours=18)
    assert (await path.get(params={"bill_date": "2027-01-16"})).status == 200


async def test_bills_of_apiv2(wxpay: Any) -> None:
    """The same bills come as the answer itself."""
    asked = {"appid": "wx1", "bill_date": "20270115", "bill_type": "ALL"}
    content = (await wxpay.v2.pay.downloadbill.post(xml=asked)).content
    with bills.read(content) as rows:
        assert len(list(rows)) == 3
    missing = wxpay.v2.pay.downloadbill.post(xml=asked | {"bill_date": "20270114"})
    assert "No Bill Exist" in await message(missing)


async def message(call: Any) -> str:
    """Why a call is refused."""
    with pytest.raises(APIError) as caught:
        await call
    return str(caught.value)


async def test_balances(wxpay: Any, both: Emulator) -> None:
    """An account has what was on it at first, and all that moved since; at the end of a day what moved until then."""
    fund = wxpay.v3.merchant.fund
    now = (await fund.balance._account_type_.get(account_type="BASIC")).json()
    assert now == {"available_amount": OPENING_BALANCE + 1000 + 29 - fee(1000) - fee(29) - 400, "pending_amount": 0}
    day_end = fund.dayendbalance._account_type_
    assert (await day_end.get(account_type="BASIC", params={"date": TODAY})).json() == now
    before = await day_end.get(account_type="BASIC", params={"date": "2027-01-14"})
    assert before.json()["available_amount"] == OPENING_BALANCE
    assert await refused(day_end.get(account_type="BASIC", params={"date": "2027-01-16"})) == "400 PARAM_ERROR"
    assert (await fund.balance._account_type_.get(account_type="FEES")).json()["available_amount"] == 0
