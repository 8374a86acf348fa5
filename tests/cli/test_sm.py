"""The commands of a merchant in SM mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.cli.conftest import ACCOUNT, Done, Run, Shop
from wechatpay_chain.crypto import asymmetric
from wechatpay_chain.crypto.keys import load_public_key
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization


@pytest.fixture(scope="module")
def platform() -> Emulator:
    """A platform with certificates of both kinds, and a merchant in SM mode."""
    keys = [KeyPair.wechatpay(), KeyPair.certified(), KeyPair.certified(algorithm="SM2")]
    return Emulator(merchant_key=KeyPair.merchant("SM2"), platform_keys=keys)


@pytest.fixture
def shop(platform: Emulator, tmp_path: Path) -> Iterator[Shop]:
    """His folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    certificate = platform.platform_keys[-1]
    (folder / "apiclient_key.pem").write_text(platform.merchant_key.private_pem)
    (folder / "certificate.pem").write_text(certificate.public_pem)
    (folder / "account").write_text(ACCOUNT)
    with platform.listen() as base_url:
        yield Shop(
            folder,
            platform,
            base_url,
            {
                "WECHATPAY_MCHID": platform.mchid,
                "WECHATPAY_SERIAL": platform.merchant_key.serial,
                "WECHATPAY_PRIVATE_KEY": str(folder / "apiclient_key.pem"),
                "WECHATPAY_PUBLIC_KEY": str(folder / "certificate.pem"),
                "WECHATPAY_PUBLIC_KEY_ID": certificate.serial,
                "WECHATPAY_APIV3_KEY": platform.apiv3_key,
                "WECHATPAY_BASE_URL": base_url,
            },
        )


def test_call(run: Run, shop: Shop) -> None:
    """`call` signs with SM2, encrypts with SM2, and prints an answer that was verified."""
    done = run("call", "POST", "v3/security/echo", "echo_message=x", "encrypted_echo_message=秘密", "--decrypted")
    assert json.loads(done.out)["encrypted_echo_message"] == "秘密"
    request = shop.emulator.exchanges[-1].request
    assert request.headers["Authorization"].startswith(signature_types.SM2)


def test_dry_run(run: Run, shop: Shop) -> None:
    """`--dry-run` shows the text to sign."""
    done = run("call", "POST", "v3/security/echo", "echo_message=x", "--dry-run")
    assert done.code == 0, done.err
    assert "    POST\\n\n    /v3/security/echo\\n\n" in done.out


def test_sign(run: Run, shop: Shop) -> None:
    """`sign` makes signatures of SM2, and the header of that type."""
    public = shop.emulator.merchant_key.private_key.public_key()
    signed = json.loads(run("sign", "request", "GET", "/v3/certificates").out)
    message = v3.request_message("GET", "/v3/certificates", signed["timestamp"], signed["nonce_str"], b"")
    asymmetric.verify(public, message, signed["signature"])
    run("sign", "request", "GET", "/v3/certificates", "--header-to", "header")
    header = (shop.folder / "header").read_text().removeprefix("Authorization: ").strip()
    assert Authorization.parse(header)[:2] == (signature_types.SM2, shop.emulator.mchid)


def test_encrypt_and_decrypt(run: Run, shop: Shop) -> None:
    """Fields are encrypted for the platform's key of SM2, and decrypted with the merchant's."""
    done = run("encrypt", "--from", "account")
    assert done.code == 0, done.err
    sealed = json.loads(done.out)
    certificate = shop.emulator.platform_keys[-1]
    assert sealed["Wechatpay-Serial"] == certificate.serial
    assert asymmetric.decrypt(certificate.private_key, sealed["ciphertext"]) == ACCOUNT
    public = shop.emulator.merchant_key.private_key.public_key()
    (shop.folder / "field").write_text(asymmetric.encrypt(public, "张三"))
    assert run("decrypt", "field", "field").out == "张三"


def saved(shop: Shop) -> Path:
    """A notification in a file, headers and body."""
    headers, body = shop.emulator.notification("TRANSACTION.SUCCESS")
    (shop.folder / "body").write_bytes(body)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["POST /notify HTTP/1.1", *lines, "", ""])
    (shop.folder / "message").write_bytes(head.encode() + body)
    return shop.folder / "message"


def test_verify(run: Run, shop: Shop) -> None:
    """A notification in SM mode is verified and opened."""
    done = run("verify", saved(shop))
    assert done.code == 0, done.out + done.err
    assert "the APIv3 key opens it" in done.out
    assert "out_trade_no" in run("decrypt", "resource", "body").out


@pytest.mark.parametrize(("options", "kinds"), [((), {"SM2"}), (("--algorithm", "ALL"), {"RSA", "SM2"})])
def test_certificates(run: Run, shop: Shop, options: tuple[str, ...], kinds: set[str]) -> None:
    """`certificates download` asks for those of the private key's kind, or for all."""
    done: Done = run("certificates", "download", "--to", "certs", *options)
    assert done.code == 0, done.err
    found = {
        asymmetric.algorithm_of(load_public_key(path, argument="x")[0]) for path in shop.folder.glob("certs/*.pem")
    }
    assert found == kinds
    assert run("certificates", "list", "certs").code == 0


def test_doctor(run: Run) -> None:
    """`doctor` finds nothing wrong with keys of SM2, and names them as such."""
    done = run("doctor")
    assert "SM2" in done.out
    assert done.code == 0, done.out + done.err


def test_payment_parameters(run: Run) -> None:
    """What isn't known of front ends in SM mode is said, and nothing is printed for them."""
    done = run("pay-params", "jsapi", "--prepay-id", "wx1", "--appid", "wx2421b1c4370ec43b")
    assert done.code == 2
    assert "signType" in done.err
    assert not orjson.loads(done.out or "{}")
