"""The refusals that operations of a kind have in common."""

from __future__ import annotations

import pytest

from wechatpay_chain.catalogue import find, known_refusals

V2_ONLY = {"SIGNERROR", "NOAUTH", "SYSTEMERROR", "ORDERNOTEXIST"}
V3_ONLY = {"SIGN_ERROR", "NO_AUTH", "RESOURCE_NOT_EXISTS", "SERVICE_UNAVAILABLE"}


def codes(method: str, path: str) -> set[str]:
    """The codes that are told of an operation."""
    operation = find(method, path)
    assert operation is not None
    return {known.code for known in known_refusals(operation)}


@pytest.mark.parametrize(
    ("path", "there", "absent"),
    [
        ("/v2/pay/micropay", {"USERPAYING", "AUTHCODEEXPIRE", "BANKERROR", "ORDERPAID", "NOTENOUGH"}, {"CA_ERROR"}),
        ("/v2/pay/unifiedorder", {"OUT_TRADE_NO_USED", "ORDERPAID"}, {"USERPAYING", "BIZERR_NEED_RETRY"}),
        ("/v2/pay/orderquery", set(), {"NOTENOUGH", "ORDERPAID", "USERPAYING"}),
        ("/v2/secapi/pay/refund", {"NOTENOUGH", "BIZERR_NEED_RETRY", "CA_ERROR"}, {"OUT_TRADE_NO_USED"}),
    ],
)
def test_those_of_apiv2(path: str, there: set[str], absent: set[str]) -> None:
    """An operation of APIv2 refuses with the codes of APIv2, those of its kind among them, and status 200."""
    found = codes("POST", path)
    assert found >= V2_ONLY | there
    assert not found & (V3_ONLY | absent)
    operation = find("POST", path)
    assert operation is not None
    assert {known.status for known in known_refusals(operation)} == {200}


@pytest.mark.parametrize(
    ("method", "path", "there", "absent"),
    [
        ("POST", "/v3/pay/transactions/codepay", {"USERPAYING", "AUTH_CODE_EXPIRED", "SYSTEM_ERROR"}, set[str]()),
        ("POST", "/v3/refund/domestic/refunds", {"NOT_ENOUGH", "ALREADY_EXISTS"}, {"USERPAYING"}),
        ("GET", "/v3/certificates", set[str](), {"SYSTEM_ERROR", "NOT_ENOUGH", "USERPAYING"}),
    ],
)
def test_those_of_apiv3(method: str, path: str, there: set[str], absent: set[str]) -> None:
    """An operation of APIv3 refuses with the codes of APIv3: queries with the common ones, others with their kind's."""
    found = codes(method, path)
    assert found >= V3_ONLY | there
    assert not found & (V2_ONLY | absent)
