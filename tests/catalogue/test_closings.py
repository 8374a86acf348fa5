"""Products that are closed to new merchants: told by `describe`, and where a call of them is refused."""

from __future__ import annotations

import pytest

from wechatpay_chain import BadRequest, Forbidden, WeChatPay
from wechatpay_chain.catalogue import describe, find, operations
from wechatpay_chain.catalogue.closings import CLOSINGS, closing_of
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.faults import Refuse

STOCKS = "v3/marketing/busifavor/stocks"


@pytest.mark.parametrize("closing", CLOSINGS, ids=lambda closing: closing.product)
def test_every_closing_has_operations(closing: object) -> None:
    """Each beginning of a path fits operations of the catalogue, which aren't deprecated."""
    found = [operation for operation in operations() if closing_of(operation) is closing]
    assert found
    assert not any(operation.deprecated for operation in found)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (STOCKS, "since 2025-12-15 don't get 商家券 (busifavor): they use product coupons"),
        ("v3/transfer/batches", "since 2025-01-15 don't get transfers in batches"),
        ("v3/certificates", "don't get platform certificates: they use the WeChat Pay public key"),
    ],
)
def test_described(path: str, told: str) -> None:
    """`describe` says since when, and what there is instead."""
    assert told in describe(path)


def test_what_replaces_them_is_open() -> None:
    """The operations that are named in their place exist, and are closed to nobody."""
    for method, path in (
        ("POST", "/v3/marketing/partner/product-coupon/product-coupons"),
        ("POST", "/brand/marketing/product-coupon/product-coupons"),
        ("POST", "/v3/fund-app/mch-transfer/transfer-bills"),
    ):
        operation = find(method, path)
        assert operation is not None
        assert closing_of(operation) is None


@pytest.mark.parametrize(("path", "is_noted"), [(STOCKS, True), ("v3/marketing/favor/coupon-stocks", False)])
async def test_noted_on_a_refusal(emulator: Emulator, path: str, *, is_noted: bool) -> None:
    """Who is refused learns that it may be for that alone; who calls another product learns nothing of it."""
    emulator.faults.add(Refuse(403, "NO_AUTH", "商户无此权限"), times=1)
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(Forbidden) as caught:
            await wxpay[path].post(json={})
        assert any("since 2025-12-15" in note for note in getattr(caught.value, "__notes__", ())) is is_noted
        with pytest.raises(BadRequest, match="PARAM_ERROR") as other:
            await wxpay[path].post(json={})
    assert not any("since" in note for note in getattr(other.value, "__notes__", ()))
