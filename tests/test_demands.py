"""What users of other SDKs stumbled over, a test for each case, over a socket against the emulator where it can be.

The number in a test's name is the case's.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import pickle
import time
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.punishing import ORDER, PUNISH
from tests.tcp import answering, server, silent
from wechatpay_chain import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    DecryptionError,
    Pending,
    RateLimited,
    Request,
    Response,
    Secret,
    ServerError,
    SignatureError,
    TimedOut,
    Unauthorized,
    WeChatPay,
    bills,
)
from wechatpay_chain.crypto import aead, asymmetric
from wechatpay_chain.crypto.keys import load_public_key
from wechatpay_chain.crypto.serials import canonical
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.http.attachment import Attachment
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.policies.retry import RetryPolicy
from wechatpay_chain.wire import v3


class Recorder:
    """A handler that keeps what would go out, and answers as it is told."""

    def __init__(self, emulator: Emulator, **changes: Any) -> None:
        self.requests: list[Request] = []
        self._emulator = emulator
        self._changes = changes

    async def __call__(self, request: Request) -> Response[Any]:
        self.requests.append(request)
        return replace(await self._emulator(request), **self._changes)


def recorded(emulator: Emulator, **changes: Any) -> tuple[WeChatPay, Recorder]:
    """A client, and the recorder that it sends to."""
    recorder = Recorder(emulator, **changes)
    return WeChatPay(
        **emulator.credentials(), transport=recorder, retry=RetryPolicy(base=0.001), rate_limits=None
    ), recorder


@pytest.mark.parametrize("payload", [None, {}, {"description": "名 \u2028\t\"'"}, {"b": 1, "a": [1.5, True]}])
async def test_demand_01_the_bytes_signed_are_the_bytes_sent(
    wxpay: WeChatPay, emulator: Emulator, payload: Any
) -> None:
    """No body, an empty object, and any spelling of JSON arrive with a signature that holds at the server."""

    @emulator.on("POST", "/v3/new/thing")
    def take(call: Any) -> dict[str, Any]:
        return {"received": [] if call.json is None else [call.json]}

    received = (await wxpay["v3/new/thing"].post(json=payload)).json()["received"]
    assert received == ([] if payload is None else [payload])


@pytest.mark.parametrize("value", ["订单 1", "a/b", "a?b=c", "a#b", "ABC", "%2F", "..a", "a&b=c", "+", "\\", "../x"])
async def test_demand_02_any_value_reaches_the_path_as_it_is(wxpay: WeChatPay, emulator: Emulator, value: str) -> None:
    """A value with Chinese, blanks, slashes, question marks or capitals arrives as exactly that value."""

    @emulator.on("GET", "/v3/new/{id}/end")
    def show(call: Any) -> dict[str, Any]:
        return {"id": call.values["id"]}

    assert (await wxpay["v3/new/{id}/end"].get(id=value)).json() == {"id": value}


@pytest.mark.parametrize("value", ["", ".", ".."])
async def test_demand_02_a_value_that_would_change_the_path_is_refused(wxpay: WeChatPay, value: str) -> None:
    """What no encoding can protect is a ConfigurationError before anything is sent."""
    with pytest.raises(ConfigurationError, match="cannot be a path segment"):
        await wxpay["v3/new/{id}/end"].get(id=value)


async def test_demand_03_nothing_is_shared_and_nothing_of_the_callers_is_changed(wxpay: WeChatPay) -> None:
    """The same payload and headers serve many calls at once, and are afterwards as they were."""
    headers = {"Accept-Language": "en"}
    order = ORDER | {"nested": [{"name": "x"}]}
    before = json.dumps(order)
    answers = await asyncio.gather(*(wxpay.chain(PUNISH).post(json=order, headers=headers) for _ in range(10)))
    assert len({answer.json()["wxpay_punish_no"] for answer in answers}) == 1
    assert json.dumps(order) == before
    assert headers == {"Accept-Language": "en"}


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), "🙂", "\ud800", {1, 2}, b"x", Decimal(1)])
async def test_demand_04_what_the_platform_cannot_take_is_said_before_sending(emulator: Emulator, bad: Any) -> None:
    """Null, NaN, 4-byte characters and values that are no JSON are refused with the place where they stand."""
    wxpay, recorder = recorded(emulator)
    with pytest.raises(ConfigurationError, match="json/goods/0/name"):
        await wxpay["v3/pay/transactions/native"].post(json={"goods": [{"name": bad}]})
    assert recorder.requests == []


@pytest.mark.parametrize(
    ("place", "template", "payload"),
    [
        ("out_trade_no", "v3/pay/transactions/out-trade-no/{out_trade_no}", {"out_trade_no": "T🙂"}),
        ("params['mchid']", "v3/pay/transactions/out-trade-no/T1", {"params": {"mchid": "🙂"}}),
        ("xml/body", "v2/pay/unifiedorder", {"xml": {"body": "🙂"}}),
        ("xml/detail/goods_name", "v2/pay/unifiedorder", {"xml": {"detail": {"goods_name": "🙂"}}}),
        ("meta/filename", "v3/merchant/media/upload", {"file": b"x", "meta": {"filename": "🙂.jpg"}}),
    ],
)
async def test_demand_04_an_emoji_is_refused_wherever_it_stands(
    emulator: Emulator, place: str, template: str, payload: dict[str, Any]
) -> None:
    """In a value of the path, a query, the XML and JSON of APIv2, and the name of a file: nothing is sent."""
    wxpay, recorder = recorded(emulator)
    chain = wxpay[template]
    with pytest.raises(ConfigurationError, match="the 4-byte character U\\+1F642") as caught:
        await (chain.post(**payload) if {"xml", "file"} & payload.keys() else chain.get(**payload))
    assert (caught.value.argument, caught.value.outcome) == (place, "not_sent")
    assert recorder.requests == []


@pytest.mark.parametrize("name", ["licence.jpg", '营业"执照".png', "a\r\nb.bmp"])
async def test_demand_05_an_upload_signs_its_meta_alone(wxpay: WeChatPay, name: str) -> None:
    """A file with any name is taken by the platform, which checks the signature over `meta` and the digest."""
    content = b"\xff\xd8\xff" + bytes(range(256))
    answer = await wxpay.v3.merchant.media.upload.post(file=content, meta={"filename": name})
    assert answer.verified
    assert answer.json()["media_id"]


async def test_demand_05_an_upload_from_a_path(emulator: Emulator, tmp_path: Path) -> None:
    """A path gives content, name and digest."""
    file = tmp_path / "门店.png"
    file.write_bytes(b"\x89PNG")
    client, recorder = recorded(emulator)
    await client.v3.merchant.media.upload.post(file=file)
    meta = json.loads(recorder.requests[0].signed_body or b"")
    assert meta == {"filename": "门店.png", "sha256": hashlib.sha256(b"\x89PNG").hexdigest()}


async def test_demand_06_a_sign_error_shows_the_first_difference(emulator: Emulator) -> None:
    """When a gateway changes a signed request, the error shows what was signed and what was verified."""

    async def gateway(request: Request) -> Response[Any]:
        answer = await emulator(replace(request, query=request.query.replace("%2C", ",")))
        return replace(answer, request=request)

    async with WeChatPay(**emulator.credentials(), transport=gateway) as wxpay:
        with pytest.raises(Unauthorized, match=r"differ from character \d+ \(line 2\)") as caught:
            await wxpay["v3/new/thing"].get(params={"a": "1,2"})
    assert "signed '?a=1%2C2" in str(caught.value)
    assert "verified '?a=1,2" in str(caught.value)


@pytest.mark.parametrize("scheme", ["brand", "SM"])
async def test_demand_06_a_sign_error_of_any_scheme_shows_the_difference(scheme: str) -> None:
    """What a brand signs, and a merchant with a key of SM2, is compared as well."""
    emulator = Emulator(merchant_key=KeyPair.merchant("SM2")) if scheme == "SM" else Emulator()
    emulator.add_merchant(Merchant(mchid="1004", role="brand"))

    async def gateway(request: Request) -> Response[Any]:
        answer = await emulator(replace(request, body=(request.body or b"").replace(b":", b": ")))
        return replace(answer, request=request)

    arguments = emulator.credentials() if scheme == "SM" else emulator.credentials("1004")
    path = "v3/security/echo" if scheme == "SM" else "brand/marketing/product-coupon/notify-configs"
    async with WeChatPay(**arguments, transport=gateway) as wxpay:
        with pytest.raises(Unauthorized, match=r"verified \d+ bytes, \d+ were signed here") as caught:
            await wxpay[path].post(json={"echo_message": "x", "notify_url": "https://shop.example/n"})
    assert [cause.name for cause in caught.value.causes] == ["request-changed"]


async def test_demand_06_a_sign_error_over_the_same_text_blames_the_key(emulator: Emulator) -> None:
    """When both sides saw the same text, the error names key and serial as the cause."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    arguments = {**emulator.credentials(), "private_key": other, "merchant_cert": None}
    async with WeChatPay(**arguments, transport=emulator) as wxpay:
        with pytest.raises(Unauthorized, match="Check that private_key and serial belong to the same"):
            await wxpay.v3.certificates.get()
        with pytest.raises(Unauthorized, match="Check that private_key and serial belong to the same"):
            await wxpay.chain(PUNISH).post(json=ORDER)


