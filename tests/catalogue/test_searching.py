"""Finding an operation by what one remembers of it."""

from __future__ import annotations

import pytest

from wechatpay_chain.catalogue import search, search_events


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
        ("进件", "/v3/applyment4sub/applyment/"),
        ("特约商户进件", "/v3/applyment4sub/applyment/"),
        ("特约商户 进件", "/v3/applyment4sub/applyment/"),
        ("二级商户进件", "/v3/ecommerce/applyments/"),
        ("电商收付通", "/v3/ecommerce/applyments/"),
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


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("退款", "/v3/refund/domestic/refunds"),
        ("申请退款", "/v3/refund/domestic/refunds"),
        ("进件", "/v3/applyment4sub/applyment/"),
        ("查询订单", "/v3/pay/transactions/out-trade-no/{out_trade_no}"),
        ("转账", "/v3/fund-app/mch-transfer/transfer-bills"),
        ("账单", "/v3/bill/tradebill"),
        ("native", "/v3/pay/transactions/native"),
    ],
)
def test_what_most_people_mean_comes_first(query: str, first: str):
    """A word of the trade leads to the operation that every merchant uses, under whatever name the page has it."""
    found = search(query)
    assert found[0].path == first
    apart = [operation.path.startswith(("/v2/", "/hk/", "/global/", "/v3/global/")) for operation in found]
    assert apart == sorted(apart), "overseas operations and APIv2 come behind the mainland's APIv3"


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("退款成功", "REFUND.SUCCESS"),
        ("TRANSACTION.SUCCESS", "TRANSACTION.SUCCESS"),
        ("TransactionSuccess", "TRANSACTION.SUCCESS"),
        ("REFUND_SUCCESS", "REFUND.SUCCESS"),
        ("普通支付通知", "v2/transaction-success"),
        ("success_time out_trade_no", "TRANSACTION.SUCCESS"),
    ],
)
def test_notifications(query: str, title: str):
    """A notification is found by its name, its event type, the constant of its kind, its type and its fields."""
    assert title in [event.title for event in search_events(query)][:5]


@pytest.mark.parametrize("query", ["", "zebra", "解管管"])
def test_no_notification(query: str):
    """A query that occurs in no notification finds none."""
    assert search_events(query) == ()
