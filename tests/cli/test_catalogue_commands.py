"""`search` and `describe`."""

from __future__ import annotations

import orjson
import pytest

from tests.cli.conftest import Run, Shop, process
from wechatpay_chain.cli.terminal import cells


def test_search_lists_operations_and_notifications(run: Run) -> None:
    """Operations come first, the mainland's in front, then notifications; a line each in a pipe."""
    done = run("search", "退款")
    lines = done.out.splitlines()
    assert lines[0].split() == ["POST", "/v3/refund/domestic/refunds", "申请退款"]
    assert any(line.startswith("NOTIFY") and "REFUND.SUCCESS" in line for line in lines)
    starts = {cells(line[: line.rindex("  ") + 2]) for line in lines}
    assert len(starts) == 1, "the names stand in one column"


def test_search_as_json(run: Run) -> None:
    """`--json` has the same for programs."""
    found = orjson.loads(run("search", "TransactionSuccess", "--json").out)
    assert {"id": "TRANSACTION.SUCCESS", "type": "TransactionSuccess"}.items() <= next(
        event for event in found["notifications"] if event["id"] == "TRANSACTION.SUCCESS"
    ).items()


@pytest.mark.parametrize("path", ["v3/refund/domestic/refunds", "v3/applyment4sub/applyment/", "TRANSACTION.SUCCESS"])
def test_describe_fits_the_terminal(shop: Shop, path: str) -> None:
    """At 60 columns nothing but the code to paste is wider, and pipes get no colours."""
    done = process(shop, "describe", path, variables={"COLUMNS": "60"})
    assert done.code == 0
    assert "\x1b" not in done.out
    wide = [line for line in done.out.splitlines() if cells(line) > 60]
    assert all(line.lstrip().startswith(("await", "sync", "from", "https:")) for line in wide), wide


def test_describe_an_operation(run: Run) -> None:
    """The official page, the six spellings, what is secret, limits, and the refusals are told."""
    out = run("describe", "v3/aggracct-bc/wb-channel/control-orders/recover").out
    for part in (
        "解除对微众台账的管控",
        "https://pay.weixin.qq.com/doc/",
        "await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json={...})",
        'await wxpay.chain("v3/aggracct-bc/wb-channel/control-orders/recover").post(json={...})',
        'sync["v3/aggracct-bc/wb-channel/control-orders/recover"].post(json={...})',
        "bal_account_no",
        "required, encrypted",
        "200 calls a minute",
        "429 RATELIMIT_EXCEEDED",
    ):
        assert part in out
    members = orjson.loads(run("describe", "v3/aggracct-bc/wb-channel/control-orders/recover", "--json").out)
    assert members[0]["secret"] == ["json.bal_account_no", "json.card_no"]
    assert len(members[0]["spellings"]) == 6


def test_what_the_client_fills_in(run: Run) -> None:
    """The header that names the platform's key is the client's business, and is said to be."""
    out = run("describe", "v3/applyment4sub/applyment/").out
    (line,) = (line for line in out.splitlines() if line.split()[:1] == ["Wechatpay-Serial"])
    assert line.split() == ["Wechatpay-Serial", "string", "filled", "in"]


def test_what_is_required_instead_of_another(run: Run) -> None:
    """A field that is required only where another isn't given is not called required without that."""
    out = run("describe", "hk/v3/refunds").out
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "sub_mchid string required unless mchid is given" in rows


@pytest.mark.parametrize("name", ["TRANSACTION.SUCCESS", "TRANSACTION_SUCCESS", "TransactionSuccess"])
def test_describe_a_notification(run: Run, name: str) -> None:
    """A notification is described by its event type, the constant of its kind, or the name of its type."""
    out = run("describe", name).out
    assert "@webhook.on(kinds.TRANSACTION_SUCCESS)" in out
    assert "types.notifications.TransactionSuccess" in out
    assert "trade_state" in out


def test_unknown(run: Run) -> None:
    """An unknown path ends with 1 and names the closest; so does a search that finds nothing."""
    done = run("describe", "v3/pay/transactions/natve")
    assert (done.code, done.out) == (1, "")
    assert "close to it: POST /v3/pay/transactions/native" in done.err
    assert run("search", "zebra").code == 1
