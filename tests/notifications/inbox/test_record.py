"""What people see of a stored message."""

from __future__ import annotations

from wechatpay_chain.notifications.inbox import masked


def test_persons_are_masked() -> None:
    """Numbers, times, states and amounts are shown; every other text, at any depth, is not."""
    resource = {
        "out_trade_no": "A1",
        "transaction_id": "42",
        "mchid": "1900000109",
        "trade_state": "SUCCESS",
        "success_time": "2026-11-23T10:00:00+08:00",
        "amount": {"total": 1, "currency": "CNY"},
        "payer": {"openid": "o-Ada"},
        "attach": "13800000000",
        "list": [{"name": "Ada", "phone": "1"}, "Ada"],
        "is_test": None,
    }
    shown = masked(resource)
    assert shown["amount"] == resource["amount"]
    assert {name for name, value in shown.items() if value == resource[name]} == {
        *("out_trade_no", "transaction_id", "mchid", "trade_state", "success_time", "amount", "is_test")
    }
    assert (shown["payer"], shown["attach"]) == ({"openid": "***"}, "***")
    assert shown["list"] == [{"name": "***", "phone": "***"}, "***"]
