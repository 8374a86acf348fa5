"""`notify_url` and `out_trade_no` of a body, checked by rules that refusals of the platform have shown."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain.emulator import Refusal
from wechatpay_chain.emulator.platform import text_rules


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/notify",
        "http://127.0.0.1:8000/notify",
        "https://shop.example",
        "https://user:word@shop.example:8443/a/b;c=1",
        "https://商店.example/通知",
    ],
)
def test_addresses(url: str) -> None:
    """Addresses with http or https are taken, with a port, a user, a path or without."""
    text_rules.check({"notify_url": url})


@pytest.mark.parametrize(
    "url",
    ["", "x", "shop.example/notify", "ftp://shop.example/", " https://shop.example/", "https://shop.example/?a=1",
     "https://shop.example/#a", "https:///notify", "https://shop.example/a b", "https://shop.example/\n"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["", "/sub_orders/1"])
def test_addresses_that_are_refused(url: str, place: str) -> None:
    """What is no URL, or has a query, a fragment or blanks, is named by its pointer."""
    bad = {"notify_url": url}
    with pytest.raises(Refusal, match="PARAM_ERROR") as refused:
        text_rules.check({"sub_orders": [{}, bad]} if place else bad)
    assert refused.value.detail["field"] == f"{place}/notify_url"


@pytest.mark.parametrize("number", ["A1", "a" * 32, "0_-|*z"])
def test_numbers(number: str) -> None:
    """Up to 32 digits, letters and the four signs are taken."""
    text_rules.check({"out_trade_no": number})


@pytest.mark.parametrize("number", ["", "a" * 33, "订单", "单" * 11, "a b", "a/b", "a@b", "\uff11\uff12", "A1\n"])
@pytest.mark.parametrize("place", ["", "/sub_orders/1"])
def test_numbers_that_are_refused(number: str, place: str) -> None:
    """Longer ones, counted in bytes, and others' characters are named by their pointer."""
    bad = {"out_trade_no": number}
    with pytest.raises(Refusal, match="PARAM_ERROR") as refused:
        text_rules.check({"sub_orders": [{}, bad]} if place else bad)
    assert refused.value.detail["field"] == f"{place}/out_trade_no"


@pytest.mark.parametrize("body", [None, [], "text", {"sub_orders": None}, {"sub_orders": ["x"]}, {"notify_url": 5}])
def test_other_shapes(body: Any) -> None:
    """What isn't of the shape at all is for the catalogue to refuse."""
    text_rules.check(body)
