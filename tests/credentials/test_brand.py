"""A brand's credentials, checked as a whole."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from wechatpay_chain import Brand, ConfigurationError, Webhook
from wechatpay_chain.emulator.platform.keys import KeyPair

API_KEY = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def arguments(merchant_pair: KeyPair, platform_pair: KeyPair) -> dict[str, Any]:
    """Those of a brand that is right."""
    return {
        "brand_id": "1004",
        "serial": merchant_pair.serial,
        "private_key": merchant_pair.private_pem,
        "certs": {platform_pair.serial: platform_pair.public_pem},
        "api_key": API_KEY,
    }


def test_what_is_loaded(arguments: dict[str, Any], platform_pair: KeyPair) -> None:
    """Keys are loaded once; none of them shows."""
    brand = Brand(**{**arguments, "serial": arguments["serial"].lower()})
    assert (brand.brand_id, brand.serial) == ("1004", arguments["serial"])
    assert brand.platform_keys.find(platform_pair.serial) is not None
    assert brand.private_key is not None
    assert brand.api_key is not None
    assert repr(brand) == "Brand(brand_id='1004')"
    assert copy.copy(brand) is copy.deepcopy(brand) is brand
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(brand)


@pytest.mark.parametrize("brand_id", ["7", "123456789", "9" * 20])
def test_numbers_of_brands(arguments: dict[str, Any], brand_id: str) -> None:
    """A brand's number has up to twenty digits."""
    assert Brand(**{**arguments, "brand_id": brand_id, "api_key": None}).brand_id == brand_id


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("brand_id", 1004),
        ("brand_id", ""),
        ("brand_id", "9" * 21),
        ("brand_id", "١٢٣"),
        ("brand_id", "wx1004"),
        ("serial", "PUB_KEY_ID_0114"),
        ("serial", "12"),
        ("private_key", "no key"),
        ("private_key", None),
        ("certs", {}),
        ("certs", None),
        ("certs", "PUB_KEY_ID_0114"),
        ("api_key", "short"),
        ("api_key", 5),
    ],
)
def test_mistakes(arguments: dict[str, Any], argument: str, value: Any) -> None:
    """A wrong argument is named, with the remedy."""
    with pytest.raises(ConfigurationError) as caught:
        Brand(**{**arguments, argument: value})
    assert caught.value.argument == argument
    assert API_KEY not in str(caught.value)


def test_a_platform_certificate_is_refused(arguments: dict[str, Any]) -> None:
    """Brands are answered under a public key alone: a certificate is the merchant's world."""
    certificate = KeyPair.certified()
    with pytest.raises(ConfigurationError, match="brand console"):
        Brand(**{**arguments, "certs": {certificate.serial: certificate.public_pem}})


def test_its_own_key_among_the_platforms(arguments: dict[str, Any], merchant_pair: KeyPair) -> None:
    """The brand's own public key in certs is named as what it is."""
    certs = {"PUB_KEY_ID_0114": merchant_pair.rsa_key.public_key()}
    with pytest.raises(ConfigurationError, match="brand's own"):
        Brand(**{**arguments, "certs": certs})


def test_from_env(arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A brand is read from variables with a prefix; a missing one is named."""
    ((identifier, public_key),) = arguments["certs"].items()
    values = {"ID": arguments["brand_id"], "SERIAL": arguments["serial"], "PUBLIC_KEY_ID": identifier}
    for name, value in {**values, "PUBLIC_KEY": public_key, "API_KEY": API_KEY}.items():
        monkeypatch.setenv(f"SHOP_BRAND_{name}", value)
    with pytest.raises(ConfigurationError, match="SHOP_BRAND_PRIVATE_KEY: the environment variable is not set"):
        Brand.from_env("SHOP_BRAND_")
    monkeypatch.setenv("SHOP_BRAND_PRIVATE_KEY", arguments["private_key"])
    brand = Brand.from_env("SHOP_BRAND_")
    assert (brand.brand_id, [key.serial for key in brand.platform_keys]) == (arguments["brand_id"], [identifier])
    assert brand.api_key is not None


@pytest.mark.parametrize("named", ["itself", "otherwise"])
def test_a_key_that_a_merchant_has_too(arguments: dict[str, Any], platform_pair: KeyPair, named: str) -> None:
    """One key for both is refused under whichever name: a message to one would be believed as one to the other."""
    ours = platform_pair.serial if named == "itself" else "PUB_KEY_ID_0114"
    brand = Brand(**{**arguments, "certs": {ours: platform_pair.public_pem}})
    certs = {platform_pair.serial: platform_pair.public_pem}
    with pytest.raises(ConfigurationError, match=f"brand: its certs hold {ours}, .* in certs too"):
        Webhook(apiv3_key="m" * 32, certs=certs, brand=brand)
    other = KeyPair.wechatpay()
    Webhook(apiv3_key="m" * 32, certs={other.serial: other.public_pem}, brand=brand)
