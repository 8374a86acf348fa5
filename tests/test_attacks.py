"""What a forger, a thief of old messages or a man in the middle may try, and the exception that each attempt ends in.

Every attack on notifications is tried on `open`, which must raise, and on `dispatch`, which must refuse and not call
the handler; attacks on answers are tried on a client.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.notifications.sender import (
    APIV2_KEY,
    PAYMENT,
    Envelope,
    Message,
    brand_owner,
    brand_pair,
    brand_public_key,
    certificate,
    certs,
    merchant,
    notify,
    public_key,
    refund,
    sending,
    sign,
    sm_certificate,
    stranger,
    webhook,
    xml,
)
from wechatpay_chain import (
    ConfigurationError,
    DecodeError,
    DecryptionError,
    Notification,
    Request,
    Response,
    SignatureError,
    SignatureProbe,
    Webhook,
    WeChatPay,
    WeChatPayError,
)
from wechatpay_chain.credentials.renewal import Pace, Renewal
from wechatpay_chain.crypto import asymmetric, digest
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.wire import signature_types, v2, v3

PAID = {"transaction_id": "42", "out_trade_no": "A1", "total_fee": "1"}
BOMB = b"".join(
    [
        b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a0 "ha">',
        *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 10)),
        b"]><xml><total_fee>&a9;</total_fee></xml>",
    ]
)


def change(header: str, value: str) -> Message:
    """A genuine notification with one header changed."""
    headers, body = notify()
    return {**headers, header: value}, body


def without(header: str) -> Message:
    """A genuine notification with one header removed."""
    headers, body = notify()
    return {name: value for name, value in headers.items() if name != header}, body


def altered(position: int) -> Message:
    """A genuine notification with one bit of its body changed."""
    headers, body = notify()
    return headers, body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]


def swapped_serial() -> Message:
    """A notification signed by one of the platform's keys, in the name of the other."""
    headers, body = notify(pair=certificate())
    return {**headers, "Wechatpay-Serial": public_key().serial}, body


