"""`Webhook.open`: what is believed, and in which words the rest is refused."""

from __future__ import annotations

import json
import sys
import time
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.sender import (
    APIV3_KEY,
    PAYMENT,
    Envelope,
    certificate,
    certs,
    merchant,
    notify,
    public_key,
    sign,
    stranger,
    webhook,
)
from wechatpay_chain import (
    ConfigurationError,
    DecodeError,
    DecryptionError,
    Notification,
    SignatureError,
    SignatureProbe,
    TrustError,
    Webhook,
    WeChatPayError,
    catalogue,
)
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.world.merchants import Merchant


def test_demand_20_envelope_and_resource() -> None:
    """The envelope stands beside the decrypted resource."""
    headers, body = notify()
    notification = webhook().open(headers, body)
    assert notification == Notification(
        id="EV-1",
        event_type="TRANSACTION.SUCCESS",
        create_time="2026-11-23T10:00:00+08:00",
        resource_type="encrypt-resource",
        original_type="transaction",
        summary="支付成功",
        resource=PAYMENT,
        raw=json.loads(body),
    )


@pytest.mark.parametrize("pair", [public_key, certificate])
def test_demand_09_either_kind_of_key(pair: Any) -> None:
    """During the switch notifications signed by a certificate and by the public key are both believed."""
    headers, body = notify(pair=pair())
    assert webhook().open(headers, body).resource == PAYMENT


def test_demand_09_serial_spellings() -> None:
    """A serial in small letters, as some tools print it, names the same key."""
    headers, body = notify(pair=certificate())
    headers["Wechatpay-Serial"] = headers["Wechatpay-Serial"].lower()
    assert webhook().open(headers, body).id == "EV-1"


@pytest.mark.parametrize("associated_data", [None, "", "transaction"])
def test_associated_data_may_be_missing(associated_data: str | None) -> None:
    """The associated data may be absent or empty, as in the platform's own samples."""
    headers, body = notify(associated_data=associated_data, original_type=None)
    notification = webhook().open(headers, body)
    assert (notification.resource, notification.original_type) == (PAYMENT, None)


def test_repr_shows_no_content() -> None:
    """A logged notification shows no personal data."""
    headers, body = notify()
    assert "out_trade_no" not in repr(webhook().open(headers, body))


@pytest.mark.parametrize(
    ("rewrite", "says"),
    [
        (
            lambda body: json.dumps(json.loads(body)).encode(),
            "parsed and written again .the signature fits the same JSON",
        ),
        (lambda body: json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode(), "parsed and written again"),
        (
            lambda body: json.dumps(json.loads(body), sort_keys=True).encode(),
            "probably the body is JSON, but not as the platform writes it",
        ),
        (lambda _body: b"", "the body is empty"),
    ],
    ids=["json.dumps", "indented", "sorted", "read before"],
)
def test_demand_16_rewritten_body(rewrite: Any, says: str) -> None:
    """A body that was parsed and written again is refused, with this cause and what to pass on instead."""
    headers, body = notify()
    with pytest.raises(SignatureError, match=says) as caught:
        webhook().open(headers, rewrite(body))
    assert "raw bytes" in str(caught.value)


@pytest.mark.parametrize("kind", [str, json.loads])
def test_demand_16_parsed_body(kind: Any) -> None:
    """Text or parsed JSON in place of the raw bytes is the caller's mistake, with the remedy."""
    headers, body = notify()
    with pytest.raises(ConfigurationError, match="raw bytes"):
        webhook().open(headers, kind(body.decode()))


async def read() -> bytes:
    """A request's body that must be awaited."""
    return b""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{}", r"base64\.b64decode\(body\) if isBase64Encoded, else body\.encode\(\)"),
        (read, r"a function was given\. Call it"),
        (BytesIO(b"{}"), r"a BytesIO was given\. Read it"),
        ({}, "raw bytes of the request: what was parsed"),
        (None, "raw bytes of the request: what was parsed"),
    ],
)
def test_demand_16_bodies_that_are_no_bytes(body: Any, says: str) -> None:
    """A gateway's text, a method that wasn't called and a file that wasn't read are each told what to do."""
    with pytest.raises(ConfigurationError, match=says):
        webhook().open(notify()[0], body)