def test_demand_07_the_merchants_certificate_is_no_platform_certificate(emulator: Emulator) -> None:
    """The merchant's own public key among the platform's is recognised at construction."""
    own = emulator.merchant_key.rsa_key.public_key()
    with pytest.raises(ConfigurationError, match="merchant's own certificate or public key"):
        WeChatPay(**emulator.credentials(certs={"PUB_KEY_ID_1": own}))


def test_demand_07_the_serials_are_not_mixed_up(emulator: Emulator) -> None:
    """A public key identifier as the merchant's serial is recognised at construction."""
    credentials = emulator.credentials()
    with pytest.raises(ConfigurationError, match="serial: the identifier of a WeChat Pay public key"):
        WeChatPay(**emulator.credentials(serial=next(iter(credentials["certs"]))))


def test_demand_10_a_wrong_apiv3_key_is_named(emulator: Emulator) -> None:
    """Another length is noticed at construction, another key is named as the cause where it fails."""
    with pytest.raises(ConfigurationError, match="apiv3_key: 31 bytes"):
        WeChatPay(**emulator.credentials(apiv3_key="k" * 31))
    sealed = aead.encrypt(b"a" * 32, b"n" * 12, b"{}")
    with pytest.raises(DecryptionError, match="APIv3 key"):
        aead.decrypt(b"b" * 32, b"n" * 12, sealed)


