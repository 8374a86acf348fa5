"""The client as a whole, over a real socket against the emulator."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.punishing import ORDER, PUNISH
from tests.tcp import server, silent
from wechatpay_chain import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    Handler,
    NotFound,
    Renewal,
    Request,
    Response,
    Secret,
    SignatureError,
    SyncWeChatPay,
    TimedOut,
    WeChatPay,
    WeChatPayWarning,
)
from wechatpay_chain.catalogue.hints import warn_deprecated
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.policies.retry import RetryPolicy


async def test_the_main_job(wxpay: WeChatPay) -> None:
    """Punish, recover and query: sealed, signed, sent, verified, decoded."""
    punished = await wxpay.chain(PUNISH).post(json=ORDER)
    assert punished.verified
    recovered = await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(
        json={
            "out_request_no": "R1",
            "related_webank_punish_no": "W1",
            "related_wxpay_punish_no": punished.json()["wxpay_punish_no"],
            "mchid": ORDER["mchid"],
            "bal_account_no": ORDER["bal_account_no"],
            "recover_reason": "appeal granted",
        }
    )
    queried = await wxpay.v3.aggracctBc.wbChannel.controlOrders._out_request_no_.get(
        out_request_no="R1", params={"control_type": "RECOVER", "mchid": ORDER["mchid"]}
    )
    assert queried.json().get("recover_order", {}).get("wxpay_recover_no") == recovered.json()["wxpay_recover_no"]


@pytest.mark.parametrize("given", ["/v3/certificates", None, {"method": "GET"}])
async def test_what_is_no_request_is_not_sent(wxpay: WeChatPay, given: Any) -> None:
    """`send` takes requests alone, and says so."""
    with pytest.raises(ConfigurationError, match=r"request: .* was found. Give Request\("):
        await wxpay.send(given)


async def test_the_callers_objects_stay_as_they_are(wxpay: WeChatPay) -> None:
    """Payload, parameters and headers of the caller are read, never written."""
    order, headers = dict(ORDER), {"Accept-Language": "en"}
    await wxpay.chain(PUNISH).post(json=order, headers=headers)
    assert order == ORDER
    assert headers == {"Accept-Language": "en"}


async def test_concurrent_calls_keep_apart(wxpay: WeChatPay) -> None:
    """Fifty calls at once each get their own answer."""
    answers = await asyncio.gather(
        *(wxpay.chain(PUNISH).post(json=ORDER | {"out_request_no": f"C{number}"}) for number in range(50))
    )
    assert [answer.json()["out_request_no"] for answer in answers] == [f"C{number}" for number in range(50)]


async def test_a_secret_echo_comes_back_decrypted(wxpay: WeChatPay) -> None:
    """`json()` gives decrypted values, `content` the raw bytes."""
    answer = await wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": Secret("张三")})
    assert answer.json().get("encrypted_echo_message") == "张三"
    assert "张三" not in answer.text


async def test_a_refusal_is_an_error_with_all_that_the_platform_said(wxpay: WeChatPay) -> None:
    """Status, code, reason, detail, Request-ID, raw body, and whether the signature held."""
    with pytest.raises(APIError) as caught:
        await wxpay.chain(PUNISH).post(json={"mchid": "1900000109"})
    error = caught.value
    assert (error.status, error.code, error.outcome, error.attempts) == (400, "PARAM_ERROR", "rejected", 1)
    assert error.verified
    assert error.request_id
    assert error.content
    assert str(error.request) == f"POST /{PUNISH}"


async def test_an_unknown_path_names_the_closest_operations(wxpay: WeChatPay) -> None:
    """A 404 of an operation that nobody knows carries a note with those that it resembles."""
    with pytest.raises(NotFound) as caught:
        await wxpay.chain("v3/aggracct-bc/wb-channel/control-accounts/recover").post(json={})
    assert "POST /v3/aggracct-bc/wb-channel/control-orders/recover" in caught.value.__notes__[0]
    assert caught.value.causes == ()


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("v3/aggracct-bc/wb-channel/control-order/recover", "v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("v3/pay/transaction/native", "v3/pay/transactions/native"),
        ("v3/pay/transactions/natvie", "v3/pay/transactions/native"),
        (
            "v3/pay/transactions/out-trade-no/{out_trade_no}/colse",
            "v3/pay/transactions/out-trade-no/{out_trade_no}/close",
        ),
    ],
)
async def test_a_path_with_wrong_letters_may_be_the_cause(wxpay: WeChatPay, path: str, meant: str) -> None:
    """One or two wrong letters: the text of the 404 says which path may be meant, and doesn't claim to know."""
    values = {"out_trade_no": "A1"} if "{" in path else {}
    with pytest.raises(NotFound) as caught:
        await wxpay.chain(path).post(json={}, **values)
    (cause,) = caught.value.causes
    assert (cause.name, cause.certainty) == ("path-misspelt", "possible")
    assert f"Write {meant!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("v3/aggracctBc/wbChannel/controlOrders/recover", "v3/aggracct-bc/wb-channel/control-orders/recover"),
        ("v3/applyment4sub/applyment", "v3/applyment4sub/applyment/"),
        ("v3/merchant/media/videoUpload", "v3/merchant/media/video_upload"),
    ],
)
async def test_a_path_that_is_spelt_otherwise_is_the_cause(wxpay: WeChatPay, path: str, meant: str) -> None:
    """Camel case, a lost slash, a hyphen for an underscore: sent as it stands, and the 404 says what to write."""
    with pytest.raises(NotFound) as caught:
        await wxpay.chain(path).post(json={})
    (cause,) = caught.value.causes
    assert (cause.name, str(caught.value.request)) == ("path-misspelt", f"POST /{path}")
    assert repr(meant) in str(caught.value)