def other_padding() -> Message:
    """A notification signed by the right key in another form: PSS, or of SM2 both numbers without DER."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    headers, body = notify()
    message = v3.answer_message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body)
    if public_key().algorithm == "SM2":
        numbers = decode_dss_signature(asymmetric.sign(public_key().private_key, message))
        bare = b"".join(number.to_bytes(32, "big") for number in numbers)
        return {**headers, "Wechatpay-Signature": base64.b64encode(bare).decode()}, body
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    signature = public_key().rsa_key.sign(message, pss, hashes.SHA256())
    return {**headers, "Wechatpay-Signature": base64.b64encode(signature).decode()}, body


def moved_boundary() -> Message:
    """Nonce and body cut elsewhere, so that the signed text stays the same."""
    headers, body = notify()
    nonce = headers["Wechatpay-Nonce"]
    return {**headers, "Wechatpay-Nonce": nonce + "\n" + body.decode().partition(",")[0]}, body.partition(b",")[2]


def in_the_merchants_name() -> Message:
    """A notification signed with a key of the forger's, under the platform's serial."""
    return notify(pair=replace(stranger(), serial=public_key().serial))


FORGERIES: dict[str, tuple[Callable[[], tuple[Any, bytes]], type[WeChatPayError]]] = {
    "unsigned": (lambda: ({}, Envelope().body()), SignatureError),
    "stale": (lambda: notify(now=time.time() - 302), SignatureError),
    "from the future": (lambda: notify(now=time.time() + 302), SignatureError),
    "fresh time on an old signature": (
        lambda: (notify(now=time.time() - 9999)[0] | {"Wechatpay-Timestamp": str(int(time.time()))}, notify()[1]),
        SignatureError,
    ),
    "re-signed by another key": (lambda: notify(pair=stranger()), SignatureError),
    "another key under the platform's serial": (in_the_merchants_name, SignatureError),
    "swapped serial": (swapped_serial, SignatureError),
    "altered first byte": (lambda: altered(0), SignatureError),
    "altered last byte": (lambda: altered(-1 + len(notify()[1])), SignatureError),
    "altered in the middle": (lambda: altered(300), SignatureError),
    "byte appended": (lambda: (notify()[0], notify()[1] + b"\n"), SignatureError),
    "nonce changed": (lambda: change("Wechatpay-Nonce", "other"), SignatureError),
    "nonce with a line end": (moved_boundary, SignatureError),
    "no timestamp": (lambda: without("Wechatpay-Timestamp"), SignatureError),
    "timestamp 0": (lambda: change("Wechatpay-Timestamp", "0"), SignatureError),
    "timestamp with a sign": (lambda: change("Wechatpay-Timestamp", f"+{int(time.time())}"), SignatureError),
    "timestamp in other digits": (lambda: change("Wechatpay-Timestamp", "١٢٣"), SignatureError),
    "timestamp of a thousand digits": (lambda: change("Wechatpay-Timestamp", "9" * 1000), SignatureError),
    "timestamp that is a date of no calendar": (
        lambda: change("Wechatpay-Timestamp", "Thu, 1 Jan 2026 00:00:00 +99999999999999999"),
        SignatureError,
    ),
    "nonce of bytes that are no UTF-8": (lambda: change("Wechatpay-Nonce", "'\udcff'"), SignatureError),
    "nonce of blanks between commas": (
        lambda: change("Wechatpay-Nonce", ",".join(["\xa0" * 60] * 30) + ",x"),
        SignatureError,
    ),
    "serial of blanks between commas": (
        lambda: change("Wechatpay-Serial", ",".join(["\xa0" * 60] * 30) + ",x"),
        SignatureError,
    ),
    "no nonce": (lambda: without("Wechatpay-Nonce"), SignatureError),
    "no serial": (lambda: without("Wechatpay-Serial"), SignatureError),
    "no signature": (lambda: without("Wechatpay-Signature"), SignatureError),
    "empty signature": (lambda: change("Wechatpay-Signature", ""), SignatureError),
    "zero signature": (lambda: change("Wechatpay-Signature", "A" * 342 + "=="), SignatureError),
    "signature that is no Base64": (lambda: change("Wechatpay-Signature", "é!" * 172), SignatureError),
    "downgraded type": (lambda: change("Wechatpay-Signature-Type", "NONE"), SignatureError),
    "downgraded to SHA-1": (lambda: change("Wechatpay-Signature-Type", "WECHATPAY2-SHA1-RSA2048"), SignatureError),
    "empty type": (lambda: change("Wechatpay-Signature-Type", ""), SignatureError),
    "another padding": (other_padding, SignatureError),
    "probe": (lambda: change("Wechatpay-Signature", "WECHATPAY/SIGNTEST/x"), SignatureProbe),
    "two serials": (
        lambda: ([*notify()[0].items(), ("wechatpay-serial", stranger().serial)], notify()[1]),
        SignatureError,
    ),
    "wrong APIv3 key": (lambda: notify(apiv3_key="x" * 32), DecryptionError),
    "XML, unsigned": (lambda: ({}, xml(PAID, None)), SignatureError),
    "XML, empty sign": (lambda: ({}, v2.build({**PAID, "sign": ""})), SignatureError),
    "XML, signed with an empty key": (
        lambda: ({}, v2.build({**PAID, "sign": digest.md5(b"out_trade_no=A1&total_fee=1&transaction_id=42&key=")})),
        SignatureError,
    ),
    "XML, signed without a key": (
        lambda: ({}, v2.build({**PAID, "sign": digest.md5(b"out_trade_no=A1&total_fee=1&transaction_id=42")})),
        SignatureError,
    ),
    "XML, sign of another kind": (
        lambda: ({}, xml({**PAID, "sign_type": "HMAC-SHA256"}, "MD5")),
        SignatureError,
    ),
    "XML, altered": (lambda: ({}, xml(PAID).replace(b">1<", b">9<")), SignatureError),
    "XML, a field twice": (
        lambda: ({}, xml(PAID).replace(b"</xml>", b"<total_fee>9</total_fee></xml>")),
        DecodeError,
    ),
    "XML, a field inside of another": (
        lambda: ({}, xml(PAID).replace(b">A1<", b"><total_fee>9</total_fee><")),
        DecodeError,
    ),
    "XML, in the headers of a good notification": (lambda: (notify()[0], xml(PAID, None)), SignatureError),
    "XML, refund under another key": (lambda: ({}, refund(PAID, "x" * 32)), WeChatPayError),
    "XML, refund that is no Base64": (lambda: ({}, v2.build({"req_info": "!"})), DecryptionError),
    "XML, external entity": (
        lambda: ({}, b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>'),
        DecodeError,
    ),
    "XML, external type": (lambda: ({}, b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><xml/>'), DecodeError),
    "XML, parameter entity": (lambda: ({}, b'<!DOCTYPE a [<!ENTITY % x SYSTEM "x">%x;]><xml/>'), DecodeError),
    "XML, billion laughs": (lambda: ({}, BOMB), DecodeError),
    "XML, many attributes": (
        lambda: ({}, b"<xml " + b" ".join(b"a%d=''" % number for number in range(30_000)) + b"/>"),
        DecodeError,
    ),
    "XML, in UTF-16 to hide a type": (
        lambda: ({}, '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><xml/>'.encode("utf-16")),
        WeChatPayError,
    ),
}


SIGNATURE_TYPES = {"v3": signature_types.RSA, "brand": signature_types.BRAND, "sm": signature_types.SM2}


@pytest.fixture(params=SIGNATURE_TYPES)
def scheme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The scheme that is attacked: whose messages are forged, and whose receiver or client must notice."""
    name: str = request.param
    monkeypatch.setattr(sending, "signature_type", SIGNATURE_TYPES[name])
    return name


