"""What holds for every command: nothing secret, no colours where none are wanted, and a quick start."""

from __future__ import annotations

import argparse
import ast
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import wechatpay_chain
from tests.cli.conftest import ACCOUNT, APIV2_KEY, Done, Run, Shop, environment, process
from tests.cli.test_setting_up import portal_zip
from tests.notifications import sender
from tests.punishing import PUNISH
from wechatpay_chain.cli.program import COMMANDS, PROGRAM, parser_of
from wechatpay_chain.cli.terminal import cells

# Commands that serve until they are stopped, or that drive a server which somebody runs, have tests of their own.
SERVING = {"listen", "emulator", "demo", "pay", "trigger", "faults", "calls", "clock", "examine", "fault", "mcp"}


def every_command(shop: Shop) -> list[list[str]]:
    """Each command at least once, with what is secret in what it reads; right calls and wrong ones."""
    body = sender.Envelope(apiv3_key=shop.emulator.apiv3_key).body()
    (pair,) = shop.emulator.platform_keys
    headers = "".join(f"{name}: {value}\n" for name, value in sender.sign(body, pair=pair).items())
    (shop.folder / "headers").write_text(headers)
    (shop.folder / "body").write_bytes(body)
    (shop.folder / "orders.csv").write_text(
        f"out_request_no,mchid,bal_account_no,punish_scene\nM1,1900000109,{ACCOUNT},1\nM2,1900000109,{ACCOUNT},x\n"
    )
    (shop.folder / "key").write_text(shop.emulator.apiv3_key)
    portal_zip(shop.folder, shop.emulator.merchant_key)
    secret = ["out_request_no=M0", "mchid=1900000109", "bal_account_no=@account", "punish_scene:=1"]
    return [
        ["call", "post", PUNISH, *secret],
        ["call", "post", PUNISH, *secret, "--dry-run"],
        ["call", "post", PUNISH, *secret, "--curl"],
        ["call", "post", PUNISH, *secret, "--validate", "related=1"],
        ["call", "post", PUNISH.replace("punish", "punsh"), *secret],
        ["call", "post", PUNISH, *secret, "--base-url", "http://127.0.0.1:1", "--timeout", "1"],
        ["call", "post", PUNISH, *secret, "--private-key", "account"],
        ["call", "post", PUNISH, *secret, "--apiv3-key-file", "account"],
        ["call", "--xml", "post", "pay/orderquery", "out_trade_no=none"],
        ["search", "退款"],
        ["describe", PUNISH],
        ["doctor"],
        ["doctor", "--json", "--offline", "--apiv3-key-file", "account"],
        ["verify", "--headers", "headers", "--body", "body"],
        ["verify", "--headers", "headers", "--body", "key"],
        ["decrypt", "resource", "body", "--to", "plain"],
        ["decrypt", "field", "account"],
        ["encrypt", "--from", "account"],
        ["sign", "request", "POST", "/v3/a", "--body", "body"],
        ["pay-params", "jsapi", "--prepay-id", "wx1", "--appid", "wx1"],
        ["pay-params", "app-v2", "--prepay-id", "wx1", "--appid", "wx1"],
        ["certificates", "download", "--to", "certs"],
        ["bill", "trade", "2026-01-01"],
        ["batch", "run", "orders.csv", "--path", PUNISH],
        ["batch", "run", "orders.csv", "--path", PUNISH, "--dry-run"],
        ["batch", "status", "orders.csv.journal"],
        ["batch", "results", "orders.csv.journal"],
        ["inbox", "list", "--url", f"postgresql+psycopg://shop:{APIV2_KEY}@127.0.0.1:1/shop"],
        ["inbox", "show", "EV-1", "--url", f"nosuch://shop:{APIV2_KEY}@127.0.0.1/shop"],
        ["init", "--from-zip", "1900000109_20261126_cert.zip", "--to", "new", "--yes"],
        ["completion", "bash"],
        ["completion", "words", "wechatpay-chain call post v3/"],
    ]


def test_nothing_secret_in_any_output(run: Run, shop: Shop) -> None:
    """No command prints a key, an Authorization or a secret field in plain, whether it succeeds or fails."""
    commands = every_command(shop)
    assert {command[0] for command in commands} >= COMMANDS.keys() - SERVING
    for command in commands:
        done = run(*command)
        said = done.out + done.err
        assert "Traceback" not in said, command
        assert not [secret for secret in shop.secrets if secret in said], command
        assert "WECHATPAY2-SHA256-RSA2048 mchid" not in said or 'signature="…"' in said, command
        assert done.code in range(5), command


@pytest.mark.parametrize("command", COMMANDS)
def test_help(run: Run, command: str) -> None:
    """Every command explains itself."""
    done = run(command, "--help")
    assert (done.code, done.out.startswith(f"usage: wechatpay-chain {command}")) == (0, True)


