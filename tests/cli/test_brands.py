"""The commands with the settings of a brand, alone or beside those of a merchant."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run, Shop
from wechatpay_chain.crypto import asymmetric
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

CONFIGS = "brand/marketing/product-coupon/notify-configs"
OF_MERCHANT = (
    "MCHID",
    "SERIAL",
    "PRIVATE_KEY",
    "PUBLIC_KEY",
    "PUBLIC_KEY_ID",
    "APIV3_KEY",
    "APIV2_KEY",
    "MERCHANT_CERT",
)


@pytest.fixture
def made(
    run: Run,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> Merchant:
    """A brand of the platform, whose settings stand beside those of the merchant."""
    made = shop.emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    assert made.platform_key is not None
    (shop.folder / "brand_key.pem").write_text(made.key.private_pem)
    settings = {
        "ID": "1004",
        "SERIAL": made.key.serial,
        "PRIVATE_KEY": str(shop.folder / "brand_key.pem"),
        "PUBLIC_KEY_ID": made.platform_key.serial,
        "PUBLIC_KEY": made.platform_key.public_pem,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"WECHATPAY_BRAND_{name}", value)
    return made


@pytest.fixture
def alone(made: Merchant, monkeypatch: pytest.MonkeyPatch) -> Merchant:
    """A brand without a merchant beside it."""
    for name in OF_MERCHANT:
        monkeypatch.delenv(f"WECHATPAY_{name}", raising=False)
    return made


@pytest.mark.usefixtures("made")
def test_dry_run(run: Run) -> None:
    """`--dry-run` shows what the brand would sign."""
    done = run("call", "get", CONFIGS, "--dry-run")
    assert done.code == 0, done.err
    assert f"    GET\\n\n    /{CONFIGS}\\n\n" in done.out


def test_sign(run: Run, shop: Shop, made: Merchant) -> None:
    """A path below `/brand/` is signed by the brand, in its name and never by the merchant."""
    said = json.loads(run("sign", "request", "GET", f"/{CONFIGS}").out)
    assert (said["brand_id"], said["serial_no"], "mchid" in said) == ("1004", made.key.serial, False)
    message = v3.request_message("GET", f"/{CONFIGS}", said["timestamp"], said["nonce_str"], b"")
    asymmetric.verify(made.key.private_key.public_key(), message, said["signature"])
    assert run("sign", "request", "GET", f"/{CONFIGS}", "--header-to", "header").code == 0
    header = (shop.folder / "header").read_text().removeprefix("Authorization: ").strip()
    assert Authorization.parse(header)[:2] == (signature_types.BRAND, "1004")
    assert json.loads(run("sign", "request", "GET", "/v3/certificates").out)["mchid"] == shop.emulator.mchid


def test_no_brand_to_sign(run: Run) -> None:
    """Without a brand the merchant's key doesn't sign in its place."""
    done = run("sign", "request", "GET", f"/{CONFIGS}")
    assert (done.code, done.out, "WECHATPAY_BRAND_ID" in done.err) == (2, "", True)


@pytest.mark.usefixtures("made")
def test_doctor_beside_a_merchant(run: Run) -> None:
    """Both are checked, one by one and together."""
    done = run("doctor", "--offline", "--json")
    found = {check["name"]: check["result"] for check in json.loads(done.out)}
    assert (found["brand"], found["merchant number"], found["all of it together"]) == ("ok", "ok", "ok")


@pytest.mark.usefixtures("alone")
def test_doctor_of_a_brand_alone(run: Run) -> None:
    """What only a merchant has isn't missed, and the self-test, which a brand hasn't, is left out."""
    done = run("doctor", "--json")
    found = {check["name"]: check["result"] for check in json.loads(done.out)}
    assert (found["brand"], found["all of it together"], found["self-test"]) == ("ok", "ok", "skipped")
    assert "wrong" not in found.values()
    assert "merchant number" not in found


@pytest.mark.usefixtures("alone")
def test_doctor_names_what_is_wrong_of_a_brand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in the brand's settings is told with its remedy."""
    monkeypatch.setenv("WECHATPAY_BRAND_PUBLIC_KEY_ID", "PUB_KEY_ID_")
    done = run("doctor", "--offline")
    assert done.code == 1
    assert "✗ brand: certs['PUB_KEY_ID_']" in done.out
