"""What tools show that print the local variables of a traceback: no key, no Authorization, no secret field."""

import base64
import pickle
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.openssl_sm import openssl
from tests.tcp import server, silent
from wechatpay_chain import Attachment, Merchants, Response, SyncWeChatPay, Webhook, WeChatPay, WeChatPayError, payments
from wechatpay_chain.client.options import Options
from wechatpay_chain.crypto import rsa
from wechatpay_chain.crypto.keys import load_certificate, load_private_key, load_public_key
from wechatpay_chain.crypto.sm import sm2
from wechatpay_chain.crypto.sm.keys import SM2PrivateKey
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request

PACKAGE = str(Path(payments.__file__).parent.parent)
CARD = "6222000011112222"
EMULATOR = Emulator()
KEYS = EMULATOR.credentials()
PRIVATE = EMULATOR.merchant_key.private_pem
PEM_LINE = PRIVATE.splitlines()[3]
SECRETS = {
    "the APIv3 key": EMULATOR.apiv3_key,
    "the APIv2 key": EMULATOR.apiv2_key,
    "the private key": PEM_LINE,
    "an Authorization": 'signature="',
    "a secret field": CARD,
}


def shown(error: BaseException) -> str:
    """The local variables of the package's frames, of an error and of those that it comes from."""
    told: traceback.TracebackException | None
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames: list[str] = []
    while told is not None:
        frames += [str(frame.locals) for frame in told.stack if frame.filename.startswith(PACKAGE)]
        told = told.__cause__ or told.__context__
    assert frames
    return "\n".join(frames)


def check(error: BaseException, *, pickled: bool = True) -> None:
    """Nothing that must not be seen is in an error, its frames or its pickle."""
    text = shown(error) + str(error) + repr(error) + repr(vars(error))
    if pickled:
        text += repr(pickle.dumps(error))
    assert not [name for name, secret in SECRETS.items() if secret in text]


async def forged(request: Request) -> Response[Any]:
    """An answer that nobody signed."""
    return Response(status=200, headers=Headers({}), content=b"{}", request=request)


async def forged_v2(request: Request) -> Response[Any]:
    """An answer of APIv2 with a wrong sign."""
    content = b"<xml><return_code>SUCCESS</return_code><sign>%s</sign></xml>" % (b"A" * 32)
    return Response(status=200, headers=Headers({}), content=content, request=request)


def recover(card: str, **options: Any) -> Callable[[Any], Any]:
    """A call with a secret field."""
    return lambda wxpay: wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(
        json={"bal_account_no": card}, **options
    )


def in_a_cycle(wxpay: Any) -> Any:
    """A call with a secret field in a payload that contains itself."""
    payload: dict[str, Any] = {"bal_account_no": CARD}
    payload["itself"] = payload
    return wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=payload)


CALLS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "a forged answer": (forged, recover(CARD)),
    "a refusal": (EMULATOR, recover(CARD)),
    "a secret that is too long": (EMULATOR, recover(CARD * 20)),
    "a secret with an emoji": (EMULATOR, recover(CARD + "\U0001f600")),
    "a serial that nobody has": (EMULATOR, recover(CARD, headers={"Wechatpay-Serial": "PUB_KEY_ID_1"})),
    "a secret that is misspelt": (EMULATOR, lambda w: w.v3.security.echo.post(json={"encrypted_echo_mesage": CARD})),
    "a payload that contains itself": (EMULATOR, in_a_cycle),
    "null": (EMULATOR, lambda w: w.v3.security.echo.post(json={"encrypted_echo_message": CARD, "echo_message": None})),
    "a forged answer of APIv2": (forged_v2, lambda w: w.v2.pay.orderquery.post(xml={"out_trade_no": "1"})),
    "another merchant's number": (EMULATOR, lambda w: w.v2.pay.orderquery.post(xml={"mch_id": "2"})),
    "a float": (EMULATOR, lambda w: w.v2.pay.orderquery.post(xml={"total_fee": 0.1})),
    "a secret of APIv2 that is misspelt": (
        EMULATOR,
        lambda w: w.v2.mmpaysptrans.pay_bank.post(xml={"encBankNo": CARD}),
    ),
    "an upload": (forged, lambda w: w.v3.merchant.media.upload.post(file=Attachment(content=b"x", name="a.jpg"))),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a06_calls(case: str) -> None:
    """An error of a call shows nothing, wherever in the pipeline it was raised."""
    transport, call = CALLS[case]
    async with WeChatPay(**KEYS, transport=transport) as wxpay:
        with pytest.raises(WeChatPayError) as caught:
            await call(wxpay)
    check(caught.value)


