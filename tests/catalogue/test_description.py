"""What `describe` tells."""

from __future__ import annotations

import pytest

from wechatpay_chain.catalogue import describe, operations


class _Chain:
    def __str__(self) -> str:
        return "/v3/aggracct-bc/wb-channel/control-orders/recover"


@pytest.mark.parametrize("target", [_Chain(), str(_Chain()), str(_Chain()).removeprefix("/")])
def test_main_job(target: object):
    """A chain, its path with and without slash: name, page, spelling, what is encrypted, limits, fields, answer."""
    text = describe(target)
    for part in (
        "POST /v3/aggracct-bc/wb-channel/control-orders/recover\n解除对微众台账的管控\n",
        "https://pay.weixin.qq.com/doc/v3/merchant/4016025279",
        "wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(...)",
        "Encrypted: json.bal_account_no, json.card_no.",
        "Limit: 200 calls a minute.",
        "Re-entrant",
        "bal_account_no            string, required, encrypted",
        "one of SJT_CONVENIENT_SETTLEMENT_SERVICE_MERCHANT",
        "wxpay_recover_no  string, required",
    ):
        assert part in text
    assert "GET" not in text


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("hk/v3/refunds", "Deprecated: use GET /v3/global/refunds."),
        ("v2/secapi/pay/refund", "Presents the merchant certificate."),
        ("v2/secapi/pay/refund", "A repeat must keep the merchant's own number."),
        ("v3/refund/domestic/refunds", "Status 429 doesn't mean"),
        ("v3/billdownload/file", "The answer is not signed."),
        ("v3/pay/transactions/jsapi", "    total "),
        ("v3/pay", "leads to: acquiringBank, instal, partner, transactions"),
        ("v3/pay/transaction", "is not in the catalogue"),
        ("v3/pay/transaction/native", "close to it: POST /v3/pay/transactions/native Native下单"),
        ("zebra", "is not in the catalogue"),
    ],
)
def test_parts(path: str, part: str):
    """Deprecation, certificate, repeats, unsigned answers, nested fields, and paths that are no operation are told."""
    assert part in describe(path)


def test_all_can_be_described():
    """Every operation of the catalogue has a description with its official name."""
    assert all(operation.name in describe(operation.path) for operation in operations())
