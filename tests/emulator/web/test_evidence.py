"""What a call's page is made of: causes, signed texts, the call to paste, and the first steps of a merchant."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.web.test_api import Client
from wechatpay_chain import Attachment, SyncWeChatPay, WeChatPay, WeChatPayError
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

ORDER: dict[str, Any] = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "茶",
    "out_trade_no": "T1",
    "notify_url": "https://shop.example/notify",
    "amount": {"total": 29},
}
NATIVE = "/v3/pay/transactions/native"

needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is missing"
)


@pytest.fixture
def control(emulator: Emulator) -> Any:
    """A client of the control interface."""
    with emulator.listen() as base_url:
        yield Client(base_url)


def last_call(control: Client) -> dict[str, Any]:
    """The last call, whole."""
    number = control("GET", "/_emulator/calls?limit=1")[1][0]["number"]
    return dict(control("GET", f"/_emulator/calls/{number}")[1])


def send(emulator: Emulator, control: Client, sent: bytes, signed: bytes, key: KeyPair | None = None) -> dict[str, Any]:
    """Make an order whose signature covers another body than is sent, or is made with another key."""
    merchant = emulator.world.merchants[emulator.mchid]
    timestamp, nonce = str(int(time.time())), v3.make_nonce()
    message = v3.request_message("POST", NATIVE, timestamp, nonce, signed)
    signature = base64.b64encode(rsa.sign((key or merchant.key).rsa_key, message)).decode()
    said = Authorization(signature_types.RSA, emulator.mchid, merchant.key.serial, nonce, timestamp, signature)
    headers = {"Accept": "*/*", "User_Agent": "test", "Content_Type": "application/json", "Authorization": str(said)}
    control("POST", NATIVE, sent, **headers)
    return last_call(control)


def test_another_body_was_signed(emulator: Emulator, control: Client) -> None:
    """The text that was signed stands beside the one that was verified, with the first difference and its cause."""
    sent, signed = json.dumps(ORDER).encode(), json.dumps(ORDER, separators=(",", ":")).encode()
    told = send(emulator, control, sent, signed)
    (cause,) = told["causes"]
    assert (told["code"], cause["name"], cause["certainty"]) == ("SIGN_ERROR", "signed-another-body", "proven")
    text = told["request_text"]
    assert text["verified"].endswith(sent.decode() + "\n")
    assert text["signed"].endswith(signed.decode() + "\n")
    assert text["verified"][text["difference"] :].startswith(' "wx8888888888888888"')
    assert (told["claimed"], told["mchid"]) == (emulator.mchid, "")


def test_another_merchants_key(emulator: Emulator, control: Client) -> None:
    """A key that is another merchant's is named; of a key that nobody has, the refusal's usual cause is told."""
    body = json.dumps(ORDER).encode()
    control("POST", "/_emulator/merchants", {"mchid": "1900000110"})
    other = emulator.world.merchants["1900000110"].key
    (cause,) = send(emulator, control, body, body, other)["causes"]
    assert (cause["name"], cause["certainty"]) == ("private-key-of-another-merchant", "proven")
    assert "1900000110" in cause["text"]
    told = send(emulator, control, body, body, KeyPair.merchant())
    assert [found["certainty"] for found in told["causes"]] == ["possible"]
    assert (told["request_text"]["signed"], told["request_text"]["fits"]) == (None, False)


def test_a_field_that_is_missing(emulator: Emulator, control: Client) -> None:
    """A refused field is told by its pointer."""
    with SyncWeChatPay(**emulator.credentials(), base_url=control.base_url) as wxpay, pytest.raises(WeChatPayError):
        wxpay["v3/pay/transactions/native"].post(json=ORDER | {"amount": {"total": "29"}})
    told = last_call(control)
    assert (told["detail"]["field"], told["detail"]["location"]) == ("/amount/total", "body")
    assert told["request_text"]["signed"] == told["request_text"]["verified"]


def test_secrets_and_signatures_of_a_good_call(emulator: Emulator, control: Client) -> None:
    """Secrets are told in both forms, and the text that the answer's signature covers ends with its body."""
    with SyncWeChatPay(**emulator.credentials(), base_url=control.base_url) as wxpay:
        wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "secret"})
    told = last_call(control)
    assert json.loads(told["request"]["body"])["encrypted_echo_message"] != "secret"
    assert told["decrypted"]["encrypted_echo_message"] == "secret"
    assert told["answer_text"]["verified"].endswith(told["response"]["body"] + "\n")
    assert told["causes"] == []
    assert told["request_id"].endswith("-0")


def test_apiv2(emulator: Emulator, control: Client) -> None:
    """A call of APIv2 shows what its sign covers, without the key."""
    order = {"appid": "wx8888888888888888", "body": "tea", "out_trade_no": "1", "total_fee": 29, "trade_type": "NATIVE"}
    with SyncWeChatPay(**emulator.credentials(), base_url=control.base_url) as wxpay:
        wxpay["v2/pay/unifiedorder"].post(
            xml=order | {"spbill_create_ip": "203.0.113.5", "notify_url": "https://shop.example/n"}
        )
    told = last_call(control)
    assert "body=tea&" in told["request_text"]["verified"]
    assert emulator.apiv2_key not in json.dumps(told)
    assert told["chain"].startswith("await wxpay.v2.pay.unifiedorder.post(xml={'appid'")