@pytest.mark.usefixtures("scheme")
@pytest.mark.parametrize(("forge", "error"), FORGERIES.values(), ids=FORGERIES)
async def test_forged_notification(forge: Callable[[], tuple[Any, bytes]], error: type[WeChatPayError]) -> None:
    """A forged notification ends in its exception, is refused with FAIL, and reaches no handler."""
    hook = webhook()
    handled: list[str] = []
    hook.on()(lambda notification: handled.append(notification.id))
    message = forge()
    with pytest.raises(error) as caught:
        hook.open(*message)
    assert caught.value.request is None
    assert APIV2_KEY not in str(caught.value)
    reply = await hook.dispatch(*message)
    assert (reply.ok, b"FAIL" in reply.body, handled) == (False, True, [])


def test_genuine_notification(scheme: str) -> None:
    """What is forged above is believed where nothing is wrong with it; a message without a signature type is of RSA."""
    assert webhook().open(*notify()).resource == PAYMENT
    if scheme == "sm":
        with pytest.raises(SignatureError, match="signature type"):
            webhook().open(*without("Wechatpay-Signature-Type"))
    else:
        assert webhook().open(*without("Wechatpay-Signature-Type")).resource == PAYMENT
    for other in set(SIGNATURE_TYPES.values()) - {SIGNATURE_TYPES[scheme]}:
        with pytest.raises(SignatureError, match="signature type"):
            webhook().open(*change("Wechatpay-Signature-Type", other))


@pytest.fixture
def sm_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notifications are those of a merchant in SM mode, who believes a platform certificate of RSA, too."""
    monkeypatch.setattr(sending, "signature_type", signature_types.SM2)


AES, SM4 = "AEAD_AES_256_GCM", "AEAD_SM4_GCM"


@pytest.mark.usefixtures("sm_mode")
def test_both_kinds_during_the_switch() -> None:
    """Notifications of RSA and of SM2 are believed at once, each sealed as belongs to its signature."""
    assert webhook().open(*notify(algorithm=SM4)).resource == PAYMENT
    assert webhook().open(*notify(pair=certificate(), algorithm=AES)).resource == PAYMENT


@pytest.mark.usefixtures("sm_mode")
@pytest.mark.parametrize("is_sm2", [True, False])
def test_sealed_as_the_other_kind(*, is_sm2: bool) -> None:
    """A resource that is sealed in the other way than its signature's is refused, in both directions."""
    message = notify(algorithm=AES) if is_sm2 else notify(pair=certificate(), algorithm=SM4)
    with pytest.raises(DecryptionError, match=f"{SM4 if is_sm2 else AES} alone"):
        webhook().open(*message)


