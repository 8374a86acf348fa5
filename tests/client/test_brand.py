"""A brand's calls: signed by the brand alone, answered and believed by its own keys, refused without them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from wechatpay_chain import (
    BadRequest,
    Brand,
    Chain,
    ConfigurationError,
    Request,
    Response,
    Secret,
    SyncWeChatPay,
    Unauthorized,
    Webhook,
    WeChatPay,
)
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.wire import signature_types
from wechatpay_chain.wire.authorization import Authorization

CONFIGS = "brand/marketing/product-coupon/notify-configs"
SETTING: Any = {"notify_url": "https://a.example/n"}


@pytest.fixture
def both(emulator: Emulator) -> dict[str, Any]:
    """The arguments of a client of a merchant and of a brand."""
    emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    return {**emulator.credentials(), **emulator.credentials("1004"), "transport": emulator}


@pytest.mark.parametrize(
    "spelled",
    [
        lambda wxpay: wxpay.brand.marketing.productCoupon.notifyConfigs,
        lambda wxpay: wxpay.brand["marketing/product-coupon"]["notify-configs"],
        lambda wxpay: wxpay[CONFIGS],
        lambda wxpay: wxpay["/" + CONFIGS],
        lambda wxpay: wxpay.chain(CONFIGS),
        lambda wxpay: wxpay.chain(f"/{CONFIGS}"),
    ],
)
async def test_every_spelling_is_signed_by_the_brand(
    both: dict[str, Any], spelled: Callable[[WeChatPay | SyncWeChatPay], Chain[Any]]
) -> None:
    """However the path is written, the call goes out in the brand's name and its answer is believed."""
    async with WeChatPay(**both) as wxpay:
        answer: Response[Any] = await spelled(wxpay).post(json=SETTING)
    assert answer.request is not None
    said = Authorization.parse(answer.request.headers["Authorization"])
    assert (said.signature_type, said.owner, said.serial) == (signature_types.BRAND, "1004", both["brand"].serial)
    assert answer.request.headers["Wechatpay-Serial"] in [key.serial for key in both["brand"].platform_keys]
    assert answer.verified
    with SyncWeChatPay(**both) as sync:
        assert spelled(sync).post(json=SETTING).verified


async def test_a_merchant_signs_as_before(both: dict[str, Any]) -> None:
    """Beside a brand the merchant's calls are the merchant's, APIv2 included; paths that only mention brands too."""
    async with WeChatPay(**both) as wxpay:
        echo = await wxpay.v3.security.echo.post(json={"echo_message": "a"})
        page = await wxpay.v3.brand.partner.store.brandstores.get(params={"brand_id": "1004", "offset": 0, "limit": 1})
    for answer in (echo, page):
        assert answer.request is not None
        assert Authorization.parse(answer.request.headers["Authorization"]).owner == both["mchid"]
        assert answer.verified


async def test_a_client_of_a_brand_alone(both: dict[str, Any], emulator: Emulator) -> None:
    """It needs no merchant; what a merchant's key would sign is refused with the remedy, and nothing is sent."""
    async with WeChatPay(brand=both["brand"], transport=emulator) as wxpay:
        assert (await wxpay.chain(CONFIGS).post(json=SETTING)).verified
        assert [key.serial for key in wxpay.trust.keys] == [key.serial for key in both["brand"].platform_keys]
        assert repr(wxpay) == "<WeChatPay brand_id=1004>"
        sent = len(emulator.exchanges)
        for path in ("v3/security/echo", "v2/pay/unifiedorder", "hk/v3/refunds"):
            with pytest.raises(ConfigurationError, match="mchid, serial, private_key and certs") as caught:
                await wxpay[path].post(json={"a": 1})
            assert caught.value.outcome == "not_sent"
        with pytest.raises(ConfigurationError, match="brand alone"):
            _ = wxpay.payments
        with pytest.raises(ConfigurationError, match="brand alone"):
            wxpay.page_url("v2/papay/entrustweb", {})
        assert len(emulator.exchanges) == sent


async def test_without_a_brand_nothing_is_sent(emulator: Emulator) -> None:
    """A path below /brand/ is never signed by the merchant; the remedy is named."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(ConfigurationError, match=r"brand=Brand\(") as caught:
            await wxpay.brand.marketing.productCoupon.notifyConfigs.post(json=SETTING)
        assert caught.value.argument == "brand"
    assert not emulator.exchanges


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/{root}/marketing/x", "/brand/marketing/x"),
        ("/v3/x", "/brand/x"),
        ("/v3/x", "/%62rand/x"),
        ("/brand/x", "/v3/x"),
    ],
)
async def test_a_path_of_the_other_is_never_signed(
    both: dict[str, Any], emulator: Emulator, template: str, path: str
) -> None:
    """Neither a placeholder, nor an escape, nor a request made by hand crosses from one scheme into the other."""
    async with WeChatPay(**both) as wxpay:
        with pytest.raises(ConfigurationError, match="would be signed by the"):
            await wxpay.send(Request(method="GET", template=template, path=path))
    assert not emulator.exchanges


async def test_secrets_are_for_the_brands_key(both: dict[str, Any], emulator: Emulator) -> None:
    """What is marked as secret is encrypted with the brand's public key, and comes back decrypted with its own."""
    async with WeChatPay(**both) as wxpay:
        answer = await wxpay.chain("brand/card-member/user-cards/import-by-phone").post(
            json={
                "card_id": "1",
                "user_card_code": "2",
                "phone_number": "13800000000",
                "user_information": {"common_field_list": [{"name": "USER_FORM_FLAG_NAME", "value": Secret("张三")}]},
                "date_information": {"type": "PERMANENT"},
                "pickup_time": "2026-11-23T10:00:00+08:00",
            }
        )
    assert answer.json()["phone_number"] == "13800000000"
    assert answer.request is not None
    assert b"13800000000" not in (answer.request.body or b"")
    assert answer.request.headers["Wechatpay-Serial"] in [key.serial for key in both["brand"].platform_keys]