def query_v2(emulator: Emulator, control: Client, apiv2_key: str) -> dict[str, Any]:
    """Query an order by APIv2 with a key that may be wrong: the call, whole."""
    options = emulator.credentials(apiv2_key=apiv2_key, base_url=control.base_url)
    with SyncWeChatPay(**options) as wxpay, contextlib.suppress(WeChatPayError):
        wxpay["v2/pay/orderquery"].post(xml={"appid": "wx8888888888888888", "out_trade_no": "1"})
    return last_call(control)


def test_a_refused_sign_of_apiv2(emulator: Emulator, control: Client) -> None:
    """A wrong sign is a refusal though the status is 200; what it should cover is shown, and a known key is named."""
    other = type(emulator.world.merchants[emulator.mchid])(mchid="1900000110")
    emulator.add_merchant(other)
    merchant = emulator.world.merchants[emulator.mchid]
    keys = {"": "x" * 32, "apiv3-key-in-place-of-apiv2-key": merchant.apiv3_key}
    keys["apiv2-key-of-another-merchant"] = other.apiv2_key
    for name, key in keys.items():
        told = query_v2(emulator, control, key)
        assert (told["status"], told["refused"], told["message"]) == (200, True, "签名错误")
        text = told["request_text"]
        assert "out_trade_no=1&" in text["verified"]
        assert (text["fits"], text["signed"] == text["verified"]) == (False, bool(name))
        (cause,) = told["causes"]
        assert (cause["certainty"] == "proven", cause["name"] == name) == (bool(name), bool(name))
        assert key not in json.dumps(told)
    told = query_v2(emulator, control, merchant.apiv2_key)
    assert (told["refused"], told["request_text"]["fits"]) == (True, True)


def test_a_binary_body(emulator: Emulator, control: Client) -> None:
    """A file that is uploaded is told to be no text, with its size; what is signed of it is shown."""
    content = b"\x89PNG" + bytes(range(256)) * 400
    with SyncWeChatPay(**emulator.credentials(), base_url=control.base_url) as wxpay:
        wxpay["v3/merchant/media/upload"].post(file=Attachment(content=content, name="a.png"))
    told = last_call(control)
    assert told["request"]["binary"]
    assert told["request"]["size"] > len(content)
    assert len(told["request"]["body"]) <= 65_536
    assert (told["response"]["binary"], told["decrypted"]["filename"]) == (False, "a.png")


@needs_curl
async def test_the_call_to_paste(emulator: Emulator) -> None:
    """The chain makes the same call again, and curl sends the same bytes under the same signature."""
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        await wxpay["v3/pay/transactions/native"].post(json=ORDER)
        control = Client(base_url)
        told = await asyncio.to_thread(last_call, control)
        again = await eval(told["chain"].removeprefix("await "), {"wxpay": wxpay})
        assert again.status == 200
        words = shlex.split(told["curl"].replace("\\\n", " "))
        assert words[0] == "curl"
        done = await asyncio.to_thread(
            subprocess.run, [*words, "-s"], capture_output=True, text=True, timeout=20, check=True
        )
        assert json.loads(done.stdout)["code_url"]


@needs_curl
def test_first_steps(emulator: Emulator, control: Client, tmp_path: Path) -> None:
    """The settings and files of a merchant make a client, and the shell program makes a call that is taken."""
    told = control("GET", f"/_emulator/first-steps?base_url={control.base_url}")[1]
    assert f"WECHATPAY_MCHID={emulator.mchid}\n" in told["settings"]
    for name, content in told["files"].items():
        (tmp_path / name).write_text(content)
    assert set(told["programs"]) == {"Python", "curl", "PHP", "Node.js", "Java", "Go"}
    for program in told["programs"].values():
        assert emulator.merchant_key.serial in program or "from_env" in program
        assert "{{" not in program
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", told["programs"]["curl"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert json.loads(done.stdout)["code_url"]
    assert control("GET", "/_emulator/first-steps?mchid=1")[0] == 404


def test_a_record_and_its_notifications(emulator: Emulator, control: Client) -> None:
    """A record is found by its key, with what was announced about it; a browser gets the page from the same address."""
    control("POST", "/_emulator/orders", {"out_trade_no": "T9", "total": 5, "notify_url": "http://127.0.0.1:9/n"})
    control("POST", "/_emulator/phone/pay", {"what": "T9"})
    (order,) = control("GET", "/_emulator/records/orders")[1]
    key = order["key"].replace("/", "%2F")
    told = control("GET", f"/_emulator/records/orders/{key}")[1]
    assert (told["state"], [found["kind"] for found in told["notifications"]]) == ("SUCCESS", ["TRANSACTION.SUCCESS"])
    page = control("GET", f"/_emulator/records/orders/{key}", Accept="text/html")
    assert "<script" in page[1]
    assert control("GET", "/_emulator/records/orders/nothing")[0] == 404
    assert control("GET", "/_emulator/records/settings/bank_key")[0] == 404


def test_calls_in_pages(emulator: Emulator, control: Client) -> None:
    """Older calls follow page by page."""
    with SyncWeChatPay(**emulator.credentials(), base_url=control.base_url) as wxpay:
        for _ in range(5):
            wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})
    newest = control("GET", "/_emulator/calls?limit=2")[1]
    older = control("GET", f"/_emulator/calls?limit=2&before={newest[0]['number']}")[1]
    assert [call["number"] for call in older + newest] == [2, 3, 4, 5]
