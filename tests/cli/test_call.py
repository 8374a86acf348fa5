"""`call`, end to end against a platform on a port."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time

import orjson
import pytest

from tests.cli.conftest import ACCOUNT, Run, Shop, environment, process
from tests.punishing import PUNISH
from wechatpay_chain.emulator import Refusal
from wechatpay_chain.emulator.faults import Refuse
from wechatpay_chain.emulator.platform.keys import KeyPair

QUERY = "v3/aggracct-bc/wb-channel/control-orders/{out_request_no}"


def punish(shop: Shop, number: str) -> list[str]:
    """The arguments of a call with a secret from a file."""
    account = f"bal_account_no=@{shop.folder / 'account'}"
    return ["call", "post", PUNISH, f"out_request_no={number}", "mchid=1900000109", account, "punish_scene:=1"]


def test_as_a_process(shop: Shop) -> None:
    """JSON goes to stdout, all else to stderr, and nothing of it is secret."""
    done = process(shop, *punish(shop, "C1"))
    assert done.code == 0, done.err
    assert orjson.loads(done.out)["out_request_no"] == "C1"
    assert "its signature holds" in done.err
    assert not [secret for secret in shop.secrets if secret in done.out + done.err]
    assert "\x1b" not in done.out + done.err


def test_placeholders(run: Run, shop: Shop) -> None:
    """A placeholder is an option, before or behind the items, or its value stands in the path."""
    assert run(*punish(shop, "C2")).code == 0
    for arguments in (
        [QUERY, "--out-request-no", "C2", "control_type==PUNISH", "mchid==1900000109"],
        [QUERY, "control_type==PUNISH", "--out-request-no=C2", "mchid==1900000109"],
        [QUERY.replace("{out_request_no}", "C2"), "control_type=PUNISH", "mchid=1900000109"],
        [QUERY.replace("{out_request_no}", "C2") + "?control_type=PUNISH", "mchid==1900000109"],
    ):
        done = run("call", "get", *arguments)
        assert done.code == 0, done.err
        assert orjson.loads(done.out)["punish_order"]["out_request_no"] == "C2"
    done = run("call", "get", QUERY, "mchid==1")
    assert done.code == 2
    assert "--out-request-no" in done.err
    assert run("call", "get", QUERY, "--transaction-id", "1").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a:=12345678901234567890123"], "json/a: an integer of more than 64 bits"),
        (["-j", '{"a": 12345678901234567890123}'], "json/a: an integer of more than 64 bits"),
        (["-j", '{"a": 1, "a": 2}'], "'a' is there twice"),
    ],
)
def test_nothing_goes_out_that_was_not_written(run: Run, arguments: list[str], said: str) -> None:
    """A number that JSON's readers would round, and a member given twice, are refused; neither is changed unseen."""
    done = run("call", "post", "v3/security/echo", *arguments)
    assert done.code == 2
    assert said in done.err


def test_json_from_everywhere(run: Run, shop: Shop) -> None:
    """The payload is given itself, from a file or from stdin, and items add to it."""
    (shop.folder / "order.json").write_text('{"echo_message": "a"}')
    assert (
        orjson.loads(run("call", "post", "v3/security/echo", "-j", '{"echo_message":"b"}').out)["echo_message"] == "b"
    )
    done = run("call", "post", "v3/security/echo", "-j", "@order.json", "echo_message=c")
    assert orjson.loads(done.out)["echo_message"] == "c"
    piped = process(shop, "call", "post", "v3/security/echo", "-j", "-", input='{"echo_message": "退款"}')
    assert orjson.loads(piped.out)["echo_message"] == "退款"
    assert run("call", "post", "v3/security/echo", "-j", "{").code == 2
    assert run("call", "post", "v3/security/echo", "-j", "@none").code == 2


