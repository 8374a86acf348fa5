"""A merchant in SM mode, from the chain over a socket to the emulator and to the webhook; and one that is switching."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.punishing import ORDER, PUNISH
from wechatpay_chain import (
    APIError,
    Brand,
    ConfigurationError,
    Merchants,
    Renewal,
    Request,
    Response,
    Secret,
    SyncWeChatPay,
    Unauthorized,
    Webhook,
    WeChatPay,
    bills,
    payments,
)
from wechatpay_chain.crypto import asymmetric
from wechatpay_chain.crypto.sm import engines, sm2
from wechatpay_chain.crypto.sm.keys import SM2PrivateKey
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.wire import v3
from wechatpay_chain.wire.authorization import Authorization

PAYMENT: dict[str, Any] = {
    "appid": "wx1",
    "description": "x",
    "out_trade_no": "SM20261128",
    "notify_url": "https://shop.example/n",
    "amount": {"total": 1},
}


@pytest.fixture(scope="module")
def sm_pair() -> KeyPair:
    """The merchant's key of SM2, with its certificate."""
    return KeyPair.merchant("SM2")


@pytest.fixture(scope="module")
def sm_certificate() -> KeyPair:
    """The platform's certificate of SM2."""
    return KeyPair.certified(algorithm="SM2")


@pytest.fixture
def emulator(sm_pair: KeyPair, sm_certificate: KeyPair, platform_pair: KeyPair) -> Emulator:
    """A platform with keys of both kinds, for a merchant in SM mode."""
    return Emulator(merchant_key=sm_pair, platform_keys=[platform_pair, sm_certificate])


@pytest.fixture
async def wxpay(emulator: Emulator) -> AsyncIterator[WeChatPay]:
    """A client that talks to it over a socket."""
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as client:
        yield client


async def test_main_job(wxpay: WeChatPay, emulator: Emulator, sm_pair: KeyPair, sm_certificate: KeyPair) -> None:
    """The request is signed with SM2, its secret encrypted with SM2, and the answer verified with SM2."""
    answer = await wxpay[PUNISH].post(json=ORDER)
    assert answer.verified
    request, response = emulator.exchanges[-1].request, emulator.exchanges[-1].response
    assert request.headers["Authorization"].startswith("WECHATPAY2-SM2-WITH-SM3 mchid=")
    assert request.headers["Wechatpay-Serial"] == sm_certificate.serial
    sent = orjson.loads(request.body or b"")["bal_account_no"]
    assert asymmetric.decrypt(sm_certificate.private_key, sent) == ORDER["bal_account_no"]
    said = Authorization.parse(request.headers["Authorization"])
    message = v3.request_message("POST", request.target, said.timestamp, said.nonce, request.body or b"")
    asymmetric.verify(sm_pair.private_key.public_key(), message, said.signature)
    assert response is not None
    assert response.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SM2-WITH-SM3"
    assert response.headers["Wechatpay-Serial"] == sm_certificate.serial


async def test_fields_that_come_back_encrypted(wxpay: WeChatPay, emulator: Emulator) -> None:
    """A field that the platform encrypted for the merchant's key of SM2 is decrypted."""
    answer = await wxpay["v3/security/echo"].post(json={"echo_message": "x", "encrypted_echo_message": "秘密"})
    assert answer.json()["encrypted_echo_message"] == "秘密"
    response = emulator.exchanges[-1].response
    assert response is not None
    assert "秘密".encode() not in response.content


async def test_ciphertext_of_ones_own(wxpay: WeChatPay, emulator: Emulator, sm_certificate: KeyPair) -> None:
    """A caller who encrypted himself names the key, and his ciphertext goes out as it is."""
    sealed = asymmetric.encrypt(sm_certificate.private_key.public_key(), ORDER["bal_account_no"])
    headers = {"Wechatpay-Serial": sm_certificate.serial}
    await wxpay[PUNISH].post(json=ORDER | {"bal_account_no": sealed}, headers=headers)
    assert orjson.loads(emulator.exchanges[-1].request.body or b"")["bal_account_no"] == sealed
    with pytest.raises(ConfigurationError, match="already is ciphertext"):
        await wxpay[PUNISH].post(json=ORDER | {"bal_account_no": sealed})


@pytest.mark.parametrize("value", ["", Secret("")])
async def test_empty_secret(wxpay: WeChatPay, value: Any) -> None:
    """SM2 encrypts no empty text: the error names the field."""
    with pytest.raises(ConfigurationError, match="json/bal_account_no: it is empty"):
        await wxpay[PUNISH].post(json=ORDER | {"bal_account_no": value})


