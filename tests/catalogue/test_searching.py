"""Finding an operation by what one remembers of it."""

from __future__ import annotations

import pytest

from wechatpay_chain.catalogue import search


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("解管", "/v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("解除对微众台账的管控", "/v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("wxpay_recover_no", "/v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("control-orders/recover", "/v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("controlOrders recover", "/v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("domestic refund", "/v3/refund/domestic/refunds"),
        ("jsapi下单", "/v3/pay/transactions/jsapi"),
        ("NATIVE 下单", "/v3/pay/transactions/native"),
        ("wxpay_recover", "/v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("transactio nativ", "/v3/pay/transactions/native"),
    ],
)
def test_best_match(query: str, first: str):
    """Names, scattered characters, path words, field names, and mixtures of them lead to the operation."""
    assert search(query)[0].path == first


def test_words_of_the_path():
    """`control order` finds everything under /control-orders, although the segment's words are joined."""
    assert all("/control-orders/" in operation.path for operation in search("control order", limit=3))


def test_all_words_must_match():
    """An operation that has only some of the words is not found."""
    assert search("native zebra") == ()


@pytest.mark.parametrize("query", ["", "  ", "/-_", "zebra", "解解解解"])
def test_nothing_to_find(query: str):
    """A query without words, or with words that occur nowhere, finds nothing."""
    assert search(query) == ()


def test_limit():
    """No more than the limit come back."""
    assert len(search("退款", limit=2)) == 2


def test_deprecated_come_last():
    """The operation in force comes before the one that it replaced."""
    paths = [operation.path for operation in search("查询所有退款")]
    assert paths.index("/v3/global/refunds") < paths.index("/hk/v3/refunds")