@pytest.mark.usefixtures("sm_mode")
@pytest.mark.parametrize("signature_type", [signature_types.RSA, signature_types.SM2])
@pytest.mark.parametrize("is_sm2", [True, False])
def test_signed_as_the_other_kind(signature_type: str, *, is_sm2: bool) -> None:
    """Who holds one kind of the platform's keys can't speak for the other, under whichever signature type and name."""
    holds, names = (public_key(), certificate()) if is_sm2 else (certificate(), public_key())
    headers, body = notify(
        pair=replace(holds, serial=names.serial), algorithm=signature_types.SEALED_WITH[signature_type]
    )
    with pytest.raises(SignatureError):
        webhook().open({**headers, "Wechatpay-Signature-Type": signature_type}, body)


@pytest.mark.usefixtures("sm_mode")
def test_sm_alone() -> None:
    """A receiver that believes keys of one kind alone refuses genuine notifications of the other."""
    with pytest.raises(SignatureError, match="unknown key"):
        webhook(certs=certs(public_key())).open(*notify(pair=certificate(), algorithm=AES))
    with pytest.raises(SignatureError, match="unknown key"):
        webhook(certs=certs(certificate())).open(*notify())


def test_a_merchants_notification_at_a_brands_receiver() -> None:
    """Whose a notification is, its key says: neither passes with the other's signature type, nor opens with its key."""
    hook = Webhook(apiv3_key="m" * 32, certs=certs(certificate()), brand=brand_owner())
    merchants = Envelope(apiv3_key="m" * 32).body()
    assert hook.open(sign(merchants, pair=certificate()), merchants).resource == PAYMENT
    brands = Envelope().body()
    of_brand = {"Wechatpay-Signature-Type": signature_types.BRAND}
    assert hook.open(sign(brands) | of_brand, brands).resource == PAYMENT
    with pytest.raises(SignatureError, match="signature type"):
        hook.open(sign(merchants, pair=certificate()) | of_brand, merchants)
    with pytest.raises(DecryptionError):
        hook.open(sign(brands, pair=certificate()), brands)
    with pytest.raises(DecryptionError):
        hook.open(sign(merchants) | of_brand, merchants)
    alone = Webhook(brand=brand_owner())
    assert alone.open(sign(brands) | of_brand, brands).resource == PAYMENT
    with pytest.raises(SignatureError, match="unknown key"):
        alone.open(sign(merchants, pair=certificate()) | of_brand, merchants)


async def test_demand_23_replayed() -> None:
    """A genuine notification that is sent again within its five minutes is handled once."""
    hook = webhook()
    handled: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: handled.append(notification.id))
    message = notify()
    replies = await asyncio.gather(*(hook.dispatch(*message) for _ in range(20)))
    assert {reply.status for reply in replies} <= {200, 503}
    assert handled == ["EV-1"]


def test_an_answer_as_a_notification() -> None:
    """A signed answer of the platform, sent as a notification, holds no resource that would open."""
    body = b'{"trade_state":"SUCCESS","out_trade_no":"A1"}'
    with pytest.raises(DecodeError, match="no resource"):
        webhook().open(sign(body), body)


@pytest.mark.parametrize("key", ["", " " * 31, b""])
def test_empty_apiv2_key(key: Any) -> None:
    """An empty APIv2 key, with which anyone could sign, is refused at construction."""
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        webhook(apiv2_key=key)


def test_missing_apiv2_key() -> None:
    """Without APIv2 key an XML notification is the receiver's own mistake, never a pass."""
    hook = webhook(apiv2_key=None)
    for body in (xml(PAID), xml(PAID, None), refund(PAID)):
        with pytest.raises(ConfigurationError, match="apiv2_key"):
            hook.open({}, body)