async def test_a_wrong_verb_is_the_cause(wxpay: WeChatPay) -> None:
    """A known path with a verb that it hasn't."""
    with pytest.raises(APIError) as caught:
        await wxpay.chain("v3/pay/transactions/native").put(json={})
    assert [cause.name for cause in caught.value.causes] == ["wrong-verb"]
    assert "POST only" in str(caught.value)


async def test_a_misspelt_literal_names_the_closest_operations(wxpay: WeChatPay) -> None:
    """A path that can't be sent carries the same note."""
    with pytest.raises(ConfigurationError) as caught:
        wxpay.chain("v3/pay/transactions/native ")
    assert "/v3/pay/transactions/native" in caught.value.__notes__[0]


async def test_a_deprecated_operation_warns_once(wxpay: WeChatPay) -> None:
    """The first call of a deprecated operation in a process warns and names its successor."""
    warn_deprecated.cache_clear()
    chain = wxpay.v3.merchantService.complaints
    with pytest.warns(WeChatPayWarning, match="deprecated"):
        await call(chain)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await call(chain)


async def call(chain: Any) -> None:
    """A call that is refused."""
    with pytest.raises(APIError):
        await chain.get()


async def test_validate_names_every_fault(emulator: Emulator) -> None:
    """With `validate=True` nothing leaves, and all faults are named at once."""
    async with WeChatPay(**emulator.credentials(), transport=emulator, validate=True) as wxpay:
        with pytest.raises(ConfigurationError) as caught:
            await wxpay.chain(PUNISH).post(json=ORDER | {"req_scene": "NO_SUCH", "mchid": 1})
    assert "json/mchid" in caught.value.found
    assert "json/req_scene" in caught.value.found