def unexplained(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The arguments of a command, and of its parts, that have no help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                yield from unexplained(part)
        elif not action.help:
            yield f"{parser.prog}: {action.dest}"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_each_argument(command: str) -> None:
    """No argument of a command is listed without a word about it."""
    assert list(unexplained(parser_of(command, []))) == []


def in_a_terminal(shop: Shop, *arguments: str, **variables: str) -> str:
    """What a command writes into a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "wechatpay_chain", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=shop.folder,
        env=environment(shop, TERM="xterm", **variables),
    ) as running:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # the terminal's other side is closed: how Linux says that there is no more
        os.close(ours)
        running.wait(timeout=30)
    return shown.decode()


def test_colours(shop: Shop) -> None:
    """A terminal gets colours, unless NO_COLOR is set; 60 columns are kept to."""
    echo = ["call", "post", "v3/security/echo", "echo_message=退款"]
    assert "\x1b[36m" in in_a_terminal(shop, *echo)
    assert "\x1b[3" not in in_a_terminal(shop, *echo, NO_COLOR="1")
    shown = in_a_terminal(shop, "doctor", "--offline", NO_COLOR="1", COLUMNS="60")
    assert max(map(cells, shown.splitlines())) <= 60


def test_live_displays(shop: Shop) -> None:
    """In a terminal a batch shows its rate, limit and what is left while it runs, and a download its bytes."""
    rows = "".join(f"L{number},1900000109,{ACCOUNT},1\n" for number in range(40))
    (shop.folder / "live.csv").write_text(f"out_request_no,mchid,bal_account_no,punish_scene\n{rows}")
    shown = in_a_terminal(shop, "batch", "run", "live.csv", "--path", PUNISH, "--rate", "30/s", COLUMNS="100")
    assert "limit 30/s" in shown
    assert "waiting, " in shown
    assert "40  done" in shown
    shown = in_a_terminal(shop, "call", "get", "v3/bill/tradebill", "bill_date==2026-01-01", "--to", "bill.csv")
    assert "receiving bill.csv" in shown
    assert not [secret for secret in shop.secrets if secret in shown]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is full")
@pytest.mark.parametrize("arguments", [["search", "退款"], ["call", "get", "v3/security/echo", "--dry-run"]])
def test_a_full_disk(shop: Shop, arguments: list[str]) -> None:
    """Where the output can't be written, that is said in a line, and the program exits with 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wechatpay_chain", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
            cwd=shop.folder,
            env=environment(shop),
        )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "error: the output can't be written: No space left on device",
    )


def test_a_closed_pipe(shop: Shop) -> None:
    """A reader that goes away early ends a command without a traceback."""
    for arguments in (["search", "退款"], ["describe", PUNISH], ["doctor", "--offline"]):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            done = subprocess.run(
                [sys.executable, "-m", "wechatpay_chain", *arguments],
                stdout=pipe,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
                cwd=shop.folder,
                env=environment(shop),
            )
        assert (done.returncode, done.stderr) == (1, ""), arguments


@pytest.mark.parametrize(
    ("arguments", "without"),
    [
        (["--help"], {"aiohttp", "cryptography", "rich", "orjson", "asyncio"}),
        (["call", "--help"], {"aiohttp", "rich"}),
        (["listen", "--help"], {"aiohttp", "rich"}),
        (["trigger", "TRANSACTION.SUCCESS", "--url", "http://127.0.0.1:9"], {"aiohttp", "rich", "sqlite3"}),
        (["pay", "A1", "--url", "http://127.0.0.1:9"], {"aiohttp", "rich", "sqlite3"}),
        (["search", "退款"], {"aiohttp", "cryptography", "rich"}),
        (["describe", PUNISH], {"aiohttp", "cryptography", "rich"}),
        (["completion", "words", "wechatpay-chain call post v3/"], {"aiohttp", "rich"}),
        (["encrypt", "--from", "account"], {"aiohttp", "rich"}),
        (["verify", "--headers", "account", "--body", "account"], {"aiohttp", "rich"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_imports_are_lazy(shop: Shop, arguments: list[str], without: set[str]) -> None:
    """A command doesn't import what it doesn't need: aiohttp costs a fifth of a second."""
    program = (
        "import sys\nfrom wechatpay_chain.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=shop.folder,
        env=environment(shop),
    )
    imported = set(done.stderr.splitlines()[-1].split())
    assert not imported & without


def test_a_poor_code_page(shop: Shop) -> None:
    """A terminal whose code page lacks Chinese gets question marks, not a traceback."""
    done: Done = process(shop, "search", "退款", variables={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"})
    assert (done.code, "refunds" in done.out) == (0, True)


def texts_in(module: Path) -> Iterator[str]:
    """The texts of a module, with a word in place of what is filled in."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "FILLED" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_commands_that_are_named_are_taken() -> None:
    """A command that an error, a check or a docstring names is whole: it can be typed as it stands."""
    named = {
        command
        for module in Path(wechatpay_chain.__file__).parent.rglob("*.py")
        for text in texts_in(module)
        for command in re.findall(rf"`{PROGRAM} ([^`]+)`", text)
    }
    assert "certificates download --to FOLDER" in named
    for line in named:
        command, *words = shlex.split(line)
        parser_of(command, words).parse_args(words)  # its SystemExit names what it doesn't take
