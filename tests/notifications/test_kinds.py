"""The generated kinds of notifications, at run time and for type checkers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notifications.sender import PAYMENT, notify, webhook
from tools.generate_events import generate
from wechatpay_chain import Notification, catalogue
from wechatpay_chain.notifications import Kind, kinds
from wechatpay_chain.types.notifications import TransactionSuccess

KINDS = {name: kind for name, kind in vars(kinds).items() if isinstance(kind, Kind)}


def test_generated_files_are_fresh() -> None:
    """The committed files are what the generator writes."""
    stale = [str(path) for path, text in generate().items() if path.read_text("utf-8") != text]
    assert not stale, "run python tools/generate_events.py"


def test_every_notification_is_a_kind() -> None:
    """Each notification of the catalogue has a kind, and no two kinds claim the same."""
    assert len(KINDS) == len(catalogue.events()) == 112
    pairs = [pair for kind in KINDS.values() for pair in kind.pairs]
    assert len(pairs) == len(set(pairs))


async def test_profit_sharing_is_no_payment() -> None:
    """`TRANSACTION.SUCCESS` of a profit sharing never reaches the handler of payments."""
    hook = webhook()
    called: list[str] = []

    @hook.on(kinds.TRANSACTION_SUCCESS)
    async def paid(notification: Notification[TransactionSuccess]) -> None:
        called.append("paid " + notification.resource["out_trade_no"])

    assert (await hook.dispatch(*notify(id="1", original_type="profitsharing"))).status == 501

    @hook.on(kinds.PROFITSHARING_SUCCESS)
    async def shared(notification: Notification[object]) -> None:
        called.append("shared")

    assert (await hook.dispatch(*notify(id="1", original_type="profitsharing"))).ok
    assert (await hook.dispatch(*notify(id="2"))).ok
    assert (await hook.dispatch(*notify(id="3", original_type=None))).ok
    assert called == ["shared", f"paid {PAYMENT['out_trade_no']}", f"paid {PAYMENT['out_trade_no']}"]


PROGRAM = """
from wechatpay_chain import Notification, Webhook
from wechatpay_chain.notifications import kinds
from wechatpay_chain.types.notifications import RefundSuccess, TransactionSuccess

webhook = Webhook.from_env()

@webhook.on(kinds.TRANSACTION_SUCCESS)
async def paid(notification: Notification[TransactionSuccess]) -> None:
    notification.resource["out_trade_no"]
    notification.resource["no_such_field"]  # line 11

@webhook.on(kinds.TRANSACTION_SUCCESS)
async def wrong(notification: Notification[RefundSuccess]) -> None:  # line 14
    ...
"""


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_types_are_checked(tmp_path: Path) -> None:
    """Type checkers know the fields of a kind's resource, and refuse a handler of another kind."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(program)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=Path(__file__).parents[2]
    )
    lines = sorted({int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error: " in line})
    assert lines in ([11, 13], [11, 14]), done.stdout + done.stderr