@pytest.mark.parametrize("case", ["a refusal", "a secret that is too long", "a float", "a forged answer"])
def test_a06_blocking_calls(case: str) -> None:
    """Nor does the blocking client's, whose verbs stand in the traceback too."""
    transport, call = CALLS[case]
    with SyncWeChatPay(**KEYS, transport=transport) as wxpay, pytest.raises(WeChatPayError) as caught:
        call(wxpay)
    check(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda recover: recover.post({"bal_account_no": CARD}),
        lambda recover: recover.post("x", json={"bal_account_no": CARD}),
        lambda recover: recover.post(data={"bal_account_no": CARD}),
        lambda recover: recover.post(bal_account_no=CARD),
        lambda recover: recover.post(bal_account_no=f"%41{CARD}"),
    ],
)
async def test_a06_payloads_under_no_or_a_wrong_name(call: Callable[[Any], Any]) -> None:
    """Nor does the TypeError of a verb that can't take a payload as it was given."""
    async with WeChatPay(**KEYS, transport=EMULATOR) as wxpay:
        with pytest.raises(TypeError) as caught:
            call(wxpay.v3.aggracctBc.wbChannel.controlOrders.recover)
    check(caught.value)


async def test_a06_no_connection() -> None:
    """Nor does one of the network, with a signed request under way."""
    async with WeChatPay(**KEYS, base_url="http://127.0.0.1:9") as wxpay:
        with pytest.raises(WeChatPayError) as caught:
            await recover(CARD, retry=False)(wxpay)
    check(caught.value)
    async with server(silent) as base_url, WeChatPay(**KEYS, base_url=base_url, timeout=0.05) as wxpay:
        with pytest.raises(WeChatPayError) as caught:
            await recover(CARD, retry=False)(wxpay)
    check(caught.value)


def notification(**resource: str) -> tuple[dict[str, str], bytes]:
    """A notification that the platform signed."""
    key, stamp = EMULATOR.platform_keys[0], str(int(time.time()))
    body = b'{"id":"1","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"0123456789ab","ciphertext":"AAAA"}}'
    signature = base64.b64encode(rsa.sign(key.rsa_key, f"{stamp}\nN\n".encode() + body + b"\n")).decode()
    names = ("Timestamp", "Nonce", "Serial", "Signature")
    values = (stamp, "N", key.serial, signature)
    return {f"Wechatpay-{name}": value for name, value in zip(names, values, strict=True)}, body


@pytest.mark.parametrize(
    "received",
    [
        ({}, b"{}"),
        ({}, b"<xml><a>1</a><sign>%s</sign></xml>" % (b"A" * 32)),
        ({}, b"<xml><a>1</xml>"),
        ({}, b"<xml><req_info>QUJD</req_info></xml>"),
        ({}, b"<xml><event_ciphertext>QUJD</event_ciphertext><sign>A</sign></xml>"),
        notification(),
    ],
)
def test_a06_notifications(received: tuple[dict[str, str], bytes]) -> None:
    """What a stranger sends gives an error without any key in its frames."""
    hook = Webhook(apiv3_key=KEYS["apiv3_key"], apiv2_key=KEYS["apiv2_key"], certs=KEYS["certs"])
    with pytest.raises(WeChatPayError) as caught:
        hook.open(*received)
    check(caught.value)