def test_demand_16_a_body_that_was_not_awaited() -> None:
    """A forgotten `await` is named."""
    body: Any = read()
    with pytest.raises(ConfigurationError, match=r"a coroutine was given\. Await it"):
        webhook().open(notify()[0], body)
    body.close()


def test_demand_19_probe() -> None:
    """A signature probe is a class of its own, though its value is no Base64."""
    headers, body = notify()
    with pytest.raises(SignatureProbe, match="on purpose"):
        webhook().open({**headers, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/a!b=" + "x" * 300}, body)


def test_demand_21_no_way_around() -> None:
    """Decrypting isn't enough: a well-encrypted notification without signature is refused."""
    with pytest.raises(SignatureError, match="not signed"):
        webhook().open({}, Envelope().body())
    public = {name for name in dir(Webhook) if not name.startswith("_")}
    assert public == {
        "aclose",
        "dispatch",
        "dispatch_sync",
        "from_env",
        "handle",
        "handle_sync",
        "is_busy",
        "on",
        "open",
    }


@pytest.mark.parametrize(("offset", "says"), [(-301, "301 s behind"), (301, "301 s ahead of")])
def test_demand_22_clock(offset: int, says: str) -> None:
    """An old notification, or one from the future, is refused with the distance of the clocks."""
    now = 1_800_000_000
    headers, body = notify(now=now + offset)
    with pytest.raises(SignatureError, match=says):
        webhook(clock=lambda: now).open(headers, body)


def test_demand_10_wrong_apiv3_key() -> None:
    """A changed APIv3 key is named as the cause."""
    headers, body = notify(apiv3_key="x" * 32)
    with pytest.raises(DecryptionError, match="APIv3 key"):
        webhook().open(headers, body)


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b"", DecodeError, "not JSON"),
        (b"[]", DecodeError, "not an object"),
        (b"\xff", DecodeError, "not JSON"),
        (b'{"id":"1"}', DecodeError, "no resource"),
        (b"[" * 100_000, DecodeError, "not JSON"),
        (Envelope().body(id=7), DecodeError, "id is an int"),
        (Envelope().body(id=None), DecodeError, "no id"),
        (Envelope().body(id=""), DecodeError, "no id"),
        (Envelope().body(id=" "), DecodeError, "no id"),
        (Envelope().body().replace(b'"id":"EV-1",', b""), DecodeError, "no id"),
        (Envelope(algorithm="AEAD_SM4_GCM").body(), DecryptionError, "AEAD_SM4_GCM"),
        (Envelope(resource=[1]).body(), DecodeError, "not an object"),
        (
            Envelope().body(resource={"algorithm": "AEAD_AES_256_GCM", "nonce": "", "ciphertext": "é"}),
            DecryptionError,
            "malformed",
        ),
    ],
)
def test_signed_nonsense(body: bytes, error: type[WeChatPayError], says: str) -> None:
    """Nonsense with a good signature is refused in the right class, deep nesting and odd characters included."""
    with pytest.raises(error, match=says):
        webhook().open(sign(body), body)


def test_body_size() -> None:
    """A body that is longer than any notification is refused before anything reads it."""
    with pytest.raises(DecodeError, match="more than the 100"):
        webhook(max_body=100).open({}, b"x" * 101)


def test_bytearray_and_memoryview() -> None:
    """Bodies as servers buffer them are bytes too."""
    headers, body = notify()
    assert webhook().open(headers, bytearray(body)).id == "EV-1"
    assert webhook().open(headers, memoryview(body)).id == "EV-1"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_a_refusal_is_in_the_language_of_the_message(kind: type[bytes | bytearray | memoryview]) -> None:
    """What was sent in XML is refused in XML, however the server buffered it."""
    refused = await webhook().dispatch({}, kind(b"<xml><return_code>SUCCESS</return_code></xml>"))
    assert refused.body.startswith(b"<xml>")


