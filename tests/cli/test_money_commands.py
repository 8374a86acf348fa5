"""`bill`, `certificates` and `pay-params`."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import APIV2_KEY, Run, Shop
from wechatpay_chain.cli.tables import writer_for
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.keys import KeyPair
from wechatpay_chain.wire import v2

BILL = (
    "\ufeff交易时间,商户订单号,商品名称,订单金额,手续费\r\n"
    "`2026-11-26 10:00:00,`A1,`a, b,`0.29,`0.00200\r\n"
    "`2026-11-26 11:00:00,`A2,`茶,`10.00,`0.06000\r\n"
    "总交易单数,订单总金额,手续费总金额\r\n`2,`10.29,`0.06200\r\n"
)


@pytest.fixture
def bill(shop: Shop) -> Path:
    """A bill that was downloaded before."""
    path = shop.folder / "raw.csv"
    path.write_text(BILL, newline="")
    return path


def test_convert(run: Run, bill: Path) -> None:
    """A bill becomes a table without backticks, lines of JSON, or Parquet with exact amounts; its summary is shown."""
    done = run("bill", "read", bill, "--to", "clean.csv")
    assert done.code == 0, done.err
    assert "订单总金额" in done.out
    assert Path("clean.csv").read_text("utf-8-sig").splitlines()[1] == '2026-11-26 10:00:00,A1,"a, b",0.29,0.00200'
    assert run("bill", "read", bill, "--to", "b.jsonl").code == 0
    assert json.loads(Path("b.jsonl").read_text().splitlines()[1])["订单金额"] == "10.00"
    assert run("bill", "read", bill, "--to", "b.parquet").code == 0
    parquet: Any = import_module("pyarrow.parquet")  # it comes without types
    table = parquet.read_table("b.parquet")
    assert str(sum(table["订单金额"].to_pylist())) == "10.290000"
    assert json.loads(run("bill", "read", bill, "--json").out)["summary"]["总交易单数"] == "2"


@pytest.mark.parametrize(
    ("changed", "said"),
    [(("`10.29", "`10.30"), "订单总金额"), (("`2,`10.29", "`3,`10.29"), "the bill is not whole")],
)
def test_sums_that_differ(run: Run, bill: Path, changed: tuple[str, str], said: str) -> None:
    """A bill whose rows don't make its sums ends with 1 and says which."""
    bill.write_text(BILL.replace(*changed), newline="")
    done = run("bill", "read", bill)
    assert (done.code, said in done.err) == (1, True)


