"""Parameters of coupons, held against what openssl computes from the documented texts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import openssl
from tests.payments.documented import APIV2_KEY
from wechatpay_chain import ConfigurationError, payments


def test_coupons_of_a_mini_program() -> None:
    """Each coupon's members are signed with its index behind their names."""
    coupons = [
        {"stock_id": "1", "out_request_no": "a"},
        {"stock_id": "2", "out_request_no": "b", "coupon_code": "c"},
    ]
    text = (
        "coupon_code1=c&out_request_no0=a&out_request_no1=b&send_coupon_merchant=10016226&stock_id0=1&stock_id1=2"
        f"&key={APIV2_KEY}"
    )
    assert payments.coupons_mini_program(coupons, send_coupon_merchant="10016226", apiv2_key=APIV2_KEY) == {
        "send_coupon_params": coupons,
        "send_coupon_merchant": "10016226",
        "sign": openssl.hmac_sha256(APIV2_KEY, text),
    }


@pytest.mark.parametrize("coupons", [None, 5, "ab", b"ab", {"stock_id": "1"}, ["ab"], [("stock_id", "1")], [None]])
def test_no_coupons(coupons: Any) -> None:
    """What is no list of dicts is named as what it is, and not signed."""
    with pytest.raises(ConfigurationError, match=r"^coupons(\[0\])?: .* found\. Give a list of dicts"):
        payments.coupons_mini_program(coupons, send_coupon_merchant="1", apiv2_key=APIV2_KEY)


def test_a_coupon_of_a_page() -> None:
    """The address carries the signed parameters, and the fragment that WeChat waits for."""
    url = payments.coupon_h5("1", "r", "o", send_coupon_merchant="10016226", apiv2_key=APIV2_KEY, coupon_code="c")
    text = f"coupon_code=c&open_id=o&out_request_no=r&send_coupon_merchant=10016226&stock_id=1&key={APIV2_KEY}"
    parts = urlsplit(url)
    assert parts._replace(query="", fragment="").geturl() == "https://action.weixin.qq.com/busifavor/getcouponinfo"
    assert parts.fragment == "wechat_pay&wechat_redirect"
    assert parse_qs(parts.query)["sign"] == [openssl.hmac_sha256(APIV2_KEY, text)]