def private_key_forms(key: rsa.RSAPrivateKey, folder: Path) -> dict[str, Any]:
    """A private key in the forms that merchants have it."""
    none = serialization.NoEncryption()
    pkcs8 = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode()
    pkcs1 = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, none).decode()
    bundle = pkcs12.serialize_key_and_certificates(
        None, key, None, None, serialization.BestAvailableEncryption(b"1900000109")
    )
    path = folder / "apiclient_key.pem"
    path.write_text(pkcs8)
    return {
        "PKCS#8": pkcs8,
        "PKCS#1": pkcs1,
        "bytes": pkcs8.encode(),
        "DER": key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, none),
        "no header": "".join(pkcs8.splitlines()[1:-1]),
        "one line": pkcs8.replace("\n", " "),
        "CRLF": pkcs8.replace("\n", "\r\n"),
        "literal line ends": pkcs8.replace("\n", "\\n"),
        "PKCS#12": bundle,
        "path": path,
        "path as text": str(path),
    }


def test_demand_11_every_form_of_the_private_key_is_taken(emulator: Emulator, tmp_path: Path) -> None:
    r"""PKCS#1, PKCS#8, PKCS#12, DER, without header, on one line, CRLF, literal `\\n`, bytes, text and path."""
    credentials = emulator.credentials()
    for form in private_key_forms(emulator.merchant_key.rsa_key, tmp_path).values():
        WeChatPay(**{**credentials, "private_key": form})


