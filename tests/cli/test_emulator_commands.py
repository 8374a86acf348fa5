"""`emulator`, and the commands that work on a running one, as processes and within this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.emulator.shop import open_shop
from wechatpay_chain import SyncWeChatPay
from wechatpay_chain.cli import main
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator import folder as folders


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[list[str]]:
    """An emulator as a process of its own; what it printed."""
    command = [sys.executable, "-W", "error", "-m", "wechatpay_chain", "emulator", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("settings in") or "--memory" in arguments:
                break
        if not lines and process.stderr is not None:
            pytest.fail(process.stderr.read())
        yield lines
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def settings_of(folder: Path) -> dict[str, str]:
    """The settings that an emulator wrote for its clients."""
    lines = (folder / folders.ENVIRONMENT).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_without_options(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No option is needed; keys and orders are there again at the next start; it is found through its folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / folders.DEFAULT
    with running(tmp_path):
        settings = (folder / folders.ENVIRONMENT).read_text()
        for name, value in (line.split("=", 1) for line in settings.splitlines()):
            monkeypatch.setenv(name, value)
        order = {"appid": "wx2421b1c4370ec43b", "mchid": "1900000109", "description": "x", "out_trade_no": "A1B2C3"}
        with SyncWeChatPay.from_env() as wxpay:
            link = wxpay["v3/pay/transactions/native"].post(
                json={**order, "notify_url": "https://shop.example/", "amount": {"total": 1}}
            )
        assert main(["pay", link.json()["code_url"], "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["state"] == "SUCCESS"
        assert main(["pay", "A1B2C3"]) == 1
        assert capfd.readouterr().err == "error: A1B2C3: 该订单已支付\n"
        assert main(["pay", "A1B2C3", "--complain", "cold", "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["detail"] == "cold"
        assert main(["pay", "A1B2C3", "--cancel"]) == 1
        capfd.readouterr()
        assert main(["calls"]) == 0
        assert "/v3/pay/transactions/native" in capfd.readouterr().out
    assert folder.stat().st_mode & 0o077 == 0
    assert main(["calls"]) == 2
    refusal = capfd.readouterr().err
    assert "no emulator runs" in refusal
    assert "--url" in refusal
    with running(tmp_path):
        kept = [line for line in (folder / folders.ENVIRONMENT).read_text().splitlines() if "BASE_URL" not in line]
        assert kept == [line for line in settings.splitlines() if "BASE_URL" not in line]
        assert main(["pay", "A1B2C3"]) == 1


def test_a_folder_in_use(tmp_path: Path) -> None:
    """A second emulator on the same folder is refused, and disturbs the first in nothing."""
    with running(tmp_path, "--folder", "here"):
        found = (tmp_path / "here" / "emulator.json").read_text()
        second = subprocess.run(
            [sys.executable, "-m", "wechatpay_chain", "emulator", "--folder", "here"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (second.returncode, "another emulator uses" in second.stderr) == (2, True)
        assert (tmp_path / "here" / "emulator.json").read_text() == found


def test_in_sm_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--sm` the settings are those of a merchant in SM mode, whose key is there again at the next start."""
    keys: list[str] = []
    for _ in range(2):
        with running(tmp_path, "--folder", "here", "--sm"):
            settings = (tmp_path / "here" / folders.ENVIRONMENT).read_text()
            for name, value in (line.split("=", 1) for line in settings.splitlines()):
                monkeypatch.setenv(name, value)
            keys.append((tmp_path / "here" / "apiclient_key.pem").read_text())
            with SyncWeChatPay.from_env() as wxpay:
                answer = wxpay["v3/security/echo"].post(json={"echo_message": "x", "encrypted_echo_message": "y"})
            assert answer.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SM2-WITH-SM3"
    assert keys[0] == keys[1]


def test_memory(tmp_path: Path) -> None:
    """With `--memory` nothing is written."""
    with running(tmp_path, "--memory"):
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - names, not paths


def test_on_a_running_one(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """Notifications are sent by hand, faults come and go, and calls are shown, on an emulator named by its URL."""

    def told(*arguments: str, code: int = 0) -> str:
        assert main([*arguments, "--url", base_url]) == code
        captured = capfd.readouterr()
        return captured.out or captured.err

    with open_shop() as shop, emulator.listen() as base_url:
        made = json.loads(told("trigger", "REFUND.SUCCESS", "--notify-url", shop.url, "-j", '{"out_refund_no": "R1"}'))
        assert made["resource"]["out_refund_no"] == "R1"
        emulator.wait_for_sync("REFUND.SUCCESS")
        assert "no notification" in told("trigger", "NO", "--notify-url", shop.url, code=2)
        fault = json.loads(told("faults", "refuse", "--status", "429", "--code", "RATE", "--share", "0.5"))
        assert (fault["number"], fault["share"]) == (1, 0.5)
        assert len(json.loads(told("faults"))) == 1
        assert "seconds" in told("faults", "delay", code=2)
        told("faults", "--remove", "1")
        assert "there is no fault 1" in told("faults", "--remove", "1", code=1)
        told("faults", "--clear")
        assert "effect" in told("faults", "--share", "0.5", code=2)
        with SyncWeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
            wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})
        assert "/v3/security/echo" in told("calls")
        assert json.loads(told("calls", "--json"))[0]["status"] == 200
        assert json.loads(told("calls", "1"))["request"]["target"] == "/v3/security/echo"
        assert "there is no call 7" in told("calls", "7", code=1)


