"""The scheme of a call, by the root of its template."""

import pytest

from wechatpay_chain.wire.schemes import SCHEMES, scheme_of


@pytest.mark.parametrize(
    ("template", "scheme"),
    [
        ("/v3/pay/transactions/native", "v3"),
        ("/hk/v3/refunds", "v3"),
        ("/global/v3/customs/orders", "v3"),
        ("/v2/pay/unifiedorder", "v2"),
        ("/v2", "v3"),
        ("/v22/x", "v3"),
        ("/pay/unifiedorder", "v3"),
        ("/v3/v2/x", "v3"),
        ("", "v3"),
        ("/brand/marketing/x", "brand"),
        ("/brand", "v3"),
        ("/branded/x", "v3"),
        ("/v3/brand/partner/x", "v3"),
    ],
)
def test_the_root_chooses(template: str, scheme: str) -> None:
    """Below `/v2/` is APIv2, below `/brand/` a brand's; whatever nobody knows is signed as APIv3."""
    assert scheme_of(template) == scheme
    assert scheme in SCHEMES