def test_demand_12_serials_survive_a_lost_zero_and_any_case() -> None:
    """A serial of 39 digits gets its zero back, and small letters are capitals on the wire."""
    assert canonical("a" * 39) == "0" + "A" * 39
    assert canonical("0b:" + "c" * 38) == "0B" + "C" * 38


async def test_demand_15_ciphertext_and_serial_come_from_one_key(emulator: Emulator) -> None:
    """The serial that goes out names the very key that encrypted, so the platform can decrypt."""
    wxpay, recorder = recorded(emulator)
    assert (await wxpay.chain(PUNISH).post(json=ORDER)).status == 200
    assert recorder.requests[0].headers["Wechatpay-Serial"] in emulator.credentials()["certs"]
    with pytest.raises(ConfigurationError, match="not in certs"):
        await wxpay.chain(PUNISH).post(json=ORDER, headers={"Wechatpay-Serial": "PUB_KEY_ID_0"})


async def test_demand_15_ciphertext_of_the_callers_own_needs_its_serial(wxpay: WeChatPay, emulator: Emulator) -> None:
    """A value that already is ciphertext is left alone, and the caller must say by which key it was made."""
    serial, source = next(iter(emulator.credentials()["certs"].items()))
    key, _ = load_public_key(source, argument="certs")
    order = ORDER | {"bal_account_no": asymmetric.encrypt(key, ORDER["bal_account_no"])}
    with pytest.raises(ConfigurationError, match="already is ciphertext"):
        await wxpay.chain(PUNISH).post(json=order)
    assert (await wxpay.chain(PUNISH).post(json=order, headers={"Wechatpay-Serial": serial})).status == 200


async def test_demand_24_there_is_a_timeout_by_default(emulator: Emulator) -> None:
    """A server that never answers ends in TimedOut, by the client's default and by the call's own time."""
    async with server(silent) as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        with pytest.raises(TimedOut):
            await wxpay.v3.certificates.get(timeout=0.05)
        default = wxpay.options.timeouts
    assert [default.of_attempt(idempotent=idempotent) for idempotent in (False, True)] == [30, 20]


@pytest.mark.parametrize("version", ["v3", "v2"])
async def test_demand_24_a_signer_that_never_answers_ends_with_the_call(emulator: Emulator, version: str) -> None:
    """Time runs out for a service that signs as it does for the network; nothing was sent then."""

    class Hanging:
        async def sign(self, message: bytes) -> bytes:
            return await asyncio.Future()

    credentials: Any = {**emulator.credentials(), "private_key": Hanging(), "merchant_cert": None}
    wxpay = WeChatPay(**credentials, transport=emulator, timeout=0.05)
    asked: Any = {"xml": {"appid": "wx1"}} if version == "v2" else {"json": ORDER}
    with pytest.raises(TimedOut, match="the signer gave no signature") as caught:
        await wxpay["v2/secsvc/getrealnameinfo" if version == "v2" else PUNISH].post(**asked)
    assert caught.value.outcome == "not_sent"
    assert not emulator.calls


async def test_demand_25_an_idle_connection_is_given_up_before_the_platform_closes_it(
    wxpay: WeChatPay, sessions: list[ClientSession]
) -> None:
    """Connections are kept for less than the platform's 8 s; tests/faults closes them under the client's hands."""
    await wxpay.chain(PUNISH).post(json=ORDER)
    (session,) = sessions
    assert session.connector is not None
    assert session.connector._keepalive_timeout == 6


class ClosingUnderTheHands(aiohttp.TCPConnector):
    """Closes each connection that was kept, in the moment between its choice and its use."""

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        connection = await super()._get(key, traces)
        if connection is not None and connection.transport is not None:
            connection.transport.close()
        return connection


async def test_demand_25_nothing_left_on_a_connection_closed_under_the_clients_hands(emulator: Emulator) -> None:
    """Such a call is known as not sent, so that it may be made again whatever it does."""
    async with (
        emulator.listen() as base_url,
        ClientSession(connector=ClosingUnderTheHands()) as session,
        WeChatPay(**emulator.credentials(), base_url=base_url, session=session) as wxpay,
    ):
        with pytest.raises(APIError, match="404"):
            await wxpay["v3/new/thing1"].get(retry=False)
        with pytest.raises(ConnectionFailed, match="closed before the request was written") as caught:
            await wxpay["v3/new/thing2"].get(retry=False)
        assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 1)
        with pytest.raises(APIError, match="404"):
            await wxpay["v3/new/thing3"].get(retry=False)
    assert [exchange.request.path[-1] for exchange in emulator.exchanges] == ["1", "3"]


