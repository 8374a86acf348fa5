"""The brand's scheme: its word, its header, and nothing of the merchant's."""

from __future__ import annotations

import pytest

from wechatpay_chain.wire import brand, v3

SAID = {
    "serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
    "nonce": "n",
    "timestamp": "1554208460",
    "signature": "c2ln",
}


def test_the_header() -> None:
    """One line, no blanks behind the commas, the brand's number in the merchant's place."""
    assert str(brand.Authorization("1004", **SAID)) == (
        'WECHATPAY-BRAND-SHA256-RSA2048 brand_id="1004",nonce_str="n",signature="c2ln",'
        'timestamp="1554208460",serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1"'
    )


def test_reading_is_the_reverse() -> None:
    """What was written is read, in any order of its items, and its repr keeps the signature to itself."""
    said = brand.Authorization("1004", **SAID)
    word, _, items = str(said).partition(" ")
    assert brand.Authorization.parse(f"{word} {', '.join(reversed(items.split(',')))}") == said
    assert "c2ln" not in repr(said)


@pytest.mark.parametrize(
    "header",
    [
        str(v3.Authorization("1004", **SAID)),
        str(v3.Authorization("1004", **SAID)).replace(v3.SCHEME, brand.SCHEME),
        str(brand.Authorization("1004", **SAID)).replace("brand_id", "mchid"),
        str(brand.Authorization("1004", **SAID)) + ',brand_id="7"',
        brand.SCHEME,
        "",
    ],
)
def test_the_other_scheme_is_not_read(header: str) -> None:
    """A merchant's header is none of a brand's, by its word or by its items; nor the other way round."""
    with pytest.raises(ValueError, match=r"the scheme is not|item"):
        brand.Authorization.parse(header)
    with pytest.raises(ValueError, match="the scheme is not"):
        v3.Authorization.parse(str(brand.Authorization("1004", **SAID)))
