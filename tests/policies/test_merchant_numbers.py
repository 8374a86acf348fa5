"""The merchant's own numbers."""

from __future__ import annotations

from uuid import UUID

import pytest

from wechatpay_chain.catalogue.facts import paths
from wechatpay_chain.catalogue.records import record
from wechatpay_chain.policies.merchant_numbers import MERCHANT_NUMBERS, ORDER_NUMBERS, merchant_number


@pytest.mark.parametrize("name", MERCHANT_NUMBERS)
def test_each_name_is_found(name: str) -> None:
    """A payload with one number is known by it."""
    assert merchant_number({name: "A1", "amount": 1}) == "A1"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"out_trade_no": "order", "out_refund_no": "refund"}, "refund"),
        ({"out_order_no": "order", "out_return_no": "return"}, "return"),
        ({"out_budget_no": "budget", "out_transfer_no": "transfer"}, "transfer"),
        ({"out_order_id": "order", "out_return_no": "return"}, "return"),
        ({"out_refund_no": "", "out_trade_no": "order"}, "order"),
        ({"out_request_no": 7}, "7"),
        ({"out_request_no": UUID(int=7)}, "00000000-0000-0000-0000-000000000007"),
        ({"out_request_no": True, "out_trade_no": "order"}, None),
        ({"out_request_no": 7.0}, None),
        ({"out_request_no": {"a": 1}}, None),
        ({"out_request_no": ["a"]}, None),
        ({"amount": 1}, None),
        ({}, None),
        (None, None),
        (["out_trade_no"], None),
    ],
)
def test_the_most_telling_number_counts(members: object, expected: str | None) -> None:
    """A refund is named by its own number, not by its order's; what is empty or no mapping holds none."""
    assert merchant_number(members) == expected


def test_every_payout_has_a_number() -> None:
    """What pays money out can be repeated until it is certain: its payload has a number, but for two of them.

    One is told by the refund that it belongs to; the other's number names a budget in queries of other things.
    """
    names = set(MERCHANT_NUMBERS) - ORDER_NUMBERS
    paying = [path for path, found in paths().items() if found.get("POST", {}).get("pays_out")]
    members = {path: record("POST", path)["params"] for path in paying}
    without = {
        path for path, params in members.items() if not names & {*params.get("json", {}), *params.get("xml", {})}
    }
    assert without == {
        "/v3/ecommerce/profitsharing/after-sales-orders",
        "/v3/fund-app/mch-transfer/partner/charity-budget",
    }


def test_an_order_does_not_name_its_refund() -> None:
    """Where the numbers of orders don't count, a refund without its own number has none."""
    assert merchant_number({"out_trade_no": "A1"}, but=ORDER_NUMBERS) is None
