"""The world on disk: kept, locked, and refused where it can't be trusted."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_combined_apiv2 import combined
from tests.emulator.products.test_coupons import Brand
from tests.emulator.products.test_ecommerce import RECEIVER
from tests.emulator.products.test_orders import order, order_v2, query, refused
from wechatpay_chain import ConfigurationError, WeChatPay
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.products.orders import ORDERS
from wechatpay_chain.emulator.world.state import FILE, State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that isn't there yet."""
    return tmp_path / "state"


def started(folder: Path, clock: Clock, pair: KeyPair | None = None, key: KeyPair | None = None) -> Emulator:
    """An emulator with its state in a folder."""
    return Emulator(state=folder, clock=clock, merchant_key=pair, platform_keys=[key] if key else None)


async def test_everything_is_there_again(
    folder: Path, clock: Clock, merchant_pair: KeyPair, platform_pair: KeyPair
) -> None:
    """Orders, keys and the time of the world survive."""
    first = started(folder, clock, merchant_pair, platform_pair)
    wxpay = WeChatPay(**first.credentials(), transport=first, clock=clock)
    await wxpay.v3.pay.transactions.native.post(json=order())
    first.advance(days=1)
    first.pay("A1")
    paid = await query(wxpay)
    first.close()
    second = started(folder, clock)
    assert second.merchant_key.serial == merchant_pair.serial
    assert [key.serial for key in second.platform_keys] == [platform_pair.serial]
    assert second.apiv3_key == first.apiv3_key
    again = WeChatPay(**second.credentials(), transport=second, clock=clock)
    assert await query(again) == paid
    assert second.world.now >= clock.now + 86400
    second.close()


async def test_each_kind_is_there_again(
    folder: Path, clock: Clock, merchant_pair: KeyPair, platform_pair: KeyPair
) -> None:
    """What brands, partners and platforms made survives as it was, and goes on where it stood."""
    first = started(folder, clock, merchant_pair, platform_pair)
    brand = Brand(first, clock, partner=False)
    await brand.wxpay[f"{brand.base}/notify-configs"].post(json={"notify_url": "https://shop.example/coupons"})
    await brand.create(mode="UPLOAD")
    place = {"product_coupon_id": brand.product, "stock_id": brand.stock}
    path = "product-coupons/{product_coupon_id}/stocks/{stock_id}/upload-coupon-codes"
    await brand.post(path, {"out_request_no": "L1", "code_list": ["K1", "K2"]}, **place)
    await brand.send("N1")
    await brand.step("confirm", "K1", "C1")
    wxpay: Any = brand.wxpay
    await wxpay.v2.pay.combinedorder.post(xml=combined(100, 200))
    await wxpay.v2.pay.unifiedorder.post(xml=order_v2(total=1000, profit_sharing="Y", sub_mch_id="1900000201"))
    transaction_id = first.pay("A1").transaction_id
    sharing, sub = wxpay.v3.ecommerce.profitsharing, {"sub_mchid": "1900000201"}
    await sharing.receivers.add.post(json=RECEIVER | {"relation_type": "SUPPLIER"})
    part = {"type": "MERCHANT_ID", "receiver_account": "1900000300", "amount": 200, "description": "share"}
    shared = {"transaction_id": transaction_id, "out_order_no": "S1", "receivers": [part], "finish": False}
    await sharing.orders.post(json=sub | shared)
    first.advance(seconds=5)
    back = {"out_order_no": "S1", "return_mchid": "1900000300", "out_return_no": "B1", "amount": 50}
    await sharing.returnorders.post(json=sub | back | {"description": "back"})
    refund = {"transaction_id": transaction_id, "out_refund_no": "R1", "amount": {"refund": 300, "total": 1000}}
    refund |= {"sp_appid": "wx1", "refund_account": "REFUND_SOURCE_PARTNER_ADVANCE"}
    made = (await wxpay.v3.ecommerce.refunds.apply.post(json=sub | refund)).json()
    first.advance(seconds=5)
    await wxpay.v3.ecommerce.refunds._refund_id_.returnAdvance.post(refund_id=made["refund_id"], json=sub)
    kept = {table.kind.name: [one.to_json() for one in table] for table in first.world.tables}
    first.close()
    second = started(folder, clock)
    assert {table.kind.name: [one.to_json() for one in table] for table in second.world.tables} == kept
    assert {name for name, records in kept.items() if records} >= {
        *("product_coupons", "coupon_stocks", "coupons", "coupon_configs", "coupon_requests"),
        *("combined_orders", "receivers", "sharings", "returns", "refunds", "repayments"),
    }
    brand.wxpay = WeChatPay(**second.credentials(), **second.credentials("1004"), transport=second, clock=clock)
    assert (await brand.step("use", "K1", "U1"))["coupon_state"] == "USED"
    second.close()


@pytest.mark.parametrize(("speed", "passed"), [(60.0, 600.0), (0.0, 0.0), (1.0, 10.0)])
def test_the_clock_runs_on(
    folder: Path, clock: Clock, merchant_pair: KeyPair, platform_pair: KeyPair, speed: float, passed: float
) -> None:
    """A clock that was moved and runs at another speed does so after a restart, as if nothing had been."""
    first = started(folder, clock, merchant_pair, platform_pair)
    first.advance(days=-3)
    first.run_at(speed)
    then = first.world.now
    first.close()
    clock.now += 10
    second = started(folder, clock)
    assert (second.world.clock.speed, second.world.now) == (speed, then + passed)
    second.close()


