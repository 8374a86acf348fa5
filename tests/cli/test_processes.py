"""The commands as processes: output, exit codes, and what other users of the machine see of them."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.cli.conftest import Shop, environment, process
from tests.notifications import sender
from wechatpay_chain import Response
from wechatpay_chain.cli.program import COMMANDS, parser_of
from wechatpay_chain.cli.terminal import cells
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Call

# What an option of such a name holds is a key, or text that must stay secret: a path to it is taken, never itself.
SECRET_NAMES = ("key", "secret", "password", "token")
PATHS = {"PATH", "FILE", "FOLDER", "ID"}


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["bill", "trade", "2026-01-01", "--to", "bill.csv"], 0, "总交易单数"),
        (["bill", "trade", "2099-01-01", "--to", "none.csv"], 1, ""),
        (["certificates", "list"], 2, ""),
        (["certificates", "download", "--to", "certs"], 1, ""),
        (["pay-params", "jsapi", "--prepay-id", "wx1", "--appid", "wx8888888888888888"], 0, '"paySign"'),
        (["pay-params", "native", "--code-url", "weixin://wxpay/bizpayurl?pr=1", "--qr"], 0, "█"),
        (["pay-params", "jsapi"], 2, ""),
        (["sign", "request", "POST", "/v3/pay/transactions/native", "--body", "account"], 0, "signature"),
        (["sign"], 2, ""),
        (["decrypt", "resource", "body"], 0, '"out_trade_no"'),
        (["decrypt", "resource", "saved.http"], 0, '"out_trade_no"'),
        (["decrypt", "field", "field"], 0, "张三"),
        (["decrypt", "field", "account"], 3, ""),
        (["encrypt", "--from", "account"], 0, '"ciphertext"'),
        (["describe", "v3/refund/domestic/refunds"], 0, "申请退款"),
        (["search", "no such thing at all"], 1, ""),
        (["nonsense"], 2, ""),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_output_and_exit_code(shop: Shop, arguments: list[str], code: int, expected: str) -> None:
    """In a pipe of 60 columns each command writes its result to stdout, plain, and all else to stderr."""
    body = sender.Envelope(apiv3_key=shop.emulator.apiv3_key).body()
    (shop.folder / "body").write_bytes(body)
    (shop.folder / "saved.http").write_bytes(b"POST /notify HTTP/1.1\r\nHost: shop.example\r\n\r\n" + body)
    public_key = shop.emulator.merchant_key.private_key.public_key()
    assert isinstance(public_key, RSAPublicKey)
    (shop.folder / "field").write_text(rsa.encrypt(public_key, "张三"))
    done = process(shop, *arguments, variables={"COLUMNS": "60", "LANG": "zh_CN.UTF-8"})
    assert done.code == code, done
    assert expected in done.out
    assert bool(done.err) or code == 0
    assert "\x1b[" not in done.out + done.err
    assert "Traceback" not in done.err
    if arguments[0] in {"describe", "search"}:  # calls to be pasted stay whole
        lines = [line for line in done.out.splitlines() if "wxpay" not in line and "sync" not in line]
        assert max(map(cells, lines), default=0) <= 60


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_takes_a_secret(command: str) -> None:
    """What is secret is read from a file, the environment, stdin or a prompt: arguments are seen by all, and kept."""

    def options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
        for action in parser._actions:
            yield action
            if action.nargs == argparse.PARSER:
                below = cast("dict[str, argparse.ArgumentParser]", action.choices)
                for inner in below.values():
                    yield from options(inner)

    for action in options(parser_of(command)):
        if action.option_strings and any(name in action.dest for name in SECRET_NAMES) and action.nargs != 0:
            assert action.metavar in PATHS, action


@contextmanager
def watched(shop: Shop, path: str) -> Iterator[list[str]]:
    """A path that notes the process list while its call is under way."""
    seen: list[str] = []

    @shop.emulator.on("POST", path)
    def answer(_call: Call) -> dict[str, Any]:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue  # the process ended meanwhile
        return {}

    yield seen


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_list(shop: Shop) -> None:
    """While a call is under way, no process shows a key, a secret field or an Authorization in its arguments."""
    with watched(shop, "/v3/process/list") as seen:
        done = process(shop, "call", "post", "v3/process/list", "name=@account")
    assert done.code == 0, done
    assert any("v3/process/list" in line for line in seen)
    assert not [secret for secret in [*shop.secrets, "WECHATPAY2-"] for line in seen if secret in line]


def test_status_while_it_runs_and_an_unknown_outcome(shop: Shop) -> None:
    """`batch status` says that the batch still runs; one whose calls may have taken effect ends with 4, status too."""
    arrived: list[str] = []
    asked = threading.Event()

    @shop.emulator.on("POST", "/v3/unknown/write")
    async def write(call: Call) -> Any:
        arrived.append(call.json["out_request_no"])
        if len(arrived) > 2:
            await asyncio.to_thread(asked.wait, 60)
        return Response(status=500, content=b'{"code":"SOMETHING_NEW","message":"?"}')

    rows = "".join(f"U{number},1\n" for number in range(4))
    (shop.folder / "unknown.csv").write_text(f"out_request_no,a\n{rows}")
    command = ["batch", "run", "unknown.csv", "--path", "v3/unknown/write", "--journal", "j", "--concurrency", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "wechatpay_chain", *command],
        cwd=shop.folder,
        env=environment(shop),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        for _ in range(600):
            if len(arrived) > 2:
                break
            time.sleep(0.05)
        status = process(shop, "batch", "status", "j", "--json")
        asked.set()
        out, err = running.communicate(timeout=60)
    assert (status.code, status.out) == (2, "")
    assert "in use by another batch" in status.err
    assert running.returncode == 4, (out, err)
    assert "4  of unknown outcome" in out
    status = process(shop, "batch", "status", "j", "--json")
    assert (status.code, json.loads(status.out)["unknown"]) == (4, 4)
    assert not [secret for secret in shop.secrets if secret in out + err]
