"""The generated kinds of notifications, at run time; what type checkers see of them is in tests/types."""

from __future__ import annotations

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
    assert len(KINDS) == len(catalogue.events()) == 118
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