WRONG: list[dict[str, Any]] = [
    {"apiv3_key": KEYS["apiv3_key"] + " "},
    {"apiv2_key": KEYS["apiv2_key"] + "\n"},
    {"private_key": PRIVATE[:-60]},
    {"private_key": PRIVATE, "certs": {"PUB_KEY_ID_1": PRIVATE}},
    {"mchid": KEYS["apiv2_key"]},
    {"serial": KEYS["apiv3_key"]},
    {"merchant_cert": PRIVATE},
    {"base_url": "ftp://x"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: "+".join(wrong))
@pytest.mark.parametrize(
    "make",
    [
        lambda arguments: WeChatPay(**arguments),
        lambda arguments: SyncWeChatPay(**arguments),
        lambda arguments: WeChatPay.from_env("NOWHERE_", **arguments),
        lambda arguments: Merchants(session=cast("Any", object())).put(**arguments),
        lambda arguments: Options(**arguments),
        lambda arguments: Options(**KEYS).changed(**arguments),
    ],
    ids=["WeChatPay", "SyncWeChatPay", "from_env", "Merchants", "Options", "changed"],
)
def test_a06_constructors(make: Callable[[dict[str, Any]], object], wrong: dict[str, Any]) -> None:
    """A client that can't be made shows none of the keys that it was given."""
    with pytest.raises(WeChatPayError) as caught:
        make({**KEYS, **wrong})
    check(caught.value)


@pytest.mark.parametrize(
    "load",
    [
        lambda: load_private_key(PRIVATE[:-60]),
        lambda: load_public_key(PRIVATE, argument="certs"),
        lambda: load_certificate(PRIVATE, argument="merchant_cert"),
    ],
)
def test_a06_keys(load: Callable[[], object]) -> None:
    """Nor does a key that can't be loaded show itself."""
    with pytest.raises(WeChatPayError) as caught:
        load()
    check(caught.value)


def test_a06_webhooks() -> None:
    """Nor does a webhook."""
    with pytest.raises(WeChatPayError) as caught:
        Webhook(apiv3_key=KEYS["apiv3_key"], apiv2_key=KEYS["apiv2_key"][:-1], private_key=PRIVATE)
    check(caught.value)


async def test_a06_front_ends() -> None:
    """Nor do the parameters of front ends, made by the client or by the functions."""
    wxpay = WeChatPay(**KEYS, transport=EMULATOR)
    fresh: dict[str, Any] = {"apiv2_key": KEYS["apiv2_key"], "timestamp": 1, "nonce": "n"}
    for call in (
        lambda: wxpay.payments.jsapi_v2({}, appid="wx1"),
        lambda: wxpay.payments.payscore_detail("1", "x&a=b"),
        lambda: payments.jsapi_v2({}, appid="wx1", **fresh),
        lambda: payments.payscore_detail("1", "x&a=b", mchid="1", **fresh),
        lambda: payments.coupon_h5("1", "2", "x&a=b", send_coupon_merchant="1", apiv2_key=KEYS["apiv2_key"]),
        lambda: wxpay.page_url("v2/papay/entrustweb", {"a": "x&a=b"}),
    ):
        with pytest.raises(WeChatPayError) as caught:
            call()
        check(caught.value)
    await wxpay.aclose()


async def test_a06_answers() -> None:
    """An answer in a pickle, as queues of tasks keep it, is without the Authorization that its request had."""
    async with WeChatPay(**KEYS, transport=EMULATOR) as wxpay:
        answer = await wxpay.v3.security.echo.post(json={"echo_message": "hello"})
    pickled = pickle.dumps(answer)
    assert b'signature="' not in pickled
    assert pickle.loads(pickled).json() == answer.json()


SM2 = KeyPair.merchant("SM2")


def damaged(pair: KeyPair) -> str:
    """A key whose public half is another's: found out when everything of it was read."""
    assert isinstance(pair.private_key, SM2PrivateKey)
    other = sm2.generate().public.point
    return base64.b64encode(pair.private_key.to_der().replace(pair.private_key.public.point, other)).decode()


@pytest.mark.parametrize("form", [damaged(SM2), SM2.private_pem[:-60], "encrypted"])
def test_a06_keys_of_sm2(form: str, tmp_path: Path) -> None:
    """A key of SM2 that can't be loaded isn't shown, in none of its forms."""
    assert isinstance(SM2.private_key, SM2PrivateKey)
    if form == "encrypted":
        path = tmp_path / "key.pem"
        path.write_text(SM2.private_pem)
        form = openssl("pkcs8", "-topk8", "-in", path, "-v2", "sm4-cbc", "-passout", "pass:another").decode()
    given: dict[str, Any] = {**KEYS, "private_key": form}
    with pytest.raises(WeChatPayError) as caught:
        WeChatPay(**given)
    check(caught.value)
    secret, text = SM2.private_key.secret, shown(caught.value)
    told = (
        secret.hex(),
        repr(secret)[2:-1],
        str(int.from_bytes(secret, "big")),
        SM2.private_pem.splitlines()[1][20:40],
    )
    assert not [form for form in told if form in text]


async def test_a06_calls_in_sm_mode() -> None:
    """Nor do calls that fail in SM mode show the key or a secret field."""
    assert isinstance(SM2.private_key, SM2PrivateKey)
    emulator = Emulator(merchant_key=SM2)
    for transport, call in ((forged, recover(CARD)), (emulator, recover(CARD)), (emulator, recover(""))):
        async with WeChatPay(**emulator.credentials(), transport=cast("Any", transport)) as wxpay:
            with pytest.raises(WeChatPayError) as caught:
                await call(wxpay)
        check(caught.value)
        assert repr(SM2.private_key.secret)[2:-1] not in shown(caught.value)