async def test_demand_26_a_timeout_after_sending_is_unknown_and_says_so(emulator: Emulator) -> None:
    """The error of a write that may have arrived forbids a new number."""
    async with (
        server(silent) as base_url,
        WeChatPay(**emulator.credentials(), base_url=base_url, timeout=1.0) as wxpay,
    ):
        with pytest.raises(TimedOut, match="never with a new number") as caught:
            await wxpay["v3/refund/domestic/refunds"].post(json={"out_refund_no": "1"})
    assert caught.value.outcome == "unknown"


async def test_demand_26_a_refund_refused_for_its_rate_may_have_been_accepted(emulator: Emulator) -> None:
    """429 means rejected, but not for refunds."""
    wxpay, _ = recorded(emulator, status=429, content=b'{"code":"FREQUENCY_LIMITED","message":"slow down"}')
    with pytest.raises(RateLimited) as refund:
        await wxpay["v3/refund/domestic/refunds"].post(json={"out_refund_no": "1"})
    with pytest.raises(RateLimited) as order:
        await wxpay.chain(PUNISH).post(json=ORDER)
    assert (refund.value.outcome, order.value.outcome) == ("unknown", "rejected")


@pytest.mark.parametrize("content", [b"<html>502 Bad Gateway</html>", b"", b"[]", b'"x"', b"\xff"])
async def test_demand_27_an_error_of_any_form_is_an_api_error(emulator: Emulator, content: bytes) -> None:
    """HTML, nothing, and JSON of another shape don't break the error."""
    wxpay, _ = recorded(emulator, status=502, content=content)
    with pytest.raises(ServerError) as caught:
        await wxpay.chain(PUNISH).post(json=ORDER)
    assert (caught.value.code, caught.value.content, caught.value.outcome) == ("", content, "unknown")


async def test_demand_27_a_202_with_an_error_code_is_no_success(emulator: Emulator) -> None:
    """`202 USERPAYING` is Pending of unknown outcome."""

    @emulator.on("POST", "/v3/new/pay")
    def paying(call: Any) -> Response[Any]:
        return Response(status=202, content=b'{"code": "USERPAYING", "message": "wait"}')

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(Pending) as caught:
            await wxpay["v3/new/pay"].post(json={})
    assert caught.value.outcome == "unknown"


async def test_demand_27_a_204_is_a_success(wxpay: WeChatPay) -> None:
    """An empty answer is verified like any other, and its JSON is None."""
    answer = await wxpay.v3.goldplan.merchants.closeAdvertisingShow.post(json={"sub_mchid": "1900000109"})
    assert (answer.status, answer.verified, answer.json()) == (204, True, None)


async def test_demand_28_the_error_holds_what_support_asks_for_and_no_secret(wxpay: WeChatPay) -> None:
    """Request-ID, code, detail and raw body are there, after pickling too; no Authorization in the traceback."""
    with pytest.raises(APIError) as caught:
        await wxpay.chain(PUNISH).post(json={"bal_account_no": "6222 0000 1111"})
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.request_id
    assert error.code == "PARAM_ERROR"
    assert error.detail
    assert json.loads(error.content)["code"] == error.code
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "WECHATPAY2" not in text


async def test_demand_29_a_call_goes_to_the_backup_by_itself(emulator: Emulator) -> None:
    """With the main host down a write goes to the backup, in two attempts."""
    async with emulator.listen() as backup:
        options = {"base_url": "http://127.0.0.1:1", "backups": [backup]}
        async with WeChatPay(**{**emulator.credentials(), **options}) as wxpay:
            first = await wxpay.chain(PUNISH).post(json=ORDER)
            assert (first.attempts, (await wxpay.chain(PUNISH).post(json=ORDER)).attempts) == (2, 1)