def test_a_doubtful_row(run: Run, bill: Path) -> None:
    """A row that can't be read without doubt is told with its line, the others are converted, and it ends with 1."""
    bill.write_text(BILL.replace("`0.29,", "`0.2x,", 1), newline="")
    done = run("bill", "read", bill, "--to", "clean.csv")
    assert (done.code, "line 2 was left out" in done.err, "1 row is in" in done.err) == (1, True, True)
    assert stat.S_IMODE(Path("clean.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_table_that_two_programs_write(tmp_path: Path, suffix: str) -> None:
    """Each writes a file of its own, and the last one that is whole stays."""
    table = tmp_path / f"bill.{suffix}"
    with writer_for(table) as write:
        write({"order": "first"})
        with writer_for(table) as other:
            other({"order": "second"})
        assert b"second" in table.read_bytes()
        write({"order": "third"})
    content = table.read_bytes()
    assert [word in content for word in (b"first", b"second", b"third")] == [True, False, True]
    assert [file.name for file in tmp_path.iterdir()] == [table.name]


def test_download(run: Run, shop: Shop) -> None:
    """A bill of a day is fetched and converted; what isn't a day is wrong use."""
    done = run("bill", "trade", "2026-01-01", "--to", "bill.csv", "--raw", "kept.csv")
    assert done.code == 0, done.err
    assert "总交易单数" in done.out
    assert "`" not in Path("bill.csv").read_text("utf-8-sig")
    assert "`" in Path("kept.csv").read_text("utf-8-sig")
    assert run("bill", "trade", "yesterday").code == 2
    assert run("bill", "read", "kept.csv", "--to", "bill.xlsx").code == 2
    assert run("bill", "read", "none.csv").code == 2


@pytest.fixture(scope="module")
def certified(merchant_pair: KeyPair) -> Iterator[tuple[Emulator, str]]:
    """A platform that still has certificates."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[KeyPair.certified()])
    with emulator.listen() as base_url:
        yield emulator, base_url


def test_certificates(run: Run, shop: Shop, certified: tuple[Emulator, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are downloaded with nothing but the APIv3 key, listed, and used from their folder."""
    emulator, base_url = certified
    for name in ("PUBLIC_KEY", "PUBLIC_KEY_ID"):
        monkeypatch.delenv(f"WECHATPAY_{name}")
    monkeypatch.setenv("WECHATPAY_APIV3_KEY", emulator.apiv3_key)
    monkeypatch.setenv("WECHATPAY_BASE_URL", base_url)
    done = run("certificates", "download", "--to", "certs")
    assert done.code == 0, done.err
    (platform,) = emulator.platform_keys
    assert done.out == f"certs/{platform.serial}.pem\n"
    listed = run("certificates", "list", "certs")
    assert (listed.code, platform.serial in listed.out) == (0, True)
    monkeypatch.setenv("WECHATPAY_CERTS", "certs")
    assert run("call", "post", "v3/security/echo", "echo_message=1").code == 0
    missing = run("certificates", "list", "none")
    assert (missing.code, "certificates download --to FOLDER" in missing.err) == (2, True)
    (shop.folder / "certs" / f"{'0' * 40}.pem").write_text(platform.public_pem)
    assert run("certificates", "list", "certs").code == 1


def test_a_certificate_under_another_serial(
    run: Run, shop: Shop, merchant_pair: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What isn't the certificate that the answer says isn't kept, and nobody is told to name it otherwise."""
    misnamed = replace(KeyPair.certified(), serial="A" * 40)
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[*shop.emulator.platform_keys, misnamed])
    monkeypatch.setenv("WECHATPAY_APIV3_KEY", emulator.apiv3_key)
    with emulator.listen() as base_url:
        monkeypatch.setenv("WECHATPAY_BASE_URL", base_url)
        done = run("certificates", "download", "--to", "certs")
    assert (done.code, "can't be used: a certificate with the serial" in done.err, "certs[" in done.err) == (
        3,
        True,
        False,
    )
    assert not (shop.folder / "certs").exists()


def test_no_certificates(run: Run) -> None:
    """A merchant without certificates is told to use the public key."""
    done = run("certificates", "download", "--to", "certs")
    assert (done.code, "WeChat Pay public key" in done.err) == (1, True)
    assert run("certificates", "download", "--to", "certs", "--every", "24").code == 2


def test_pay_params(run: Run, shop: Shop) -> None:
    """Parameters are signed with the key of their version."""
    public = shop.emulator.merchant_key.rsa_key.public_key()
    jsapi = json.loads(run("pay-params", "jsapi", "--prepay-id", "wx1", "--appid", "wxa").out)
    message = f"wxa\n{jsapi['timeStamp']}\n{jsapi['nonceStr']}\nprepay_id=wx1\n"
    rsa.verify(public, message.encode(), jsapi["paySign"])
    assert "appId" not in json.loads(run("pay-params", "mini-program", "--prepay-id", "wx1", "--appid", "wxa").out)
    app = json.loads(run("pay-params", "app", "--prepay-id", "wx1", "--appid", "wxa").out)
    rsa.verify(public, f"wxa\n{app['timestamp']}\n{app['noncestr']}\nwx1\n".encode(), app["sign"])
    old = json.loads(run("pay-params", "jsapi-v2", "--prepay-id", "wx1", "--appid", "wxa").out)
    assert old.pop("paySign") == v2.sign(old, APIV2_KEY, "MD5")
    assert "sign" in json.loads(run("pay-params", "app-v2", "--prepay-id", "wx1", "--appid", "wxa").out)
    assert json.loads(run("pay-params", "transfer", "--package-info", "p", "--appid", "wxa").out)["package"] == "p"
    code = run("pay-params", "native", "--code-url", "weixin://wxpay/bizpayurl?pr=1", "--qr").out
    assert max(map(len, code.splitlines())) > 20
    assert "weixin" in run("pay-params", "native", "--code-url", "weixin://wxpay/bizpayurl?pr=1").out
    assert run("pay-params", "jsapi", "--appid", "wxa").code == 2