def test_dir_lists_the_children(emulator: Emulator) -> None:
    """A REPL completes what the catalogue knows below a chain."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    assert {"v2", "v3", "hk", "global_", "brand"} <= set(dir(wxpay))
    assert {"native", "jsapi", "id"} <= set(dir(wxpay.v3.pay.transactions))


async def test_a_forged_answer_is_not_believed(emulator: Emulator) -> None:
    """An altered answer is a SignatureError of unknown outcome with everything for diagnosis, and nothing else."""

    async def forging(request: Request) -> Response[Any]:
        answer = await emulator(request)
        return replace(answer, content=answer.content.replace(b"P1", b"P2"))

    async with WeChatPay(**emulator.credentials(), transport=forging) as wxpay:
        with pytest.raises(SignatureError) as caught:
            await wxpay.chain(PUNISH).post(json=ORDER)
    error = caught.value
    assert (error.status, error.outcome, error.attempts) == (200, "unknown", 1)
    assert error.request_id
    assert b"P2" in (error.content or b"")
    assert "repeat it with the same number" in str(error)


async def test_a_custom_signer_takes_the_place_of_the_key(emulator: Emulator) -> None:
    """Any object with `async def sign(message)` signs, such as a KMS."""
    key: RSAPrivateKey = emulator.credentials()["private_key"]

    class Remote:
        async def sign(self, message: bytes) -> bytes:
            await asyncio.sleep(0)
            return rsa.sign(key, message)

    async with WeChatPay(**emulator.credentials(private_key=Remote()), transport=emulator) as wxpay:
        assert (await wxpay.chain(PUNISH).post(json=ORDER)).verified


async def test_middlewares_are_a_tuple_of_callables(emulator: Emulator) -> None:
    """A plain function is added outside: it sees the request before it is sealed, and the trusted answer."""
    seen: list[tuple[Any, bool]] = []

    async def watch(request: Request, call_next: Handler) -> Response[Any]:
        response = await call_next(request)
        seen.append((request.json, response.verified))
        return response

    async with WeChatPay(**emulator.credentials(), transport=emulator, middlewares=[watch]) as wxpay:
        await wxpay.chain(PUNISH).post(json=ORDER)
    assert seen == [(ORDER, True)]


async def test_a_request_by_hand(wxpay: WeChatPay) -> None:
    """`send` takes a request that was made without a chain, its body sent as it stands."""
    request = Request(method="POST", template="/v3/security/echo", body=b'{"echo_message": "by hand"}')
    answer = await wxpay.send(replace(request, headers=Headers({"Accept-Language": "en"})))
    assert answer.json()["echo_message"] == "by hand"


@pytest.mark.parametrize("path", ["https://evil.example/v3/pay", "//evil.example/", "v3/pay", "/v3/../pay", "/v3/{id}"])
async def test_a_request_by_hand_goes_nowhere_else(wxpay: WeChatPay, path: str) -> None:
    """Absolute URLs, relative paths and unfilled templates are refused before anything is signed."""
    with pytest.raises(ConfigurationError):
        await wxpay.send(Request(method="GET", template=path))


async def test_no_secret_in_logs_and_errors(
    wxpay: WeChatPay, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a log line nor an error nor a repr holds a key, an Authorization value or a plaintext secret."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(APIError) as caught:
        await wxpay.chain(PUNISH).post(json={"bal_account_no": "6222 0000 1111"})
    text = caplog.text + str(caught.value) + repr(caught.value) + repr(wxpay) + repr(vars(wxpay))
    assert "6222 0000 1111" not in text
    assert "WECHATPAY2" not in text
    assert emulator.credentials()["apiv3_key"] not in text


async def test_a_lost_connection_and_a_timeout_say_what_to_do(emulator: Emulator) -> None:
    """An answer that never comes: unknown for a write, with the advice not to change the number."""
    once = RetryPolicy(attempts=1)
    async with (
        server(silent) as base_url,
        WeChatPay(**emulator.credentials(), base_url=base_url, timeout=1.0, retry=once) as wxpay,
    ):
        with pytest.raises(TimedOut, match="never with a new number") as caught:
            await wxpay.chain(PUNISH).post(json=ORDER)
        with pytest.raises(TimedOut, match="Nothing was changed"):
            await wxpay.v3.certificates.get()
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 1)
    async with WeChatPay(**emulator.credentials(), base_url="http://127.0.0.1:1", retry=once) as wxpay:
        with pytest.raises(ConnectionFailed) as refused:
            await wxpay.chain(PUNISH).post(json=ORDER)
    assert refused.value.outcome == "not_sent"


async def test_a_closed_client_says_so(emulator: Emulator) -> None:
    """A call after `aclose` is a ConfigurationError."""
    async with emulator.listen() as base_url:
        wxpay = WeChatPay(**emulator.credentials(), base_url=base_url)
        await wxpay.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await wxpay.v3.certificates.get()


def environment(emulator: Emulator) -> dict[str, str]:
    """The credentials as environment variables, keys as PEM on one line with literal line ends."""
    credentials = emulator.credentials()
    identifier, public_key = next(iter(credentials["certs"].items()))
    return {
        "WECHATPAY_MCHID": credentials["mchid"],
        "WECHATPAY_SERIAL": credentials["serial"],
        "WECHATPAY_PRIVATE_KEY": emulator.merchant_key.private_pem.replace("\n", "\\n"),
        "WECHATPAY_PUBLIC_KEY_ID": identifier,
        "WECHATPAY_PUBLIC_KEY": public_key,
        "WECHATPAY_APIV3_KEY": credentials["apiv3_key"],
    }


async def test_from_env(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client comes from the environment, and a missing variable is named."""
    for name, value in environment(emulator).items():
        monkeypatch.setenv(name, value)
    async with WeChatPay.from_env(transport=emulator) as wxpay:
        assert (await wxpay.chain(PUNISH).post(json=ORDER)).verified
    monkeypatch.delenv("WECHATPAY_SERIAL")
    with pytest.raises(ConfigurationError, match="WECHATPAY_SERIAL: the environment variable is not set"):
        WeChatPay.from_env()