def test_pay_says_what_a_person_wants(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """Number, state and yuan come first, where to pay what is unpaid, and what to do next; `--json` has all."""

    def told(*arguments: str) -> str:
        assert main(["pay", *arguments, "--url", base_url]) == 0
        return capfd.readouterr().out

    with emulator.listen() as base_url:
        emulator.add_order("T 1", 2905, description="茶", notify_url="https://shop.example/n")
        emulator.add_order("T2", 700, currency="JPY")
        left, paid = told("T2", "--cancel"), told("T 1")
        complaint = told("T 1", "--complain", "it is cold")
        whole = json.loads(told("T2", "--json"))
    assert left.startswith("T2: NOTPAY\n")
    assert "700 JPY" in left
    assert f"{base_url}/_emulator/pay/" in left
    assert f"wechatpay-chain pay T2 --url {base_url}\n" in left
    assert paid.startswith("T 1: SUCCESS\n")
    for fact in ("29.05 yuan", "茶", "transaction_id", "https://shop.example/n", f"{base_url}/_emulator/"):
        assert fact in paid
    assert "out_trade_no='T 1' out_refund_no='T 1'-R1 'amount[refund]:=2905'" in paid
    assert len(paid.splitlines()) < 14
    assert complaint.splitlines()[0].endswith(": PENDING")
    assert "it is cold" in complaint
    assert (whole["state"], whole["total"]) == ("SUCCESS", 700)


def test_pay_of_what_is_no_order(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """A transfer, a service order and a red packet are shown by their own numbers."""
    with emulator.listen() as base_url, SyncWeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        wxpay["v3/fund-app/mch-transfer/transfer-bills"].post(
            json={
                "appid": "wx2421b1c4370ec43b", "out_bill_no": "1330000071", "transfer_scene_id": "1000",
                "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "transfer_amount": 100, "transfer_remark": "x",
                "transfer_scene_report_infos": [{"info_type": "活动名称", "info_content": "x"}],
            }
        )  # fmt: skip
        assert main(["pay", "1330000071", "--confirm", "--url", base_url]) == 0
    told = capfd.readouterr().out
    assert told.startswith("1330000071: ")
    assert "1.00 yuan" in told
    assert "transfer_bill_no" in told


def test_the_clock_is_moved(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """`clock` shows the world's time, moves it, sets it and changes its speed; what is no time is named."""

    def told(*arguments: str, code: int = 0) -> str:
        assert main(["clock", *arguments, "--url", base_url]) == code
        captured = capfd.readouterr()
        return captured.out or captured.err

    with emulator.listen() as base_url:
        assert json.loads(told("--speed", "0", "--json"))["speed"] == 0
        before = emulator.world.now
        assert "in Beijing" in told()
        assert json.loads(told("--advance", "26h", "--json"))["time"] == pytest.approx(before + 26 * 3600)
        assert "1 day, 2:0" in told()
        assert told("--to", "2026-12-01 09:00").startswith("2026-12-01 09:00:00 in Beijing\n")
        assert told("--to", "2026-12-01T09:00+00:00").startswith("2026-12-01 17:00:00 in Beijing\n")
        assert "--advance" in told("--advance", "soon", code=2)
        assert "--to" in told("--to", "tomorrow", code=2)
        assert "speed" in told("--speed", "-1", code=2)


def test_without_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--no-limits` no call is refused for its rate: 201 control orders in a moment."""
    with running(tmp_path, "--no-limits"):
        for name, value in settings_of(tmp_path / folders.DEFAULT).items():
            monkeypatch.setenv(name, value)
        with SyncWeChatPay.from_env(rate_limits=None) as wxpay:
            order = {"mchid": "1900000109", "bal_account_no": "6222", "punish_scene": 1}
            for number in range(201):
                wxpay["v3/aggracct-bc/wb-channel/control-orders/punish"].post(
                    json={"out_request_no": f"L{number}", **order}
                )


def test_nobody_there(capfd: pytest.CaptureFixture[str]) -> None:
    """Where no emulator answers, it says so."""
    assert main(["calls", "--url", "http://127.0.0.1:9"]) == 2
    assert "nothing that is one answers" in capfd.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1", "ftp://127.0.0.1", "http://", "x"])
def test_what_is_no_url(capfd: pytest.CaptureFixture[str], url: str) -> None:
    """A URL that names no emulator is wrong use, told in a line."""
    assert main(["calls", "--url", url]) == 2
    assert capfd.readouterr().err.startswith(f"error: --url: '{url}' was found.")


def test_a_number_that_cannot_be_sent(capfd: pytest.CaptureFixture[str]) -> None:
    """A number of more than 64 bits is wrong use, told in a line."""
    assert main(["trigger", "TRANSACTION.SUCCESS", "--times", "1" + "0" * 30, "--url", "http://127.0.0.1:9"]) == 2
    assert capfd.readouterr().err.startswith("error: body: a value can't be sent")


def test_wrong_options(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Options that make no sense are named before anything is written."""
    monkeypatch.chdir(tmp_path)
    assert main(["emulator", "--notify", "shop.example"]) == 2
    assert main(["emulator", "--speed", "-1"]) == 2
    assert main(["emulator", "--memory", "--folder", "x"]) == 2
    assert list(tmp_path.iterdir()) == []
