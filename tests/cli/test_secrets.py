"""`sign`, `encrypt` and `decrypt`."""

from __future__ import annotations

import base64
import json
import stat

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.cli.conftest import ACCOUNT, APIV2_KEY, Run, Shop, process
from tests.notifications import sender
from wechatpay_chain.crypto import aead, ecb, rsa
from wechatpay_chain.wire import v2, v3
from wechatpay_chain.wire.authorization import Authorization


def test_encrypt_and_decrypt_a_field(run: Run, shop: Shop) -> None:
    """What is encrypted for the platform opens with its key; what the platform encrypts opens with the merchant's."""
    (platform,) = shop.emulator.platform_keys
    done = run("encrypt", "--from", "account")
    sealed = json.loads(done.out)
    assert sealed["Wechatpay-Serial"] == platform.serial
    assert rsa.decrypt(platform.rsa_key, sealed["ciphertext"]) == ACCOUNT
    assert ACCOUNT not in done.out + done.err
    (shop.folder / "field").write_text(rsa.encrypt(shop.emulator.merchant_key.rsa_key.public_key(), "张三") + "\n")
    assert run("decrypt", "field", "field").out == "张三"
    done = run("decrypt", "field", "field", "--to", "plain")
    assert (done.out, (shop.folder / "plain").read_text()) == ("", "张三")
    assert stat.S_IMODE((shop.folder / "plain").stat().st_mode) == 0o600
    assert run("decrypt", "field", "field", "--to", "plain").code == 2, "nothing is overwritten"
    assert run("encrypt", "--from", "account", "--for", "PUB_KEY_ID_1").code == 2


def test_decrypt_with_a_bundle(run: Run, shop: Shop) -> None:
    """The bundle of the merchant platform is opened with the merchant number, as for every other command."""
    key = shop.emulator.merchant_key.rsa_key
    password = BestAvailableEncryption(shop.emulator.mchid.encode())
    (shop.folder / "apiclient_cert.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(None, key, None, None, password)
    )
    (shop.folder / "field").write_text(rsa.encrypt(key.public_key(), "张三"))
    assert run("decrypt", "field", "field", "--private-key", "apiclient_cert.p12").out == "张三"


def test_plain_text_from_a_pipe(shop: Shop) -> None:
    """Outside of a terminal the plain text comes from stdin, so that it stands in no argument."""
    done = process(shop, "encrypt", input="张三")
    assert (done.code, "张三" in done.out) == (0, False)


def test_decrypt_what_notifications_hold(run: Run, shop: Shop) -> None:
    """The resource of a notification, or the whole notification, and req_info of a refund notice are opened."""
    body = sender.Envelope(apiv3_key=shop.emulator.apiv3_key).body()
    (shop.folder / "body").write_bytes(body)
    (shop.folder / "resource").write_text(json.dumps(json.loads(body)["resource"]))
    (shop.folder / "refund").write_bytes(sender.refund({"out_refund_no": "R1"}, key=APIV2_KEY))
    for name in ("body", "resource"):
        done = run("decrypt", "resource", name)
        assert json.loads(done.out)["out_trade_no"] == "A1"
        assert "was not checked" in done.err
    assert "R1" in run("decrypt", "req-info", "refund").out
    (shop.folder / "nonsense").write_text(ecb.encrypt(APIV2_KEY, b"no message"))
    assert run("decrypt", "req-info", "nonsense").code == 3
    (shop.folder / "other").write_bytes(sender.Envelope(apiv3_key="k" * 32).body())
    assert run("decrypt", "resource", "other").code == 3


def test_decrypt_a_part_of_a_bill(run: Run, shop: Shop) -> None:
    """A part of an encrypted bill is opened with the key that the answer holds for it."""
    key, nonce = "k" * 32, "n" * 12
    sealed = base64.b64decode(aead.encrypt(key.encode(), nonce.encode(), b"bill"))
    (shop.folder / "part").write_bytes(sealed)
    listed = {
        "bill_sequence": 1,
        "nonce": nonce,
        "encrypt_key": rsa.encrypt(shop.emulator.merchant_key.rsa_key.public_key(), key),
    }
    (shop.folder / "answer").write_text(json.dumps({"download_bill_list": [listed]}))
    assert run("decrypt", "bill-part", "part", "--answer", "answer", "--to", "bill").code == 0
    assert (shop.folder / "bill").read_bytes() == b"bill"
    assert run("decrypt", "bill-part", "part", "--answer", "answer", "--part", "2", "--to", "b2").code == 2


def test_sign(run: Run, shop: Shop) -> None:
    """A request, bytes and APIv2 parameters are signed; an Authorization goes to a private file, never to a screen."""
    public = shop.emulator.merchant_key.rsa_key.public_key()
    (shop.folder / "body").write_text('{"a":1}')
    signed = json.loads(run("sign", "request", "POST", "/v3/a?b=1", "--body", "body").out)
    message = v3.request_message("POST", "/v3/a?b=1", signed["timestamp"], signed["nonce_str"], b'{"a":1}')
    rsa.verify(public, message, signed["signature"])
    done = run("sign", "request", "GET", "/v3/a", "--header-to", "header")
    assert (done.out, "WECHATPAY2" in done.err) == ("", False)
    header = (shop.folder / "header").read_text()
    assert Authorization.parse(header.removeprefix("Authorization: ").strip()).owner == shop.emulator.mchid
    assert stat.S_IMODE((shop.folder / "header").stat().st_mode) == 0o600
    rsa.verify(public, b'{"a":1}', json.loads(run("sign", "text", "body").out)["signature"])
    fields = {"mch_id": "1", "nonce_str": "n"}
    sign = json.loads(run("sign", "v2", "mch_id=1", "nonce_str=n", "--sign-type", "HMAC-SHA256").out)["sign"]
    assert sign == v2.sign(fields, APIV2_KEY, "HMAC-SHA256")


@pytest.mark.parametrize(
    "arguments",
    [
        ["sign", "request", "GET", "v3/a"],
        ["sign", "text", "none"],
        ["sign", "v2", "a:=1"],
        ["decrypt", "resource", "account"],
        ["decrypt", "bill-part", "account", "--answer", "account"],
        ["verify"],
        ["verify", "account"],
        ["verify", "--headers", "account", "--body", "account", "--at", "noon"],
    ],
)
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    """Wrong use ends with 2 and says what to give instead."""
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err
