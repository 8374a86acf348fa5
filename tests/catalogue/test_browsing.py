"""Walking the catalogue, and what is close to a mistake."""

from __future__ import annotations

import pytest

from wechatpay_chain.catalogue import at, children, closest, operations


def test_all_operations():
    """Iteration gives all 1,223 operations, ordered by path."""
    paths = [operation.path for operation in operations()]
    assert len(paths) == 1223
    assert paths == sorted(paths)


def test_at():
    """The verbs of a path, also with values in it; a literal segment hides its placeholder sibling."""
    assert [operation.method for operation in at("/v3/global/customs/orders")] == ["GET", "PATCH", "POST"]
    assert [operation.method for operation in at("/v3/refund/domestic/refunds/42")] == ["GET"]
    assert [operation.name for operation in at("/v3/aggracct-bc/wb-channel/control-orders/recover")] == [
        "解除对微众台账的管控"
    ]
    assert at("/v3/unknown") == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", {"brand", "global_", "hk", "v2", "v3"}),
        ("/v3/aggracct-bc/wb-channel/control-orders", {"recover", "punish", "_out_request_no_", "info"}),
        ("/v3/merchant/media", {"upload", "video_upload"}),
        ("/v3/refund/domestic/refunds/42", {"applyAbnormalRefund"}),
        ("/v3/unknown", set[str]()),
    ],
)
def test_children(path: str, expected: set[str]):
    """What leads on from a path is spelled as the chain's attributes."""
    assert set(children(path)) == expected


def test_children_that_need_brackets_are_left_out():
    """Capitals, verbs and trailing slashes are no attributes."""
    assert "addInstitutionsub" not in children("/v2/secapi/mch")
    assert "delete" not in children("/v3/profitsharing/receivers")
    assert "" not in children("/v3/ecommerce/applyments")


@pytest.mark.parametrize(
    ("method", "path", "first"),
    [
        ("POST", "/v3/pay/transaction/native", "POST /v3/pay/transactions/native"),
        ("POST", "/v3/refund/domestic/refund", "POST /v3/refund/domestic/refunds"),
        (
            "POST",
            "/v3/aggracct-bc/wb-channel/control-order/recover",
            "POST /v3/aggracct-bc/wb-channel/control-orders/recover",
        ),
        ("GET", "/v3/certificate", "GET /v3/certificates"),
        ("POST", "/pay/unifiedorder", "POST /v2/pay/unifiedorder"),
        ("GET", "/v3/pay/transactions/native", "POST /v3/pay/transactions/native"),
        ("POST", "/v3/ecommerce/applyments", "POST /v3/ecommerce/applyments/"),
        ("POST", "/v3/pay/partner/transactions/jsapi/", "POST /v3/pay/partner/transactions/jsapi"),
        ("POST", "/v3/merchant/media/videoUpload", "POST /v3/merchant/media/video_upload"),
        (
            "POST",
            "/v3/aggracctBc/wbChannel/controlOrders/recover",
            "POST /v3/aggracct-bc/wb-channel/control-orders/recover",
        ),
        (
            "GET",
            "/v3/pay/transactions/outTradeNo/A1",
            "GET /v3/pay/transactions/out-trade-no/{out_trade_no}",
        ),
        (
            "GET",
            "/v3/applyment4sub/applyment/business-code/1",
            "GET /v3/applyment4sub/applyment/business_code/{business_code}",
        ),
    ],
)
def test_closest(method: str, path: str, first: str):
    """A misspelt segment, a lost prefix, a wrong verb, a slash, and camel case lead to what was meant."""
    operation = closest(method, path)[0]
    assert f"{operation.method} {operation.path}" == first


def test_nothing_is_close():
    """A path that resembles nothing gets no hint."""
    assert closest("GET", "/zebra") == ()


def test_limit():
    """No more than the limit come back."""
    assert len(closest("GET", "/v3/refund/domestic/refund", limit=2)) == 2