async def test_long_secret(wxpay: WeChatPay, emulator: Emulator) -> None:
    """SM2 has no limit of RSA's kind: a long secret arrives."""
    await wxpay[PUNISH].post(json=ORDER | {"bal_account_no": "长" * 200})
    assert "长".encode() not in (emulator.exchanges[-1].request.body or b"")


async def test_the_key_of_the_other_kind(wxpay: WeChatPay, platform_pair: KeyPair) -> None:
    """A request that is signed with SM2 names no key of RSA."""
    with pytest.raises(ConfigurationError, match="it names a key of RSA"):
        await wxpay[PUNISH].post(json=ORDER, headers={"Wechatpay-Serial": platform_pair.serial})


def test_the_blocking_client(emulator: Emulator) -> None:
    """The blocking client signs with SM2 too."""
    with emulator.listen() as base_url, SyncWeChatPay(**emulator.credentials(), base_url=base_url) as client:
        assert client[PUNISH].post(json=ORDER).verified


async def test_other_key(emulator: Emulator) -> None:
    """The platform refuses a signature by another key of SM2, and the client says so."""
    async with WeChatPay(**emulator.credentials(private_key=sm2.generate()), transport=emulator) as client:
        with pytest.raises(Unauthorized):
            await client[PUNISH].post(json=ORDER)


@pytest.mark.parametrize("by_dispatch", [False, True])
async def test_notification(wxpay: WeChatPay, emulator: Emulator, *, by_dispatch: bool) -> None:
    """A notification is signed with SM2 and sealed with SM4, and read by a webhook that shares the client's keys."""
    webhook = Webhook(apiv3_key=emulator.apiv3_key, certs=wxpay.trust)
    handled: list[Any] = []
    webhook.on("TRANSACTION.SUCCESS")(lambda notification: handled.append(notification.resource["out_trade_no"]))
    await wxpay["v3/pay/transactions/native"].post(json=PAYMENT | {"mchid": emulator.mchid})
    emulator.pay(PAYMENT["out_trade_no"])
    headers, body = emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": PAYMENT["out_trade_no"]})
    assert headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SM2-WITH-SM3"
    assert orjson.loads(body)["resource"]["algorithm"] == "AEAD_SM4_GCM"
    if by_dispatch:
        assert (await webhook.dispatch(headers, body)).ok
        assert handled == [PAYMENT["out_trade_no"]]
    else:
        assert webhook.open(headers, body).resource["out_trade_no"] == PAYMENT["out_trade_no"]


async def test_many_merchants(emulator: Emulator) -> None:
    """A registry of merchants finds the one in SM mode by the serial of his notification, and opens it for him."""
    taken: list[str] = []

    def register(_mchid: str, webhook: Webhook) -> None:
        webhook.on()(lambda notification: taken.append(notification.event_type))

    async with Merchants(on_webhook=register) as merchants:
        merchants.put(**emulator.credentials(), transport=emulator)
        assert (await merchants.dispatch(*emulator.notification("TRANSACTION.SUCCESS"))).ok
    assert taken == ["TRANSACTION.SUCCESS"]


def test_fields_of_a_notification(emulator: Emulator, sm_pair: KeyPair) -> None:
    """A field that is encrypted for the merchant inside of a resource is decrypted with his key of SM2."""
    certs = emulator.credentials()["certs"]
    kind, phone = "BRAND_MEMBER_CARD_SP.USER_CARD.CREATE", "13800000000"
    message = emulator.notification(kind, {"phone_number": phone})
    sealed = Webhook(apiv3_key=emulator.apiv3_key, certs=certs).open(*message)
    assert sealed.resource["phone_number"] != phone
    opened = Webhook(apiv3_key=emulator.apiv3_key, certs=certs, private_key=sm_pair.private_key).open(*message)
    assert opened.resource["phone_number"] == phone


async def test_switching(
    emulator: Emulator, sm_pair: KeyPair, merchant_pair: KeyPair, platform_pair: KeyPair, sm_certificate: KeyPair
) -> None:
    """Before and after the switch each client prefers its own kind of key, and believes notifications of both kinds."""
    for pair, preferred in ((merchant_pair, platform_pair), (sm_pair, sm_certificate)):
        platform = Emulator(
            merchant_key=pair, platform_keys=[platform_pair, sm_certificate], apiv3_key=emulator.apiv3_key
        )
        async with WeChatPay(**platform.credentials(), transport=platform) as client:
            assert client.trust.keys.preferred is not None
            assert client.trust.keys.preferred.serial == preferred.serial
            assert (await client[PUNISH].post(json=ORDER)).verified
            webhook = Webhook(apiv3_key=platform.apiv3_key, certs=client.trust)
            for serial in (platform_pair.serial, sm_certificate.serial):
                message = platform.notification("TRANSACTION.SUCCESS", serial=serial)
                assert webhook.open(*message).event_type == "TRANSACTION.SUCCESS"
                assert b"no handler" in (await webhook.dispatch(*message)).body