def test_expired_certificate() -> None:
    """A signature by an expired certificate is refused: the platform makes none."""
    pair = certificate()
    assert pair.certificate is not None
    after = pair.certificate.not_valid_after_utc.timestamp() + 10
    headers, body = notify(pair=pair, now=after)
    with pytest.raises(SignatureError, match="is valid from"):
        webhook(clock=lambda: after).open(headers, body)


@pytest.mark.parametrize(
    "event_type", ["BRAND_MEMBER_CARD_SP.USER_CARD.CREATE", "BRAND_MEMBER_CARD_SP.USER_CARD.DELETE"]
)
def test_encrypted_fields(event_type: str) -> None:
    """Fields that are encrypted for the merchant are decrypted when the private key is given, nested ones too."""
    secret = rsa.encrypt(merchant().rsa_key.public_key(), "13800000000")
    listed = {
        "common_field_list": [{"name": "x", "value": secret}],
        "custom_field_list": [{"user_chosen_values": [secret]}],
    }
    resource = {"phone_number": secret, "user_information": listed, "plain": secret}
    headers, body = notify(event_type=event_type, original_type="user_card", resource=resource)
    assert webhook().open(headers, body).resource == resource
    opened = webhook(private_key=merchant().private_key).open(headers, body).resource
    assert opened["phone_number"] == "13800000000"
    assert opened["user_information"]["common_field_list"][0] == {"name": "x", "value": "13800000000"}
    assert opened["user_information"]["custom_field_list"][0]["user_chosen_values"] == ["13800000000"]
    assert opened["plain"] == secret


def test_encrypted_field_for_another() -> None:
    """A field that was encrypted for another key is named."""
    secret = rsa.encrypt(stranger().rsa_key.public_key(), "x")
    headers, body = notify(
        event_type="MEMBERCARD.ACCEPT_CARD", original_type="membercard", resource={"phone_number": secret}
    )
    with pytest.raises(DecryptionError, match="phone_number"):
        webhook(private_key=merchant().private_key).open(headers, body)


def test_deep_encrypted_fields() -> None:
    """A field that is nested hundreds of times is no crash: from 3.12 on Python reads it, before it is refused."""
    secret: Any = "x"
    for _ in range(600):
        secret = [secret]
    headers, body = notify(
        event_type="MEMBERCARD.ACCEPT_CARD", original_type="membercard", resource={"phone_number": secret}
    )
    hook = webhook(private_key=merchant().private_pem)
    if sys.version_info >= (3, 12):
        assert hook.open(headers, body).resource["phone_number"] == secret
    else:
        with pytest.raises(DecodeError, match="too deeply"):
            hook.open(headers, body)


@pytest.mark.parametrize(
    "event", [event for event in catalogue.events() if event.generation == "v3"], ids=lambda e: e.id
)
def test_every_kind(event: catalogue.Event) -> None:
    """Every APIv3 notification of the catalogue opens, under each of its types."""
    for event_type in event.event_types:
        headers, body = notify(event_type=event_type, original_type=(*event.original_types, None)[0])
        assert webhook(private_key=merchant().private_key).open(headers, body).event_type == event_type


def test_unknown_kind() -> None:
    """A kind that is newer than the catalogue opens like any other."""
    headers, body = notify(event_type="BRAND.NEW", original_type="new")
    assert webhook(private_key=merchant().private_key).open(headers, body).resource == PAYMENT


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "no key was given"),
        ({"apiv3_key": APIV3_KEY}, "no platform key"),
        ({"apiv3_key": APIV3_KEY, "certs": {}}, "no platform key"),
        ({"apiv3_key": "short", "certs": certs()}, "5 bytes"),
        ({"certs": certs()}, "certs without it"),
        ({"apiv2_key": ""}, "0 characters"),
        ({"apiv3_key": APIV3_KEY, "certs": certs(), "apiv2_key": ""}, "0 characters"),
        ({"apiv3_key": APIV3_KEY, "certs": certs(), "private_key": "x"}, "private_key"),
    ],
)
def test_construction(options: Any, says: str) -> None:
    """A wrong argument is told at construction."""
    with pytest.raises(ConfigurationError, match=says):
        Webhook(**options)


