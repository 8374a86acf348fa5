"""`init` and `completion`."""

from __future__ import annotations

import os
import pty
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Shop, environment
from wechatpay_chain.cli.completing import candidates
from wechatpay_chain.emulator.platform.keys import KeyPair


def portal_zip(folder: Path, pair: KeyPair) -> Path:
    """What the certificate tool of the merchant portal makes."""
    path = folder / "1900000109_20261126_cert.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("apiclient_key.pem", pair.private_pem)
        archive.writestr("apiclient_cert.pem", pair.public_pem)
        archive.writestr("证书使用说明.txt", "…")
    return path


def test_from_the_portals_zip(run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, certificate and serial come from the zip; with the public key a call works, and files are private."""
    path = portal_zip(shop.folder, shop.emulator.merchant_key)
    (shop.folder / "apiv3").write_text(shop.emulator.apiv3_key)
    arguments = ["--mchid", "1900000109", "--public-key", "../wechatpay_public_key.pem", "--base-url", shop.base_url]
    arguments += ["--public-key-id", shop.variables["WECHATPAY_PUBLIC_KEY_ID"]]
    done = run("init", "--from-zip", path, "--to", "new", "--yes", *arguments)
    assert done.code == 0, done.err
    for name in ("wechatpay.toml", "apiclient_key.pem"):
        assert stat.S_IMODE((shop.folder / "new" / name).stat().st_mode) == 0o600
    for name in shop.variables:
        monkeypatch.delenv(name)
    monkeypatch.chdir(shop.folder / "new")
    done = run("call", "post", "v3/security/echo", "echo_message=1")
    assert done.code == 0, done.err
    assert run("init", "--yes", "--mchid", "1").code == 2, "nothing is overwritten"
    assert run("init", "--yes", "--mchid", "1900000208", "--profile", "other").code == 0
    assert run("doctor", "--offline", "--profile", "other").code == 0
    assert not [secret for secret in shop.secrets if secret in done.out + done.err]


def test_mistakes(run: Run, shop: Shop) -> None:
    """A zip that is none, or without the key, is refused, and no settings are written."""
    (shop.folder / "none.zip").write_text("no zip")
    assert run("init", "--from-zip", "none.zip", "--yes").code == 2
    with zipfile.ZipFile(shop.folder / "half.zip", "w") as archive:
        archive.writestr("apiclient_cert.pem", shop.emulator.merchant_key.public_pem)
    done = run("init", "--from-zip", "half.zip", "--yes")
    assert (done.code, "apiclient_key.pem" in done.err) == (2, True)
    assert run("init", "--yes").code == 2
    assert not (shop.folder / "wechatpay.toml").exists()


def test_questions(shop: Shop) -> None:
    """In a terminal what isn't given is asked for; a key isn't shown, and goes to a private file of its own."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wechatpay_chain", "init", "--to", "asked", "--mchid", "1900000109"]
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=shop.folder,
        env=environment(shop),
        start_new_session=True,
    ) as running:
        os.close(theirs)
        shown = b""
        answers = [
            (b"serial,", b"123"),
            (b"serial,", b"A" * 40),
            (b"private_key,", b"k.pem"),
            (b"private_key,", b"wechatpay_public_key.pem"),
            (b"private_key,", b"apiclient_key.pem"),
            (b"public_key_id,", b""),
            (b"public_key,", b""),
            (b"apiv3_key (", b"v" * 31),
            (b"apiv3_key (", b"v" * 32),
        ]
        for question, answer in answers:
            since = len(shown)
            while question not in shown[since:]:
                shown += os.read(ours, 1024)
            os.write(ours, answer + b"\n")
        running.wait(timeout=30)
        os.close(ours)
    assert running.returncode == 0
    assert b"v" * 32 not in shown
    assert 'apiv3_key_file = "apiv3_key"' in (shop.folder / "asked" / "wechatpay.toml").read_text()
    assert (shop.folder / "asked" / "apiv3_key").read_text().strip() == "v" * 32
    assert 'private_key = "../apiclient_key.pem"' in (shop.folder / "asked" / "wechatpay.toml").read_text()
    assert b"there is no file 'asked/k.pem'" in shown


