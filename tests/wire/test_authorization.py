"""The `Authorization` header: written and read in every scheme that signs in headers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.wire.authorization import Authorization
from wechatpay_chain.wire.signature_types import BRAND, RSA, SM2

HEADER = (
    'WECHATPAY2-SHA256-RSA2048 mchid="1900009191",nonce_str="593BEC0C930BF1AFEB40B4A08C8FB242",'
    'signature="uOVRnA4qG/MNnYzdQxJanN+zU+lTgIcnU9BxGw5dKjK+VdEUz2FeIoC+D5sB/LN+nGzX3hfZg6r5wT1pl2ZobmIc6p0ldN7J6yDg'
    "UzbX8Uk3sD4a4eZVPTBvqNDoUqcYMlZ9uuDdCvNv4TM3c1WzsXUrExwVkI1XO5jCNbgDJ25nkT/c1gIFvqoogl7MdSFGc4W4xZsqCItnqbypR3RuG"
    "IlR9h9vlRsy7zJR9PBI83X8alLDIfR1ukt1P7tMnmogZ0cuDY8cZsd8ZlCgLadmvej58SLsIkVxFJ8XyUgx9FmutKSYTmYtWBZ0+tNvfGmbXU7cob"
    '8H/4nLBiCwIUFluw==",timestamp="1554208460",serial_no="1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"'
)
OF_BRAND = Authorization(BRAND, "1004", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "n", "1554208460", "c2ln")


def test_the_documentations_header() -> None:
    """The official example is read, and written again as it was."""
    parsed = Authorization.parse(HEADER)
    assert parsed[:3] == (RSA, "1900009191", "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C")
    assert (parsed.timestamp, parsed.nonce) == ("1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242")
    assert str(parsed) == HEADER


def test_a_brands_header() -> None:
    """One line, no blanks behind the commas, the brand's number in the merchant's place."""
    assert str(OF_BRAND) == (
        'WECHATPAY-BRAND-SHA256-RSA2048 brand_id="1004",nonce_str="n",signature="c2ln",'
        'timestamp="1554208460",serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1"'
    )


def test_the_repr_leaves_out_the_signature() -> None:
    """What a log or a debugger shows of a header says who signed, and not the signature."""
    assert "1004" in repr(OF_BRAND)
    assert "c2ln" not in repr(OF_BRAND)


@pytest.mark.parametrize("header", [HEADER, str(OF_BRAND)])
def test_any_order(header: str) -> None:
    """The items may stand in any order, with blanks around them."""
    signature_type, items = header.split(" ", 1)
    turned = f"{signature_type} {' , '.join(reversed(items.split(',')))}"
    assert Authorization.parse(turned) == Authorization.parse(header)


@given(st.sampled_from([RSA, SM2, BRAND]), st.fixed_dictionaries(dict.fromkeys(
    ["owner", "serial", "nonce", "timestamp", "signature"], st.text(
        st.characters(codec="ascii", exclude_characters='",', exclude_categories=["Cc"])))))  # fmt: skip
def test_round_trip(signature_type: str, values: dict[str, str]) -> None:
    """What is written is read again, in every scheme and whatever the values are."""
    authorization = Authorization(signature_type, **values)
    assert Authorization.parse(str(authorization)) == authorization


@pytest.mark.parametrize(
    "damage",
    [
        lambda header: "",
        lambda header: header.replace("WECHATPAY2", "WECHATPAY3"),
        lambda header: header.replace("RSA2048", "RSA2048\t"),
        lambda header: header.lower(),
        lambda header: header.split(" ")[0],
        lambda header: header.replace('mchid="1900009191",', ""),
        lambda header: header.replace("mchid", "brand_id"),
        lambda header: header.replace(RSA, BRAND),
        lambda header: header + ',mchid="1"',
        lambda header: header + ',extra="1"',
        lambda header: header + ",",
        lambda header: header.replace('"', ""),
        lambda header: header.replace('"', "'"),
        lambda header: header.replace(",", ";"),
        lambda header: header + "x",
        lambda header: header.replace('"1900009191"', '"19"00009191"'),
        lambda header: header + "\r\nX: y",
    ],
)
def test_malformed(damage: Callable[[str], str]) -> None:
    """An unknown scheme, or items that are missing, another scheme's, doubled or badly quoted, are a ValueError."""
    with pytest.raises(ValueError, match=r"the scheme is not|item"):
        Authorization.parse(damage(HEADER))


@given(st.text() | st.from_regex(r'WECHATPAY2-SHA256-RSA2048 ([a-z_]{1,9}="[^"]{0,3}",?){0,6}'))
def test_arbitrary_headers(header: str) -> None:
    """Any text is an Authorization or a ValueError."""
    with suppress(ValueError):
        assert isinstance(Authorization.parse(header), Authorization)