def test_demand_46_no_entity_reads_a_file(tmp_path: Path) -> None:
    """An external entity reads no file: its content shows up nowhere."""
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    body = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><xml><a>&x;</a></xml>'.encode()
    with pytest.raises(DecodeError) as caught:
        webhook().open({}, body)
    assert "the secret" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [BOMB, b"[" * 1_000_000, b'{"a":' * 300_000, b"<xml>" * 300_000, b"<a " + b"x='1' " * 100_000, b"x" * 3_000_000],
    ids=["entities", "arrays", "objects", "elements", "attributes", "length"],
)
def test_bombs_are_refused(body: bytes) -> None:
    """A body made to exhaust the receiver is refused like any other, signed or not."""
    for headers in ({}, sign(body)):
        with pytest.raises(WeChatPayError):
            webhook().open(headers, body)


@pytest.mark.parametrize("value", ["]]>", "]]></return_msg><return_code>FAIL</return_code>", "<![CDATA[", "&#60;a>"])
def test_demand_46_cdata_injection(value: str) -> None:
    """A value that tries to leave its element stays a value."""
    assert v2.parse(v2.build({"return_msg": value})) == {"return_msg": value}


async def test_demand_45_unknown_serial_flood() -> None:
    """Five hundred forged notifications with as many unknown serials cause no outgoing call and empty no cache."""
    emulator = Emulator(merchant_key=merchant(), platform_keys=(certificate(),))
    calls: list[str] = []

    async def transport(request: Request) -> Response[Any]:
        calls.append(request.path)
        return await emulator(request)

    arguments = {**emulator.credentials(), "transport": transport, "renewal": Renewal(pace=Pace(1e6))}
    async with WeChatPay(**arguments) as wxpay:
        await wxpay["v3/security/echo"].post(json={"echo_message": "x"})
        await asyncio.sleep(0.05)
        before, keys = list(calls), wxpay.trust.keys
        hook = Webhook(apiv3_key=emulator.apiv3_key, certs=wxpay.trust)
        body = Envelope(apiv3_key=emulator.apiv3_key).body()
        for number in range(500):
            forged = replace(stranger(), serial=f"{number:040X}" if number % 2 else f"PUB_KEY_ID_{number}")
            assert (await hook.dispatch(sign(body, pair=forged), body)).status == 401
        await asyncio.sleep(0.05)
        assert calls == before
        assert wxpay.trust.keys is keys
        assert hook.open(sign(body, pair=certificate()), body).resource == PAYMENT


def resign(response: Response[Any], pair: KeyPair, **changes: str) -> Response[Any]:
    """An answer with its signature made anew by another key."""
    headers = response.headers
    message = v3.answer_message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], response.content)
    signature = base64.b64encode(asymmetric.sign(pair.private_key, message)).decode()
    return replace(response, headers=headers.merge({"Wechatpay-Signature": signature, **changes}))


def header(name: str, value: str) -> Callable[[Response[Any]], Response[Any]]:
    """Changes a header of an answer."""
    return lambda response: replace(response, headers=response.headers.merge({name: value}))


def other_kind() -> KeyPair:
    """The platform's key of RSA for a merchant in SM mode, and its key of SM2 for the others."""
    return certificate() if sending.algorithm == "SM2" else sm_certificate()


def word_of(pair: KeyPair) -> str:
    """The type of a key's signatures."""
    return signature_types.OF_MERCHANT[pair.algorithm]


