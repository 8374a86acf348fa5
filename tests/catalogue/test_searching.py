"""Finding an operation by what one remembers of it."""

from __future__ import annotations

import pytest

from tests.catalogue.fresh import run
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


MEASURED = """
import time
from tests.catalogue.fresh import run
from wechatpay_chain.catalogue import search
begin = time.perf_counter()
search("解管")
print([time.perf_counter() - begin])
"""


def test_first_use_is_fast(capsys: pytest.CaptureFixture[str]):
    """The first search, which reads everything, takes less than 50 ms."""
    took = min(run(MEASURED)[0] for _ in range(3))
    with capsys.disabled():
        print(f"\nsearch: first {took * 1e3:.0f} ms")
    assert took < 0.05


def test_repeated_searches_are_fast():
    """Once everything is read, a search takes a few milliseconds, so that it can run at every key press."""
    program = MEASURED.replace("begin =", 'search("x"); begin =')
    assert min(run(program)[0] for _ in range(3)) < 0.02