async def test_answers_of_the_other_kind(emulator: Emulator, platform_pair: KeyPair) -> None:
    """During the switch an answer may be signed with RSA still: the key that its serial names verifies it."""

    async def by_rsa(request: Request) -> Response[Any]:
        serial = {"Wechatpay-Serial": platform_pair.serial}
        return await emulator(request.changed(headers=request.headers.merge(serial)))

    async with WeChatPay(**emulator.credentials(), transport=by_rsa) as client:
        answer = await client["v3/security/echo"].post(json={"echo_message": "x"})
        assert answer.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
        assert answer.verified


@pytest.mark.parametrize("algorithm_type", [None, "SM2", "ALL"])
async def test_renewal(emulator: Emulator, sm_certificate: KeyPair, tmp_path: Path, algorithm_type: Any) -> None:
    """Certificates of SM2 are downloaded by algorithm_type, opened with SM4, kept in the cache, and used."""
    platform = Emulator(
        merchant_key=emulator.merchant_key, platform_keys=[KeyPair.certified(), sm_certificate], apiv3_key="k" * 32
    )
    renewal = Renewal(cache=tmp_path / "certificates", algorithm_type=algorithm_type)
    arguments = platform.credentials(certs=None, renewal=renewal)
    for _ in range(2):
        async with WeChatPay(**arguments, transport=platform) as client:
            assert (await client[PUNISH].post(json=ORDER)).verified
            assert client.trust.keys.preferred is not None
            assert client.trust.keys.preferred.serial == sm_certificate.serial
            assert len(list(client.trust.keys)) == (2 if algorithm_type == "ALL" else 1)
    asked = [exchange.request for exchange in platform.exchanges if exchange.request.path == "/v3/certificates"]
    assert {request.query for request in asked} == {f"algorithm_type={algorithm_type or 'SM2'}"}


def test_unknown_algorithm_type() -> None:
    """It is named at once."""
    unknown: Any = "SM3"
    with pytest.raises(ConfigurationError, match="algorithm_type"):
        Renewal(algorithm_type=unknown)


def test_no_key_of_ones_own_kind(
    emulator: Emulator, merchant_pair: KeyPair, platform_pair: KeyPair, sm_certificate: KeyPair
) -> None:
    """A client that could verify none of its answers is not made; the error says what to add."""
    certs = {platform_pair.serial: platform_pair.public_pem}
    with pytest.raises(ConfigurationError, match=r"no platform certificate of SM2.*algorithm_type=SM2"):
        WeChatPay(**emulator.credentials(certs=certs))
    certs = {sm_certificate.serial: sm_certificate.public_pem}
    changes = {"serial": merchant_pair.serial, "private_key": merchant_pair.private_key, "certs": certs}
    with pytest.raises(ConfigurationError, match="all platform keys are of SM2"):
        WeChatPay(**emulator.credentials(**changes))


def test_ones_own_certificate(emulator: Emulator, sm_pair: KeyPair) -> None:
    """The merchant's own certificate among the platform's is noticed."""
    certs = {sm_pair.serial: sm_pair.public_pem}
    with pytest.raises(ConfigurationError, match="the merchant's own certificate"):
        WeChatPay(**emulator.credentials(certs=certs, serial="7" * 40))


def test_certificate_for_tls(emulator: Emulator, sm_pair: KeyPair) -> None:
    """Python's TLS can't present a key of SM2: the error says what can be given instead."""
    with pytest.raises(ConfigurationError, match=r"merchant_cert: .*ssl\.SSLContext"):
        WeChatPay(**emulator.credentials(merchant_cert=sm_pair.public_pem))


def test_brands_have_no_sm(sm_pair: KeyPair, sm_certificate: KeyPair, platform_pair: KeyPair) -> None:
    """A brand's keys are of RSA, its own and the platform's."""
    certs: dict[str, Any] = {platform_pair.serial: platform_pair.public_pem}
    with pytest.raises(ConfigurationError, match="Brands sign with keys of RSA"):
        Brand("1004", sm_pair.serial, sm_pair.private_key, certs)
    public = sm_certificate.private_key.public_key()
    with pytest.raises(ConfigurationError, match="a key of SM2 was found"):
        Brand("1004", "7" * 40, platform_pair.private_key, {"PUB_KEY_ID_1": public})


