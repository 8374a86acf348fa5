"""`listen`, as a process."""

from __future__ import annotations

import http.server
import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cli.conftest import Run, Shop, environment, process
from tests.notifications import sender
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.notifications import saved


@contextmanager
def listening(shop: Shop, *arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command on a free port, and where it listens."""
    command = [sys.executable, "-m", "wechatpay_chain", "listen", "--port", "0", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=shop.folder,
        env=environment(shop, **variables),
    ) as running:
        try:
            assert running.stderr is not None
            yield running, running.stderr.readline().split("listening on ")[1].split(":", 2)[2].split(":")[0]
        finally:
            running.kill()


def send(port: str, message: sender.Message) -> int:
    """Send a notification as the platform does; the status of the reply."""
    headers, body = message
    request = urllib.request.Request(f"http://127.0.0.1:{port}/notify?a=1", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def notification(shop: Shop) -> sender.Message:
    """A genuine notification for the shop."""
    body = sender.Envelope(apiv3_key=shop.emulator.apiv3_key).body()
    (pair,) = shop.emulator.platform_keys
    return sender.sign(body, pair=pair), body


class _Shop(http.server.BaseHTTPRequestHandler):
    """A shop that verifies by itself what is forwarded to it."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, _Server)
        self.server.got.append((dict(self.headers.items()), body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    """Remembers what reached it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Shop)
        self.got: list[tuple[dict[str, str], bytes]] = []


@contextmanager
def served_shop() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A shop on a port, and what reached it."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/notify", server.got
        finally:
            server.shutdown()
            thread.join()


def test_shown_kept_and_forwarded(shop: Shop) -> None:
    """A notification is shown decrypted, kept as a file that verifies, and forwarded with a signature that holds."""
    headers, body = notification(shop)
    with (
        served_shop() as (url, got),
        listening(shop, "--forward", url, "--save", "kept", "--count", "2") as (running, port),
    ):
        assert send(port, (headers, body)) == 202, "the platform gets the shop's own answer"
        assert send(port, (headers, body + b" ")) == 202
        out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    first, second = map(json.loads, out.splitlines())
    assert (first["event_type"], first["resource"]["out_trade_no"]) == ("TRANSACTION.SUCCESS", "A1")
    assert "line ends around the body" in " ".join(second["causes"])
    (pair,) = shop.emulator.platform_keys
    webhook = sender.webhook(apiv3_key=shop.emulator.apiv3_key, certs={pair.serial: pair.public_pem})
    assert webhook.open(*got[0]).resource == sender.PAYMENT
    kept = saved.read(shop.folder / first["file"])
    assert webhook.open(kept.headers, kept.body).resource == sender.PAYMENT
    assert process(shop, "verify", first["file"]).code == 0
    assert process(shop, "verify", second["file"]).code == 1
    assert not [secret for secret in shop.secrets if secret in out + err]


def test_ctrl_c(shop: Shop) -> None:
    """Without a shop behind it, genuine ones are answered with success, others refused; Ctrl-C ends it with 0."""
    headers, body = notification(shop)
    with listening(shop) as (running, port):
        assert send(port, (headers, body)) in {200, 204}
        assert send(port, ({"Content-Type": "application/json"}, b"{}")) >= 400
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert (running.returncode, "Traceback" in err) == (0, False)


def test_without_keys(shop: Shop) -> None:
    """The setting that is missing is named as the command line calls it."""
    done = process(shop, "listen", "--port", "0", variables={"WECHATPAY_APIV3_KEY": "", "WECHATPAY_APIV2_KEY": ""})
    assert (done.code, "WECHATPAY_APIV3_KEY" in done.err) == (2, True)


def test_a_brand(shop: Shop) -> None:
    """The notifications of a brand alone are taken with its settings, and those of nobody else."""
    made = shop.emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    assert made.platform_key is not None
    brand = {
        "ID": "1004",
        "SERIAL": made.key.serial,
        "PRIVATE_KEY": made.key.private_pem,
        "PUBLIC_KEY_ID": made.platform_key.serial,
        "PUBLIC_KEY": made.platform_key.public_pem,
        "API_KEY": made.apiv3_key,
    }
    merchant = ("APIV3_KEY", "APIV2_KEY", "PUBLIC_KEY_ID", "PUBLIC_KEY")
    variables = {f"WECHATPAY_BRAND_{name}": value for name, value in brand.items()}
    with listening(shop, **variables, **{f"WECHATPAY_{name}": "" for name in merchant}) as (_, port):
        headers, body = shop.emulator.notification("PRODUCT_COUPON.SEND", mchid="1004")
        assert send(port, (dict(headers), body)) in {200, 204}
        assert send(port, notification(shop)) >= 400


@pytest.mark.parametrize("arguments", [["--forward", "shop"], ["--port", "-1"], ["--port", "none"]])
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    """Wrong use ends with 2."""
    assert run("listen", *arguments).code == 2