async def test_demand_30_a_test_server_in_the_platforms_place(emulator: Emulator) -> None:
    """The emulator serves on a port and inside of the process."""
    async with emulator.listen() as base_url:
        for place in ({"base_url": base_url}, {"transport": emulator}):
            async with WeChatPay(**emulator.credentials(**place)) as wxpay:
                assert (await wxpay.chain(PUNISH).post(json=ORDER)).verified


async def test_demand_32_another_host_serves_everything(emulator: Emulator) -> None:
    """`base_url` names an overseas access point, a proxy or a test server, for every call."""
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        answer = await wxpay.v3.global_.refund.rechargeBalance.get()
    assert answer.verified


@pytest.mark.parametrize("name", ['a"b.jpg', "执照.jpg", "a;b=c.jpg", "a\r\nX: y.jpg"])
async def test_demand_05_a_streamed_upload_is_one_call_and_signs_its_meta(emulator: Emulator, name: str) -> None:
    """An upload from incoming chunks is one awaited call, whatever the file is called; `filename` stays in meta."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"\xff\xd8"

    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        await wxpay["v3/merchant/media/upload"].post(file=Attachment(content=chunks(), name=name))
    assert emulator.calls[-1].file == b"\xff\xd8"
    assert (emulator.calls[-1].meta or {})["filename"] == name


async def test_demand_33_a_bill_is_signed_streamed_and_checked_unpacked(emulator: Emulator, tmp_path: Path) -> None:
    """The download is signed, its digest is that of the unpacked content, and an expired link is asked for anew."""
    now = [time.time()]
    late = Emulator(clock=lambda: now[0], merchant_key=emulator.merchant_key, platform_keys=emulator.platform_keys)
    async with WeChatPay(**late.credentials(), transport=late, clock=lambda: now[0]) as wxpay:
        answer = await wxpay.v3.bill.tradebill.get(params={"bill_date": "2026-01-01", "tar_type": "GZIP"})
        now[0] += 301
        pieces = [piece async for piece in wxpay.stream(answer)]
        await wxpay.download(answer, tmp_path / "bill.csv")
    assert answer.json()["hash_value"] == hashlib.sha1(b"".join(pieces)).hexdigest()


async def test_demand_34_a_foreign_download_never_receives_authorization(emulator: Emulator, tmp_path: Path) -> None:
    """Byte for byte: a link to another host is followed without signature."""
    received: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    async with server(answering(answer, received)) as origin, WeChatPay(**emulator.credentials()) as wxpay:
        await wxpay.download({"download_url": f"{origin}/f?token=t"}, tmp_path / "x")
    assert b"authorization" not in received[0].lower()


async def test_demand_35_parameters_for_front_ends_from_an_existing_prepay_id(emulator: Emulator) -> None:
    """One call each for mini-program, JSAPI and APP."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        jsapi = await wxpay.payments.jsapi("wx20", appid="wx1")
        mini = await wxpay.payments.mini_program("wx20", appid="wx1")
        app = await wxpay.payments.app("wx20", appid="wx1")
    assert jsapi["package"] == mini["package"] == "prepay_id=wx20"
    assert (app["prepayid"], app["package"]) == ("wx20", "Sign=WXPay")


def test_demand_36_amounts_of_bills_are_exact() -> None:
    """0.29 yuan is 29 fen."""
    with bills.read("商户订单号,订单金额\n`A1,`0.29\n".encode(), fen=True) as rows:
        assert list(rows) == [{"商户订单号": "A1", "订单金额": 29}]


async def test_demand_36_money_in_floats_is_refused(emulator: Emulator) -> None:
    """0.29 yuan times 100 is 28.999999999999996: such an amount never leaves, and the error says what to give."""
    wxpay, recorder = recorded(emulator)
    with pytest.raises(ConfigurationError, match=r"json/amount/total: the float 28\.99.*int or Decimal"):
        await wxpay["v3/pay/transactions/native"].post(json={"amount": {"total": 0.29 * 100}})
    assert recorder.requests == []