def test_a_reset_keeps_the_keys(folder: Path, clock: Clock, merchant_pair: KeyPair, platform_pair: KeyPair) -> None:
    """Who resets the world finds merchants and keys after a restart, and no records."""
    first = started(folder, clock, merchant_pair, platform_pair)
    first.add_order("A1", 1)
    first.reset()
    first.close()
    second = started(folder, clock)
    assert (second.merchant_key.serial, second.orders) == (merchant_pair.serial, [])
    assert [key.serial for key in second.platform_keys] == [platform_pair.serial]
    second.close()


async def test_what_was_due_happens(folder: Path, clock: Clock, merchant_pair: KeyPair, platform_pair: KeyPair) -> None:
    """An order whose time was over while nothing ran is closed at the first call."""
    first = started(folder, clock, merchant_pair, platform_pair)
    await WeChatPay(**first.credentials(), transport=first, clock=clock).v3.pay.transactions.native.post(json=order())
    first.close()
    clock.now += 8 * 86400
    second = started(folder, clock)
    wxpay = WeChatPay(**second.credentials(), transport=second, clock=clock)
    assert (await query(wxpay))["trade_state"] == "CLOSED"
    second.close()


def test_it_is_its_owners_alone(folder: Path) -> None:
    """Nobody else may read the folder, which holds keys."""
    State(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


def test_a_second_one_is_refused(folder: Path) -> None:
    """One emulator at a time has a folder."""
    first = State(folder)
    with pytest.raises(ConfigurationError, match="another emulator uses the folder"):
        State(folder)
    first.close()
    State(folder).close()


@pytest.mark.parametrize(
    "content", [b"no database, but long enough to be read as one" * 40, b"SQLite format 3\0" + b"x" * 4096]
)
def test_a_damaged_file(folder: Path, content: bytes) -> None:
    """A file that is no database is named, with what to do, and stays as it is."""
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"world\.sqlite is damaged"):
        State(folder)
    assert (folder / FILE).read_bytes() == content


@pytest.mark.parametrize(
    ("kind", "value"), [("orders", b"{"), ("orders", b"[]"), ("orders", b'{"mchid":"1"}'), ("dreams", b"{}")]
)
def test_a_damaged_record(folder: Path, clock: Clock, kind: str, value: bytes) -> None:
    """A record that isn't one, or of a kind that nobody knows, is damage too."""
    State(folder).close()
    connection = sqlite3.connect(folder / FILE)
    connection.execute("INSERT INTO records (kind, key, value) VALUES (?, 'k', ?)", (kind, value))
    connection.commit()
    connection.close()
    with pytest.raises(ConfigurationError, match="is damaged"):
        started(folder, clock)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("orders", {"made": []}),
        ("orders", {"made": None}),
        ("orders", {"due": "x"}),
        ("orders", {"history": [["a", "b"]]}),
        ("orders", {"mchid": 5}),
        ("orders", {"state": None}),
        ("orders", {"out_trade_no": [1]}),
        ("settings", {"value": {"keys": [[]]}}),
        ("settings", {"value": {"keys": [{"algorithm": "RSA", "private_key": 5, "certificate": 5}]}}),
    ],
)
def test_a_record_with_a_value_of_another_type(folder: Path, clock: Clock, kind: str, change: dict[str, Any]) -> None:
    """It is damage, told as such when the emulator starts."""
    emulator = started(folder, clock)
    emulator.add_order("A1", 1)
    emulator.close()
    connection = sqlite3.connect(folder / FILE)
    select = "SELECT key, value FROM records WHERE kind = ? ORDER BY sequence"
    key, value = connection.execute(select, (kind,)).fetchone()
    changed = json.dumps(json.loads(value) | change).encode()
    connection.execute("UPDATE records SET value = ? WHERE kind = ? AND key = ?", (changed, kind, key))
    connection.commit()
    connection.close()
    with pytest.raises(ConfigurationError, match="is damaged"):
        started(folder, clock)


def test_another_version(folder: Path) -> None:
    """A file of a later version is refused."""
    State(folder).close()
    connection = sqlite3.connect(folder / FILE)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(ConfigurationError, match="version 99"):
        State(folder)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file in the folder's place is named."""
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigurationError, match="can't be used"):
        State(tmp_path / "state")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    """A folder of somebody else is named."""
    folder.mkdir(mode=0o500)
    with pytest.raises(ConfigurationError, match="can't be used"):
        State(folder)


def test_memory_keeps_nothing(both: Emulator, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock)
    asyncio.run(make(wxpay))
    assert len(both.world.of(ORDERS)) == 1
    assert list(tmp_path.iterdir()) == []


async def make(wxpay: WeChatPay) -> None:
    """Make an order."""
    await wxpay.v3.pay.transactions.native.post(json=order())


async def test_a_disk_that_is_full(
    folder: Path, clock: Clock, merchant_pair: KeyPair, platform_pair: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be kept is refused and undone, for calls and for what falls due; it works again afterwards."""
    emulator = started(folder, clock, merchant_pair, platform_pair)
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator, clock=clock)
    await make(wxpay)

    def full(_self: State, _changes: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(State, "save", full)
        another = wxpay.v3.pay.transactions.native.post(json=order("A2"), retry=False)
        assert await refused(another) == "500 SYSTEM_ERROR"
        assert len(emulator.world.of(ORDERS)) == 1
        clock.now += 8 * 86400
        assert await refused(query(wxpay)) == "500 SYSTEM_ERROR"
    assert (await query(wxpay))["trade_state"] == "CLOSED"
    emulator.close()