def test_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook takes its keys from the variables that a client takes them from; missing keys are told."""
    with pytest.raises(ConfigurationError, match="SHOP_APIV3_KEY: the environment variable is not set"):
        Webhook.from_env("SHOP_")
    monkeypatch.setenv("SHOP_APIV3_KEY", APIV3_KEY)
    with pytest.raises(ConfigurationError, match="no platform key"):
        Webhook.from_env("SHOP_")
    monkeypatch.setenv("SHOP_PUBLIC_KEY_ID", public_key().serial)
    monkeypatch.setenv("SHOP_PUBLIC_KEY", public_key().public_pem)
    headers, body = notify()
    assert Webhook.from_env("SHOP_").open(headers, body).id == "EV-1"


TEXT = st.text(max_size=40) | st.binary(max_size=40)
NAMES = st.sampled_from([*sign(b"")]) | TEXT


@given(st.lists(st.tuples(NAMES, TEXT), max_size=12), st.binary(max_size=200) | st.just(Envelope().body()))
def test_arbitrary_input(headers: list[tuple[Any, Any]], body: bytes) -> None:
    """Whatever headers and bodies come in, `open` raises what it documents."""
    with pytest.raises((TrustError, ConfigurationError)):
        webhook(apiv2_key=None).open(headers, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
)
FIELDS = st.sampled_from(["algorithm", "nonce", "ciphertext", "associated_data", "original_type", "id", "resource"])


@given(st.dictionaries(FIELDS, JSON), st.dictionaries(FIELDS, JSON))
def test_arbitrary_signed_envelopes(envelope: dict[str, Any], sealed: dict[str, Any]) -> None:
    """Whatever the platform may sign, `open` raises what it documents."""
    body = json.dumps({**envelope, "resource": {"algorithm": "AEAD_AES_256_GCM", **sealed}}).encode()
    with pytest.raises(TrustError):
        webhook().open(sign(body), body)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_resource_comes_back(resource: dict[str, Any]) -> None:
    """Any resource that is sent is the resource that is read."""
    clean = json.loads(json.dumps(resource, allow_nan=True).replace("NaN", "0").replace("Infinity", "1"))
    headers, body = notify(resource=clean, event_type="X", now=time.time())
    assert webhook().open(headers, body).resource == clean


def test_certificates_alone() -> None:
    """A merchant that has no public key yet works with certificates alone."""
    pair: KeyPair = certificate()
    headers, body = notify(pair=pair)
    assert webhook(certs=certs(pair)).open(headers, body).id == "EV-1"


def test_a_notification_of_another_scheme(emulator: Emulator) -> None:
    """A brand's at a merchant's address, and a merchant's at a brand's, are named for what they are."""
    emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    ours, brand = emulator.credentials(), emulator.credentials("1004")["brand"]
    of_merchant = Webhook(apiv3_key=ours["apiv3_key"], certs=ours["certs"])
    headers, body = emulator.notification("PRODUCT_COUPON.SEND", mchid="1004")
    with pytest.raises(SignatureError, match=r"probably it is for a brand, .* Give brand=Brand\(\.\.\.\)"):
        of_merchant.open(headers, body)
    assert Webhook(apiv3_key=ours["apiv3_key"], certs=ours["certs"], brand=brand).open(headers, body).resource
    headers, body = emulator.notification("TRANSACTION.SUCCESS")
    with pytest.raises(SignatureError, match=r"probably it is for a merchant, .* the merchant's apiv3_key"):
        Webhook(brand=brand).open(headers, body)
    with pytest.raises(SignatureError, match=r"but 'NONE'$"):
        of_merchant.open({**headers, "Wechatpay-Signature-Type": "NONE"}, body)