async def test_a_gateway_that_repeats_the_header(both: dict[str, Any]) -> None:
    """An error page with the brand's Authorization in it shows up in the error without the signature."""

    async def gateway(request: Request) -> Response[Any]:
        return Response(status=400, content=request.headers["Authorization"].encode(), request=request)

    both["transport"] = gateway
    async with WeChatPay(**both) as wxpay:
        with pytest.raises(BadRequest) as caught:
            await wxpay.chain(CONFIGS).get()
    assert f"{signature_types.BRAND} ***" in str(caught.value)
    assert "signature=" not in str(caught.value)


async def test_a_refused_signature_is_compared(both: dict[str, Any], emulator: Emulator) -> None:
    """Of a brand's call too, the text that the platform verified is compared with the one that was signed."""

    async def meddling(request: Request) -> Response[Any]:
        changed = await emulator(request.changed(query="added=1"))
        return changed.changed(request=request)

    both["transport"] = meddling
    async with WeChatPay(**both) as wxpay:
        with pytest.raises(Unauthorized) as caught:
            await wxpay.chain(CONFIGS).post(json=SETTING)
    assert [cause.name for cause in caught.value.causes] == ["request-changed"]


@pytest.mark.parametrize("other", ["alone", "beside"])
def test_a_key_of_both_is_refused(both: dict[str, Any], other: str) -> None:
    """A platform key tells whose an answer is, so a merchant and a brand can't share one."""
    shared = {key.serial: key.public_key for key in both["brand"].platform_keys}
    certs = shared if other == "alone" else {**both["certs"], **shared}
    arguments: dict[str, Any] = {**both, "certs": certs}
    with pytest.raises(ConfigurationError, match="brand console") as caught:
        WeChatPay(**arguments)
    assert caught.value.argument == "brand"


@pytest.mark.parametrize("name", ["mchid", "serial", "private_key"])
@pytest.mark.parametrize("has_brand", [True, False])
def test_half_a_merchant_is_refused(both: dict[str, Any], name: str, has_brand: bool) -> None:
    """A missing argument of the merchant is named, with or without a brand."""
    arguments: dict[str, Any] = {**both, name: None} if has_brand else {**both, name: None, "brand": None}
    with pytest.raises(ConfigurationError) as caught:
        WeChatPay(**arguments)
    assert caught.value.argument == name


def test_a_brand_that_is_none(both: dict[str, Any]) -> None:
    """Something else as the brand is named; a merchant's keys without the merchant are, too."""
    wrong: dict[str, Any] = {**both, "brand": "1004"}
    with pytest.raises(ConfigurationError, match="Brand"):
        WeChatPay(**wrong)
    with pytest.raises(ConfigurationError, match="apiv3_key is there"):
        WeChatPay(brand=both["brand"], apiv3_key="x" * 32)
    assert isinstance(both["brand"], Brand)


async def test_from_env(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A brand is read from the environment, alone or beside a merchant; alone, nothing of a merchant is asked for."""
    for name in [name for name in os.environ if name.startswith("WECHATPAY_")]:
        monkeypatch.delenv(name)
    made = emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    assert made.platform_key is not None
    values = {
        "BRAND_ID": "1004",
        "BRAND_SERIAL": made.key.serial,
        "BRAND_PRIVATE_KEY": made.key.private_pem,
        "BRAND_PUBLIC_KEY_ID": made.platform_key.serial,
        "BRAND_PUBLIC_KEY": made.platform_key.public_pem,
        "BRAND_API_KEY": made.apiv3_key,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"WECHATPAY_{name}", value)
    message = emulator.notification("PRODUCT_COUPON.SEND", mchid="1004")
    assert Webhook.from_env().open(*message).event_type
    async with WeChatPay.from_env(transport=emulator) as wxpay:
        assert (await wxpay[CONFIGS].post(json=SETTING)).verified
        with pytest.raises(ConfigurationError, match="mchid"):
            await wxpay["v3/security/echo"].post(json={"echo_message": "x"})
    monkeypatch.setenv("WECHATPAY_MCHID", emulator.mchid)
    with pytest.raises(ConfigurationError, match="WECHATPAY_SERIAL: the environment variable is not set"):
        WeChatPay.from_env(transport=emulator)
    async with WeChatPay.from_env(**emulator.credentials(transport=emulator)) as wxpay:
        assert (await wxpay[CONFIGS].post(json=SETTING)).verified
        assert (await wxpay["v3/security/echo"].post(json={"echo_message": "x"})).verified