def test_options_are_checked(run: Run, shop: Shop) -> None:
    """What can't be right is told, and written all the same; a path is written as it is seen from the settings."""
    done = run("init", "--yes", "--to", "new", "--serial", "12", "--private-key", "wechatpay_public_key.pem")
    assert done.code == 0
    assert done.err.count("warning: ") == 2
    assert 'private_key = "../wechatpay_public_key.pem"' in (shop.folder / "new" / "wechatpay.toml").read_text()
    done = run(
        "init", "--yes", "--to", "ids", "--mchid", "190000010X", "--public-key-id", "0114232134912410000000000000"
    )
    assert [line.split(":")[1].strip() for line in done.err.splitlines()[:2]] == ["mchid", "public_key_id"]
    done = run("init", "--yes", "--to", "right", "--private-key", "apiclient_key.pem", "--apiv3-key-file", "none")
    assert (done.code, done.err.count("warning: "), "'right/none' cannot be read" in done.err) == (0, 1, True)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("wechatpay-chain ba", "batch"),
        ("wechatpay-chain call ", "post"),
        ("wechatpay-chain call post v3/refund/dom", "v3/refund/domestic/refunds"),
        ("wechatpay-chain call get v3/refund/domestic/refunds/", "v3/refund/domestic/refunds/{out_refund_no}"),
        ("wechatpay-chain call post v3/refund/domestic/refunds amount[to", "amount[total]:="),
        ("wechatpay-chain call post v3/refund/domestic/refunds out_r", "out_refund_no="),
        ("wechatpay-chain call get v3/pay/transactions/id/{transaction_id} mc", "mchid=="),
        ("wechatpay-chain call get v3/pay/transactions/id/{transaction_id} --tr", "--transaction-id"),
        ("wechatpay-chain call post v3/refund/domestic/refunds --dry", "--dry-run"),
        ("wechatpay-chain describe TRANSACTION.S", "TRANSACTION.SUCCESS"),
        ("wechatpay-chain batch r", "run"),
        ("wechatpay-chain batch run --", "--journal"),
        ("wechatpay-chain batch run orders.csv --path v3/aggracct", "v3/aggracct-bc/wb-channel/control-orders/recover"),
    ],
)
def test_completion(line: str, word: str) -> None:
    """Commands, options, operations, placeholders and fields are completed from the catalogue."""
    assert word in candidates(line)


@pytest.mark.parametrize(
    "line", ["", "wechatpay-chain", "wechatpay-chain unknown x", "wechatpay-chain call 'open", "x y z"]
)
def test_nothing_to_complete(line: str) -> None:
    """Any line gives words or none, never an error."""
    assert isinstance(candidates(line), list)


def test_a_shell_that_parts_words() -> None:
    """A shell that takes `=` and `:` for the end of a word gets what stands behind the last of them."""
    assert candidates("wechatpay-chain call post v3/refund/domestic/refunds out_refund_n", "=:") == ["out_refund_no="]


NO_SETTINGS = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}
# What each shell does where somebody has typed "wechatpay-chain desc" and presses the tabulator.
COMPLETES = {
    "bash": "source ./script; COMP_LINE='wechatpay-chain desc'; COMP_POINT=${#COMP_LINE}; _wechatpay_chain 2>&1; "
    "echo ${COMPREPLY[@]}",
    # Outside of its line editor zsh has no `compadd`: one that prints what it is given stands in.
    "zsh": "compdef() { : }; compadd() { shift 4; print -r -- $@ }; source ./script; LBUFFER='wechatpay-chain desc'; "
    "_wechatpay_chain",
    "fish": "source ./script; complete --do-complete 'wechatpay-chain desc'",
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(run: Run, shop: Shop, shell: str) -> None:
    """The script of each shell is one that the shell understands; bash completes with it."""
    script = run("completion", shell).out
    assert "completion words" in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (shop.folder / "script").write_text(script)
    check = [program, "--no-execute" if shell == "fish" else "-n", "script"]
    assert subprocess.run(check, cwd=shop.folder, timeout=20, check=False).returncode == 0
    (shop.folder / "bin").mkdir()
    ours = shop.folder / "bin" / "wechatpay-chain"
    ours.write_text(f'#!/bin/sh\nexec {sys.executable} -m wechatpay_chain "$@"\n')
    ours.chmod(0o755)
    done = subprocess.run(
        [program, *NO_SETTINGS[shell], "-c", COMPLETES[shell]],
        capture_output=True,
        text=True,
        cwd=shop.folder,
        env=environment(shop, PATH=f"{ours.parent}:{os.environ['PATH']}", HOME=str(shop.folder)),
        timeout=30,
        check=False,
    )
    assert done.stdout.split() == ["describe"], done.stderr