async def test_payment_parameters(wxpay: WeChatPay, sm_pair: KeyPair) -> None:
    """Which signType a front end takes for SM2 is unknown, so nothing is signed for one; the error says what to do."""
    for make in (wxpay.payments.jsapi, wxpay.payments.mini_program, wxpay.payments.app):
        with pytest.raises(ConfigurationError, match="signType"):
            await make("wx1", appid="wx2421b1c4370ec43b")
    with pytest.raises(ConfigurationError, match="signType"):
        payments.jsapi("wx1", appid="wx2421b1c4370ec43b", key=sm_pair.private_key, timestamp=1, nonce="N")


async def test_apiv2(wxpay: WeChatPay, emulator: Emulator) -> None:
    """APIv2 knows no SM: what the APIv2 key signs goes through, what the private key would sign is refused."""
    with pytest.raises(APIError, match="ORDERNOTEXIST"):
        await wxpay["v2/pay/orderquery"].post(xml={"appid": "wx1", "out_trade_no": "x"})
    asked: Any = {"version": "1.0", "appid": "wx1", "openid": "o", "access_token": "t", "sign_type": "HMAC-SHA256"}
    with pytest.raises(ConfigurationError, match="APIv2 has no cert_sign by a key of SM2"):
        await wxpay.v2.secsvc.getrealnameinfo.post(xml=asked)


async def test_encrypted_bill(wxpay: WeChatPay, tmp_path: Path) -> None:
    """A bill's key is encrypted for the merchant's key of SM2, and its parts with SM4."""
    params: dict[str, Any] = {"bill_date": "2026-01-01", "account_type": "ALL", "algorithm": "SM4_GCM"}
    path = await bills.fetch_encrypted(wxpay, bills.ENCRYPTED[1], to=tmp_path / "bill.csv", **params)
    assert path.read_bytes()


class Remote:
    """A signing service that holds a key of SM2."""

    algorithm = "SM2"

    def __init__(self, key: SM2PrivateKey) -> None:
        self._key = key

    async def sign(self, message: bytes) -> bytes:
        """The signature, DER."""
        return sm2.sign(self._key, message)


async def test_signing_service(emulator: Emulator, sm_pair: KeyPair) -> None:
    """A signer that says that it signs with SM2 makes the client one of SM mode."""
    assert isinstance(sm_pair.private_key, SM2PrivateKey)
    signer = Remote(sm_pair.private_key)
    async with WeChatPay(**emulator.credentials(private_key=signer), transport=emulator) as client:
        assert (await client[PUNISH].post(json=ORDER)).verified
    Remote.algorithm = "ECDSA"
    try:
        with pytest.raises(ConfigurationError, match="algorithm is unknown"):
            WeChatPay(**emulator.credentials(private_key=signer), transport=emulator)
    finally:
        Remote.algorithm = "SM2"


class Watched:
    """An engine that notes in which threads it computes."""

    name = "watched"

    def __init__(self) -> None:
        self._engine = engines.engine()
        self.threads: dict[str, set[int]] = {}

    def __getattr__(self, name: str) -> Any:
        self.threads.setdefault(name, set()).add(threading.get_ident())
        return getattr(self._engine, name)


async def test_sums_are_made_in_threads(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing, verifying, encrypting and decrypting don't hold up the client's event loop, nor that of a webhook."""
    message = emulator.notification("TRANSACTION.SUCCESS")
    certs = emulator.credentials()["certs"]
    webhook = Webhook(apiv3_key=emulator.apiv3_key, certs=certs)
    with emulator.listen() as base_url:
        async with WeChatPay(**emulator.credentials(), base_url=base_url) as client:
            watched = Watched()
            mine = threading.get_ident()
            monkeypatch.setattr(sm2, "engine", lambda: watched)
            await client["v3/security/echo"].post(json={"echo_message": "x", "encrypted_echo_message": "秘密"})
            assert watched.threads.keys() == {"sign", "verify", "encrypt", "decrypt"}
            assert all(mine not in threads for threads in watched.threads.values())
            watched.threads.clear()
            await webhook.dispatch(*message)
            assert watched.threads.keys() == {"verify"}
            assert mine not in watched.threads["verify"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork(emulator: Emulator) -> None:
    """A process that was forked off signs with SM2 in threads of its own."""

    def call() -> bool:
        with SyncWeChatPay(**emulator.credentials(), transport=emulator) as client:
            return client[PUNISH].post(json=ORDER | {"out_request_no": str(os.getpid())}).verified

    assert call()
    child = os.fork()
    if child == 0:
        ended = 1
        with contextlib.suppress(BaseException):
            ended = 0 if call() else 2
        os._exit(ended)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