def test_dry_run(run: Run, shop: Shop) -> None:
    """The URL, what is encrypted and the exact text to sign are shown; nothing is sent, and no secret is shown."""
    before = len(shop.emulator.calls)
    done = run(*punish(shop, "C3"), "--dry-run")
    assert (done.code, len(shop.emulator.calls)) == (0, before)
    for part in (f"POST {shop.base_url}/{PUNISH}", "bal_account_no: ****", "    POST\\n\n", f"    /{PUNISH}\\n\n"):
        assert part in done.out
    assert 'signature="…"' in done.out
    assert not [secret for secret in shop.secrets if secret in done.out + done.err]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl(run: Run, shop: Shop) -> None:
    """`--curl` prints commands that make the call with a fresh signature, and hold neither secret nor signature."""
    done = run(*punish(shop, "C4"), "--curl")
    assert done.code == 0
    assert not [secret for secret in (*shop.secrets, 'signature="') if secret in done.out]
    (shop.folder / "bin").mkdir()
    program = shop.folder / "bin" / "wechatpay-chain"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m wechatpay_chain "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{environment(shop)['PATH']}"
    called = subprocess.run(
        ["sh", "-e"],
        input=done.out,
        text=True,
        capture_output=True,
        cwd=shop.folder,
        env=environment(shop, PATH=path),
        timeout=60,
        check=False,
    )
    assert orjson.loads(called.stdout)["out_request_no"] == "C4", called.stderr


def test_a_secret_in_the_arguments_is_warned_of(run: Run, shop: Shop) -> None:
    """A secret field in plain arguments works and is warned of: the list of processes and the history hold it."""
    arguments = ["call", "post", PUNISH, "out_request_no=C5", "mchid=1900000109", "punish_scene:=1"]
    done = run(*arguments, f"bal_account_no={ACCOUNT}")
    assert done.code == 0
    assert "bal_account_no is secret" in done.err
    assert ACCOUNT not in done.out + done.err


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["amount[total]=29"], "warning: amount[total] is a number to the operation, and = gives a text"),
        (["amount=29"], "warning: amount is an object to the operation"),
        (["settle_info[profit_sharing]=true"], "warning: settle_info[profit_sharing] is true or false"),
        (["detail[goods_detail][][quantity]=1"], "Write detail[goods_detail][][quantity]:=..."),
        (["amount[total]:=29", "out_trade_no=1", "unknown=1", "attach=29"], ""),
        (["-j", '{"amount":{"total":"29"}}'], ""),
    ],
)
def test_a_text_in_the_place_of_a_number_is_warned_of(run: Run, items: list[str], said: str) -> None:
    """`=` gives a text, as HTTPie's does: where the operation takes something else, the other sign is named."""
    done = run("call", "post", "v3/pay/transactions/native", *items, "--dry-run")
    assert (done.code, said in done.err, "warning" in done.err) == (0, True, bool(said)), done.err


def test_refused(run: Run) -> None:
    """A refusal ends with 1: the platform's words on stdout, the error on stderr."""
    done = run("call", "get", QUERY, "--out-request-no", "none", "control_type==PUNISH", "mchid==1900000109")
    assert done.code == 1
    assert orjson.loads(done.out)["code"] == "RESOURCE_NOT_EXISTS"
    assert "404" in done.err


@pytest.mark.parametrize(("method", "code"), [("get", 3), ("post", 4)])
def test_an_answer_that_must_not_be_believed(run: Run, shop: Shop, method: str, code: int) -> None:
    """A wrong key for answers: a GET ends with 3, a POST, which may have taken effect, with 4."""
    shop.folder.joinpath("wechatpay_public_key.pem").write_text(KeyPair.wechatpay().public_pem)
    path = "v3/merchant/fund/balance/BASIC" if method == "get" else "v3/security/echo"
    done = run("call", method, path, "echo_message=1")
    assert done.code == code, done.err