async def test_options_win_over_the_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given need not stand in the environment, and what stands there in its place is not read."""
    for name, value in environment(emulator).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WECHATPAY_PUBLIC_KEY", "no key at all")
    monkeypatch.setenv("WECHATPAY_APIV2_KEY", "too short")
    monkeypatch.delenv("WECHATPAY_SERIAL")
    given: dict[str, Any] = {name: emulator.credentials()[name] for name in ("serial", "certs")}
    async with WeChatPay.from_env(transport=emulator, apiv2_key=None, **given) as wxpay:
        assert (await wxpay.chain(PUNISH).post(json=ORDER)).verified


@pytest.mark.parametrize("kind", [WeChatPay, SyncWeChatPay])
def test_all_may_be_given(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, kind: type[WeChatPay | SyncWeChatPay]
) -> None:
    """With every argument given, nothing is asked of the environment."""
    monkeypatch.setattr(os, "environ", {})
    client = kind.from_env(**emulator.credentials(), transport=emulator)
    assert emulator.mchid in repr(client)
    if isinstance(client, SyncWeChatPay):
        client.close()


async def test_from_env_with_certificates_alone(merchant_pair: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merchant without a public key renews its certificates; half of a public key is a mistake all the same."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[KeyPair.certified()])
    for name, value in environment(emulator).items():
        if not name.startswith("WECHATPAY_PUBLIC_KEY"):
            monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=r"WECHATPAY_PUBLIC_KEY_ID.*renewal="):
        WeChatPay.from_env(transport=emulator)
    async with WeChatPay.from_env(transport=emulator, renewal=Renewal()) as wxpay:
        assert (await wxpay.chain(PUNISH).post(json=ORDER)).verified
    monkeypatch.setenv("WECHATPAY_PUBLIC_KEY", "key.pem")
    with pytest.raises(ConfigurationError, match="WECHATPAY_PUBLIC_KEY_ID: the environment variable is not set"):
        WeChatPay.from_env(transport=emulator, renewal=Renewal())


def test_a_misspelt_method_is_no_path(wxpay: WeChatPay) -> None:
    """At the root of a client a name is an attribute, or an error that names the nearest one."""
    misspelt: Any = wxpay
    for name, nearest in (("downlod", "download"), ("trus", "trust"), ("payment", "payments"), ("close", "aclose")):
        with pytest.raises(AttributeError, match=f"did you mean '{nearest}'"):
            getattr(misspelt, name)


def test_importing_the_package_does_not_import_aiohttp() -> None:
    """A process that only receives doesn't pay for the network library."""
    code = (
        "import sys, wechatpay_chain; assert 'aiohttp' not in sys.modules; wechatpay_chain.WeChatPay;"
        "assert 'aiohttp' in sys.modules; assert 'WeChatPay' in dir(wechatpay_chain)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, cwd=Path(__file__).parents[2])


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The package's lazy names leave other names as Python has them."""
    import wechatpay_chain

    assert not hasattr(wechatpay_chain, "WechatPay")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("retry", 3),
        ("retry", False),
        ("rate_limits", True),
        ("renewal", True),
        ("timeout", "5"),
        ("certs", ["key.pem"]),
    ],
)
def test_an_argument_of_another_kind(emulator: Emulator, argument: str, value: Any) -> None:
    """It is named when the client is made, not when a call has failed."""
    with pytest.raises(ConfigurationError) as caught:
        WeChatPay(**{**emulator.credentials(), argument: value})
    assert caught.value.argument == argument