async def test_demand_42_no_signature_leaves_for_a_foreign_host(wxpay: WeChatPay, emulator: Emulator) -> None:
    """An absolute URL is no path, and a redirect is an error instead of a second request."""
    with pytest.raises(ConfigurationError):
        wxpay.chain("https://evil.example/v3/pay")
    redirected, recorder = recorded(emulator, status=302, headers=Headers({"Location": "https://evil.example/"}))
    with pytest.raises(APIError, match="redirect"):
        await redirected.chain(PUNISH).post(json=ORDER)
    assert len(recorder.requests) == 1


async def test_demand_43_an_unsigned_answer_is_believed_by_operation_alone(emulator: Emulator) -> None:
    """A value that spells another path doesn't borrow the exemption of an operation whose answers are unsigned."""

    async def unsigned(request: Request) -> Response[Any]:
        return Response(status=200, content=b"{}", request=request)

    async with WeChatPay(**emulator.credentials(), transport=unsigned) as wxpay:
        image = await wxpay["v3/merchant-service/images/{media_id}"].get(media_id="1")
        assert not image.verified
        with pytest.raises(SignatureError, match="not signed"):
            await wxpay["v3/pay/transactions/id/{id}"].get(id="../../../v3/merchant-service/images/1")
        with pytest.raises(SignatureError, match="not signed"):
            await wxpay["v3/{a}/images"].get(a="merchant-service")
        with pytest.raises(ConfigurationError):
            wxpay["v3/merchant-service/images/../../pay"]


@pytest.mark.parametrize("value", ["it's", "a|b", "a*b", "a@b", "a~b", "a%2Fb", "a/b:c", "a+b c", "é中"])
async def test_demand_44_no_character_breaks_the_signature(wxpay: WeChatPay, emulator: Emulator, value: str) -> None:
    """Apostrophe, bar, star, at, tilde and escapes arrive in path and query with a signature that holds."""

    @emulator.on("GET", "/v3/new/{id}")
    def show(call: Any) -> dict[str, Any]:
        return {"id": call.values["id"], "query": call.query}

    answer = await wxpay["v3/new/{id}"].get(id=value, params={"q": value})
    assert answer.json() == {"id": value, "query": {"q": value}}


async def test_demand_48_a_chain_is_not_awaited_and_a_typo_is_not_sent(wxpay: WeChatPay) -> None:
    """`await chain` is a TypeError, and a misspelt placeholder is named instead of sent."""
    chain: Any = wxpay.v3.pay.transactions.id._transaction_id_
    with pytest.raises(TypeError):
        await chain
    with pytest.raises(TypeError, match="missing placeholder 'transaction_id'"):
        await chain.get(transation_id="1")


def test_demand_49_configuration_objects_stay_as_they_are(emulator: Emulator) -> None:
    """The caller's dictionaries of keys are read, never written."""
    credentials = emulator.credentials()
    certs = dict(credentials["certs"])
    WeChatPay(**emulator.credentials(certs=certs))
    assert certs == credentials["certs"]


async def test_demand_50_an_unsigned_refusal_keeps_the_platforms_message(emulator: Emulator) -> None:
    """A 4xx without signature headers is an APIError with the platform's words, marked as not verified."""
    content = json.dumps({"code": "NO_AUTH", "message": "商户号无权限"}).encode()
    wxpay, _ = recorded(emulator, status=403, headers=Headers(), content=content)
    with pytest.raises(APIError, match="NO_AUTH: 商户号无权限") as caught:
        await wxpay.chain(PUNISH).post(json=ORDER)
    assert not caught.value.verified


async def test_secret_marks_what_the_catalogue_does_not_know(emulator: Emulator) -> None:
    """`Secret` is encrypted anywhere, and its plaintext is nowhere in what goes out."""
    wxpay, recorder = recorded(emulator)
    with pytest.raises(APIError):
        await wxpay["v3/new/operation"].post(
            json={"list": [{"name": Secret("张三丰")}]}, params={"phone": Secret("13800")}
        )
    sent = repr((recorder.requests[0].body, recorder.requests[0].target, dict(recorder.requests[0].headers)))
    assert "13800" not in sent
    assert "张三丰".encode() not in (recorder.requests[0].body or b"")
    assert v3.SERIAL_HEADER in recorder.requests[0].headers