def test_no_answer(run: Run) -> None:
    """A connection that can't be made ends with 3: nothing was sent."""
    done = run(
        "call", "post", "v3/security/echo", "echo_message=1", "--base-url", "http://127.0.0.1:1", "--timeout", "1"
    )
    assert (done.code, done.out) == (3, "")


def test_unknown_outcome(run: Run, shop: Shop) -> None:
    """A server's failure leaves a write unknown: 4, and the error says what to do."""

    def fail(call: object) -> None:
        raise Refusal(500, "SYSTEM_ERROR", "系统错误")

    shop.emulator.on("POST", "/v3/cli/fails")(fail)
    done = run("call", "post", "v3/cli/fails", "a=1", "--timeout", "2")
    assert done.code == 4
    assert "never with a new number" in done.err


def test_a_payout_refused_by_a_code_that_nobody_knows(run: Run, shop: Shop) -> None:
    """A transfer that is refused so may have been made: 4, and what to do; refused for certain, 1."""
    path = "v3/fund-app/mch-transfer/transfer-bills"
    shop.emulator.faults.add(Refuse(403, "NEVER_HEARD_OF"), operation=f"POST /{path}", times=1)
    done = run("call", "post", path, "out_bill_no=T1")
    assert done.code == 4
    assert "never with a new number" in done.err
    shop.emulator.faults.add(Refuse(403, "NOT_ENOUGH"), operation=f"POST /{path}", times=1)
    assert run("call", "post", path, "out_bill_no=T1").code == 1


def test_apiv2(run: Run) -> None:
    """`--xml` is a call of APIv2; its answer, a refusal too, is shown as JSON."""
    order = ["out_trade_no=V1", "body=茶", "total_fee=1", "spbill_create_ip=127.0.0.1", "trade_type=NATIVE"]
    order += ["notify_url=https://shop.example/notify", "product_id=1", "appid=wx8888888888888888"]
    done = run("call", "--xml", "post", "pay/unifiedorder", *order)
    assert done.code == 0, done.err
    assert orjson.loads(done.out)["code_url"]
    done = run("call", "post", "v2/pay/closeorder", "out_trade_no=none", "appid=wx8888888888888888")
    assert done.code == 1
    assert orjson.loads(done.out)["err_code"] == "ORDERNOTEXIST"


def test_files(run: Run, shop: Shop) -> None:
    """`--file` uploads, `--to` downloads what an answer holds or links."""
    (shop.folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    done = run("call", "post", "v3/merchant/media/upload", "--file", "a.png")
    assert (done.code, "media_id" in done.out) == (0, True), done.err
    target = shop.folder / "bill.csv"
    done = run("call", "get", "v3/bill/tradebill", "bill_date==2026-01-01", "--to", target)
    assert done.code == 0, done.err
    assert orjson.loads(done.out)["bytes"] == target.stat().st_size


@pytest.mark.parametrize(
    "arguments",
    [
        ["call"],
        ["call", "fetch", "v3/a"],
        ["call", "get", "v3/a", "word"],
        ["call", "post", "v3/a/../b"],
        ["call", "post", "v3/a", "--none"],
    ],
)
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    """Wrong use ends with 2 before anything is sent, with a reason and without a traceback."""
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("method", "path", "code"), [("get", "v3/merchant/fund/balance/BASIC", 1), ("post", "v3/security/echo", 4)]
)
def test_ctrl_c(shop: Shop, method: str, path: str, code: int) -> None:
    """Interrupted while it waits for the answer, a write ends with 4 and says what to do; a query with 1."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen(
            [sys.executable, "-m", "wechatpay_chain", "call", method, path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=shop.folder,
            env=environment(shop, WECHATPAY_BASE_URL=base_url),
        ) as running:
            connection, _ = silent.accept()
            with connection:
                connection.recv(65536)
                # Python doesn't notice a signal that comes in the instant before it waits for the network.
                time.sleep(0.2)
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (code, "")
    assert ("the outcome of the call is unknown" in err) == (method == "post")
    assert "Traceback" not in err