ANSWERS: dict[str, tuple[Callable[[Response[Any]], Response[Any]], type[WeChatPayError]]] = {
    "altered": (lambda response: replace(response, content=response.content + b" "), SignatureError),
    "emptied": (lambda response: replace(response, content=b""), SignatureError),
    "stale": (header("Wechatpay-Timestamp", str(int(time.time()) - 302)), SignatureError),
    "re-signed": (lambda response: resign(response, stranger()), SignatureError),
    "under its own serial": (
        lambda response: resign(response, stranger(), **{"Wechatpay-Serial": stranger().serial}),
        SignatureError,
    ),
    "downgraded": (header("Wechatpay-Signature-Type", "NONE"), SignatureError),
    "probe": (header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/x"), SignatureProbe),
    "unsigned": (lambda response: replace(response, headers=response.headers.__class__({})), SignatureError),
    "with the other kind of key": (lambda response: resign(response, other_kind()), SignatureError),
    "with the other kind of key, and its signature type": (
        lambda response: resign(response, other_kind(), **{"Wechatpay-Signature-Type": word_of(other_kind())}),
        SignatureError,
    ),
    "under the other kind's serial": (
        lambda response: resign(response, public_key(), **{"Wechatpay-Serial": other_kind().serial}),
        SignatureError,
    ),
}


CALLS = {
    "v3": ("v3/security/echo", {"echo_message": "x"}),
    "brand": ("brand/marketing/product-coupon/notify-configs", {"notify_url": "https://a.example/n"}),
    "sm": ("v3/security/echo", {"echo_message": "x"}),
}


def client(scheme: str, tamper: Callable[[Response[Any]], Response[Any]]) -> WeChatPay:
    """A client of a merchant and a brand, on whose way somebody changes the answers to calls of one of them."""
    emulator = Emulator(merchant_key=merchant(), platform_keys=(public_key(), other_kind()))
    emulator.add_merchant(Merchant(mchid="1004", role="brand", key=brand_pair(), platform_key=brand_public_key()))

    async def transport(request: Request) -> Response[Any]:
        return tamper(await emulator(request))

    only = emulator.credentials("1004") if scheme == "brand" else {}
    return WeChatPay(**{**emulator.credentials(), **only}, transport=transport)


@pytest.mark.parametrize(("tamper", "error"), ANSWERS.values(), ids=ANSWERS)
async def test_forged_answer(
    tamper: Callable[[Response[Any]], Response[Any]], error: type[WeChatPayError], scheme: str
) -> None:
    """A forged answer to a write ends in its exception, with the outcome unknown, never as success or as refusal."""
    async with client(scheme, tamper) as wxpay:
        with pytest.raises(error) as caught:
            await wxpay[CALLS[scheme][0]].post(json=CALLS[scheme][1])
    assert caught.value.outcome == "unknown"


def untouched(response: Response[Any]) -> Response[Any]:
    """Changes nothing."""
    return response


def in_its_place(foreign: Response[Any]) -> Callable[[Response[Any]], Response[Any]]:
    """Puts another answer in the place of every one."""
    return lambda _response: foreign


async def test_an_answer_of_the_other_scheme(scheme: str) -> None:
    """A brand's genuine answer isn't one to a merchant's call, nor the other way round, whatever type it claims."""
    other = {"v3": "brand", "brand": "v3", "sm": "brand"}[scheme]
    async with client(other, untouched) as wxpay:
        taken = await wxpay[CALLS[other][0]].post(json=CALLS[other][1])
    assert taken.verified
    for signature_type in SIGNATURE_TYPES.values():
        foreign = header("Wechatpay-Signature-Type", signature_type)(taken)
        async with client(scheme, in_its_place(foreign)) as wxpay:
            with pytest.raises(SignatureError):
                await wxpay[CALLS[scheme][0]].post(json=CALLS[scheme][1])
    for signature_type in set(SIGNATURE_TYPES.values()) - {SIGNATURE_TYPES[scheme]}:
        async with client(scheme, header("Wechatpay-Signature-Type", signature_type)) as wxpay:
            with pytest.raises(SignatureError, match="signature type"):
                await wxpay[CALLS[scheme][0]].post(json=CALLS[scheme][1])


def test_configured_keys_only() -> None:
    """A key that the forger sends along is never believed: only what was configured counts."""
    hook = webhook(certs=certs(certificate()))
    with pytest.raises(SignatureError, match="unknown key"):
        hook.open(*notify(pair=public_key()))


async def test_a_handler_sees_nothing_before_verification() -> None:
    """The handler is called with a `Notification` alone, which only verification makes."""
    hook = webhook()
    seen: list[object] = []
    hook.on()(seen.append)
    await hook.dispatch(*notify())
    assert [type(item) for item in seen] == [Notification]
