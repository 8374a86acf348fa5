"""Planted mistakes: `doctor` and `verify` name the cause of each, not only that something is wrong."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.cli.conftest import APIV2_KEY, Done, Run, Shop
from tests.notifications import sender
from wechatpay_chain.cli.checkup import clock, network
from wechatpay_chain.crypto import ecb
from wechatpay_chain.emulator.platform.keys import KeyPair
from wechatpay_chain.wire import v2

Variables = dict[str, str]
OTHER = "PUB_KEY_ID_0119000001092026010100000000000001"


def key_file(change: Callable[[str], str | bytes]) -> Callable[[Shop, Variables], None]:
    """A mistake in the private key's file."""

    def plant(shop: Shop, variables: Variables) -> None:
        changed = change(shop.emulator.merchant_key.private_pem)
        content = changed.encode() if isinstance(changed, str) else changed
        Path(variables["WECHATPAY_PRIVATE_KEY"]).write_bytes(content)

    return plant


def variable(name: str, change: Callable[[str], str]) -> Callable[[Shop, Variables], None]:
    """A mistake in a variable."""

    def plant(shop: Shop, variables: Variables) -> None:
        variables[f"WECHATPAY_{name}"] = change(variables.get(f"WECHATPAY_{name}", ""))

    return plant


def misnamed(name: str, other: str) -> Callable[[Shop, Variables], None]:
    """A variable under another name."""

    def plant(shop: Shop, variables: Variables) -> None:
        variables[other] = variables[f"WECHATPAY_{name}"]
        variables[f"WECHATPAY_{name}"] = ""

    return plant


def dotenv(content: bytes) -> Callable[[Shop, Variables], None]:
    """A file of variables."""

    def plant(shop: Shop, variables: Variables) -> None:
        (shop.folder / ".env").write_bytes(content)

    return plant


def elliptic(pem: str) -> bytes:
    """A key of another kind."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def short(pem: str) -> bytes:
    """A key that the platform doesn't take."""
    key = generate_private_key(65537, 1024)  # no key of anybody's
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def locked(pem: str) -> bytes:
    """The key under a password."""
    return sender.merchant().rsa_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )


def merchant_certificate_beside(pair: KeyPair) -> Callable[[Shop, Variables], None]:
    """The merchant certificate beside the key, of this pair."""

    def plant(shop: Shop, variables: Variables) -> None:
        (shop.folder / "apiclient_cert.pem").write_text(pair.public_pem)

    return plant


def serial_of_another_certificate(shop: Shop, variables: Variables) -> None:
    """The serial of a certificate that is not the one beside the key."""
    merchant_certificate_beside(shop.emulator.merchant_key)(shop, variables)
    variables["WECHATPAY_SERIAL"] = sender.merchant().serial


def own_certificate_as_the_platforms(shop: Shop, variables: Variables) -> None:
    """The merchant's certificate among those of the platform."""
    pair = shop.emulator.merchant_key
    variables["WECHATPAY_CERTS"] = str(shop.folder / "certs")
    (shop.folder / "certs").mkdir()
    (shop.folder / "certs" / f"{pair.serial}.pem").write_text(pair.public_pem)


def own_certificate_as_the_public_key(shop: Shop, variables: Variables) -> None:
    """The merchant's certificate under the identifier of the WeChat Pay public key."""
    Path(variables["WECHATPAY_PUBLIC_KEY"]).write_text(shop.emulator.merchant_key.public_pem)


def own_key_as_the_platforms(shop: Shop, variables: Variables) -> None:
    """The merchant's public key in the platform's place."""
    public = shop.emulator.merchant_key.rsa_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path(variables["WECHATPAY_PUBLIC_KEY"]).write_bytes(pem)


def expired_certificate(shop: Shop, variables: Variables) -> None:
    """A platform certificate of six years ago."""
    pair = KeyPair.certified(datetime.now(UTC) - timedelta(days=6 * 365))
    variables["WECHATPAY_CERTS"] = str(shop.folder / "certs")
    (shop.folder / "certs").mkdir()
    (shop.folder / "certs" / f"{pair.serial}.pem").write_text(pair.public_pem)


def misnamed_certificate(shop: Shop, variables: Variables) -> None:
    """A platform certificate under another serial."""
    pair = sender.certificate()
    variables["WECHATPAY_CERTS"] = str(shop.folder / "certs")
    (shop.folder / "certs").mkdir()
    (shop.folder / "certs" / f"{'0' * 40}.pem").write_text(pair.public_pem)


SETTINGS: dict[str, tuple[Callable[[Shop, Variables], None], str]] = {
    "private key: an elliptic curve": (key_file(elliptic), "RSA"),
    "private key: too short": (key_file(short), "1024|2048"),
    "private key: locked with a password": (key_file(locked), "password|encrypted"),
    "private key: cut off": (key_file(lambda pem: pem[: len(pem) // 2]), "complete PEM|damaged|cut|END"),
    "private key: empty file": (key_file(lambda pem: ""), "nothing was found"),
    "private key: the public key": (key_file(lambda pem: sender.public_key().public_pem), "PUBLIC KEY|public key"),
    "private key: the certificate": (key_file(lambda pem: sender.merchant().public_pem), "CERTIFICATE|certificate"),
    "private key: no such file": (variable("PRIVATE_KEY", lambda path: path + ".missing"), "cannot be read"),
    "private key: no such home": (variable("PRIVATE_KEY", lambda _: "~nobody-here/k.pem"), "cannot be read"),
    "private key: file: without slashes": (variable("PRIVATE_KEY", lambda path: f"file:{path}"), "cannot be read"),
    "certs: no such home": (variable("CERTS", lambda _: "~nobody-here/certs"), "cannot be read"),
    "private key: two backslashes": (
        variable("PRIVATE_KEY", lambda _: sender.merchant().private_pem.replace("\n", "\\\\n")),
        "two backslashes",
    ),
    "serial: decimal": (variable("SERIAL", lambda serial: str(int(serial, 16))), "decimal.*|hexadecimal"),
    "serial: the merchant number": (variable("SERIAL", lambda _: "1900000109"), "number such as the merchant's"),
    "serial: the public key's identifier": (
        variable("SERIAL", lambda _: OTHER),
        "identifier of a WeChat Pay public key",
    ),
    "serial: not the certificate's": (serial_of_another_certificate, "certificate's serial is"),
    "key and certificate of two merchants": (
        merchant_certificate_beside(sender.merchant()),
        "not the merchant certificate's",
    ),
    "merchant number: an appid": (variable("MCHID", lambda _: "wx8888888888888888"), "it is an appid"),
    "merchant number: missing": (variable("MCHID", lambda _: ""), "mchid: it isn't set"),
    "merchant's certificate as the platform's": (own_certificate_as_the_platforms, "given in the platform's place"),
    "merchant's certificate as the public key": (own_certificate_as_the_public_key, "merchant's own certificate"),
    "merchant's public key as the platform's": (own_key_as_the_platforms, "given in the platform's place"),
    "platform certificate expired": (expired_certificate, "expired on"),
    "platform certificate under another serial": (misnamed_certificate, "Name it"),
    "PUB_KEY_ID_ without its prefix": (
        variable("PUBLIC_KEY_ID", lambda name: name.removeprefix("PUB_KEY_ID_")),
        "without the prefix",
    ),
    "PUB_KEY_ID_ of another merchant": (
        variable("PUBLIC_KEY_ID", lambda _: "PUB_KEY_ID_0119000002082026010100000000000001"),
        "key of merchant 1900000208",
    ),
    "PUB_KEY_ID_ missing": (variable("PUBLIC_KEY_ID", lambda _: ""), "public_key_id: it isn't set"),
    "APIv3 key: in quotes": (variable("APIV3_KEY", lambda key: f'"{key}"'), "stands in quotes"),
    "APIv3 key: line end": (variable("APIV3_KEY", lambda key: f"{key}\r"), "blanks or a line end"),
    "APIv3 key: zero-width blank": (variable("APIV3_KEY", lambda key: f"{key}\u200b"), "invisible"),
    "APIv3 key: comment behind it": (variable("APIV3_KEY", lambda key: f"{key} # portal"), "comment behind it"),
    "APIv3 key: a variable's name": (variable("APIV3_KEY", lambda _: "${APIV3_KEY}"), "name of a variable"),
    "APIv3 key: too short": (variable("APIV3_KEY", lambda key: key[:-1]), "31 bytes"),
    "APIv3 key: the APIv2 key": (variable("APIV3_KEY", lambda _: APIV2_KEY), "same text as the APIv3 key"),
    "private key: a letter changed": (key_file(lambda pem: pem[:200] + "AAAA" + pem[204:]), "damaged"),
    "private key: a line lost": (
        key_file(lambda pem: "\n".join([*pem.split("\n")[:4], *pem.split("\n")[5:]])),
        "damaged",
    ),
    "serial: as openssl prints it": (variable("SERIAL", lambda serial: f"serial={serial}"), "other text around it"),
    "serial: with 0x": (variable("SERIAL", lambda serial: f"0x{serial}"), "other text around it"),
    "serial: cut off": (variable("SERIAL", lambda serial: "A" + serial[1:30]), "30 hexadecimal digits of 40"),
    "PUB_KEY_ID_ in small letters": (variable("PUBLIC_KEY_ID", str.lower), "shows it: PUB_KEY_ID_[0-9]"),
    "PUB_KEY_ID_ with a blank in it": (
        variable("PUBLIC_KEY_ID", lambda name: name[:20] + " " + name[20:]),
        "shows it: PUB_KEY_ID_[0-9]{20}",
    ),
    "PUB_KEY_ID_ with a letter in it": (variable("PUBLIC_KEY_ID", lambda name: name[:-2] + "O1"), "digits alone"),
    "APIv3 key: an expression of a CI system": (
        variable("APIV3_KEY", lambda _: "${{ secrets.APIV3_KEY }}"),
        "name of a variable",
    ),
    "variable: MCH_ID": (misnamed("MCHID", "WECHATPAY_MCH_ID"), "Call it WECHATPAY_MCHID"),
    "variable: in small letters": (misnamed("MCHID", "wechatpay_mchid"), "Call it WECHATPAY_MCHID"),
    "variable: SERIAL_NO": (misnamed("SERIAL", "WECHATPAY_SERIAL_NO"), "Call it WECHATPAY_SERIAL"),
    "variable: PRIVATE_KEY_PATH": (
        misnamed("PRIVATE_KEY", "WECHAT_PAY_PRIVATE_KEY_PATH"),
        "Call it WECHATPAY_PRIVATE_KEY",
    ),
    ".env: in GBK": (dotenv("# 商户号".encode("gbk")), "no UTF-8 text"),
    ".env: in UTF-16": (dotenv("# 商户号".encode("utf-16")), "no UTF-8 text"),
    "base URL without its scheme": (variable("BASE_URL", lambda _: "api.mch.weixin.qq.com"), "base_url"),
    "base URL without TLS": (variable("BASE_URL", lambda _: "http://api.mch.weixin.qq.com"), "without TLS"),
    "base URL: with a path and a query": (variable("BASE_URL", lambda url: f"{url}/v3?x=1"), "base_url"),
}


@pytest.mark.parametrize("mistake", SETTINGS)
def test_doctor_names_the_mistake(mistake: str, run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor's report names what was done wrong, ends with 1 where nothing could work so, and shows no key."""
    plant, cause = SETTINGS[mistake]
    variables = dict(shop.variables)
    plant(shop, variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    report = run("doctor", "--json", *([] if "base URL: with" in mistake else ["--offline"]))
    found = [check for check in json.loads(report.out) if check["result"] in {"wrong", "warning"}]
    text = json.dumps(found, ensure_ascii=False)
    assert re.search(cause, text), text
    assert report.code == int(any(check["result"] == "wrong" for check in found))
    assert not [secret for secret in shop.secrets[1:] if secret in report.out.replace("PRIVATE KEY", "") + report.err]


def real(shop: Shop) -> bytes:
    """The body of a notification, its members in the order of real ones."""
    sealed = json.loads(sender.Envelope(apiv3_key=shop.emulator.apiv3_key).body())
    order = ("original_type", "algorithm", "ciphertext", "associated_data", "nonce")
    sealed["resource"] = {name: sealed["resource"][name] for name in order}
    head = ("id", "create_time", "resource_type", "event_type", "summary", "resource")
    return compact({name: sealed[name] for name in head})


def compact(value: Any, **options: Any) -> bytes:
    """JSON as the platform writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options).encode()


def signed(shop: Shop, body: bytes, **options: Any) -> dict[str, str]:
    """The headers that the shop's platform sends with a body."""
    (pair,) = shop.emulator.platform_keys
    return sender.sign(body, **{"pair": pair, **options})


Changed = tuple[dict[str, str], bytes]


def body(change: Callable[[bytes], bytes]) -> Callable[[Shop, bytes], Changed]:
    """Another body under the signature of the one that came."""
    return lambda shop, came: (signed(shop, came), change(came))


def headers(**options: Any) -> Callable[[Shop, bytes], Changed]:
    """Another signature."""
    return lambda shop, came: (signed(shop, came, **options), came)


def without(name: str) -> Callable[[Shop, bytes], Changed]:
    """A header that a gateway took away."""
    return lambda shop, came: ({key: text for key, text in signed(shop, came).items() if key != name}, came)


def probe(shop: Shop, came: bytes) -> Changed:
    """A wrong signature on purpose."""
    return {**signed(shop, came), "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + "A" * 325}, came


def other_name(name: str) -> Callable[[Shop, bytes], Changed]:
    """Another name of the key."""
    return lambda shop, came: ({**signed(shop, came), "Wechatpay-Serial": name}, came)


def other_apiv3_key(key: str) -> Callable[[Shop, bytes], Changed]:
    """A resource under another key."""

    def change(shop: Shop, came: bytes) -> Changed:
        other = sender.Envelope(apiv3_key=key).body()
        return signed(shop, other), other

    return change


def escaped_by_nginx(shop: Shop, came: bytes) -> Changed:
    """The body as the log of nginx has it."""
    escaped = "".join(chr(byte) if 31 < byte < 127 and byte not in b'"\\' else f"\\x{byte:02X}" for byte in came)
    return signed(shop, came), escaped.encode()


MESSAGES: dict[str, tuple[Callable[[Shop, bytes], Changed], str]] = {
    "written again with blanks": (
        body(lambda came: json.dumps(json.loads(came), ensure_ascii=False).encode()),
        "written again",
    ),
    "written again with \\u escapes": (
        body(lambda came: json.dumps(json.loads(came), separators=(",", ":")).encode()),
        "written again",
    ),
    "written again, members sorted": (
        body(lambda came: compact(json.loads(came), sort_keys=True)),
        "order|written again",
    ),
    "in GBK": (body(lambda came: came.decode().encode("gbk")), "charset|GBK|gbk|UTF-8"),
    "with a BOM": (body(lambda came: b"\xef\xbb\xbf" + came), "BOM|byte order mark"),
    "a line end behind it": (body(lambda came: came + b"\n"), "line ends"),
    "in Base64": (body(base64.b64encode), "Base64"),
    "as a form": (body(lambda came: quote_plus(came).encode() + b"="), "form"),
    "as the repr of bytes": (body(lambda came: repr(came).encode()), "repr|Python"),
    "escaped for HTML": (body(lambda came: came.replace(b'"', b"&quot;")), "HTML"),
    "cut off": (body(lambda came: came[:-40]), "cut off|incomplete|ends"),
    "empty": (body(lambda came: b""), "empty"),
    "the resource alone": (body(lambda came: compact(json.loads(came)["resource"])), "resource|part"),
    "escaped by the log of nginx": (escaped_by_nginx, "escaped as nginx"),
    "stale": (headers(now=time.time() - 4000), "old message|behind this machine"),
    "from the future": (headers(now=time.time() + 4000), "clock is about 4|ahead of this machine"),
    "signed by a stranger": (headers(pair=sender.stranger()), "unknown key"),
    "a digit of the serial wrong": (
        lambda shop, came: other_name(signed(shop, came)["Wechatpay-Serial"][:-1])(shop, came),
        "that certs names|slip|differs",
    ),
    "key of another merchant": (
        other_name("PUB_KEY_ID_0119000002082026010100000000000001"),
        "merchant 1900000208|that certs names",
    ),
    "a probe": (probe, "on purpose"),
    "a header lost": (without("Wechatpay-Nonce"), "Wechatpay-Nonce missing"),
    "encrypted with the APIv2 key": (other_apiv3_key(APIV2_KEY), "apiv2_key opens it"),
    "encrypted with another key": (other_apiv3_key("k" * 32), "does not open"),
}


def verified(run: Run, shop: Shop, fields: dict[str, str], content: bytes) -> Done:
    """What `verify` reports of a message that was saved with its headers."""
    (shop.folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in fields.items()))
    (shop.folder / "body").write_bytes(content)
    return run("verify", "--headers", "headers", "--body", "body")


@pytest.mark.parametrize("mistake", MESSAGES)
def test_verify_names_the_mistake(mistake: str, run: Run, shop: Shop) -> None:
    """What happened to a notification on its way is named, and ends with 1 unless the message is genuine after all."""
    change, cause = MESSAGES[mistake]
    report = verified(run, shop, *change(shop, real(shop)))
    assert re.search(cause, report.out.replace("\n  ", " ")), report.out
    assert report.code == (0 if "nginx" in mistake else 1)
    assert not [secret for secret in shop.secrets if secret in report.out + report.err]


def test_a_genuine_notification(run: Run, shop: Shop) -> None:
    """A genuine notification ends with 0, in whatever form its headers were kept; its age can be left aside."""
    content = real(shop)
    fields = signed(shop, content, now=time.time() - 5000)
    (shop.folder / "body").write_bytes(content)
    log = " ".join(f'http_{name.lower().replace("-", "_")}="{value}"' for name, value in fields.items())
    for kept in (
        json.dumps(fields),
        str(fields),
        log,
        "\n".join(f"< {name.upper()}: {fields[name]}" for name in fields),
    ):
        (shop.folder / "headers").write_text(kept)
        assert run("verify", "--headers", "headers", "--body", "body", "--at", "signed").code == 0
        assert run("verify", "--headers", "headers", "--body", "body").code == 1
    answer = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
        + b"\r\n"
        + content
    )
    (shop.folder / "answer").write_bytes(answer)
    assert run("verify", "answer", "--at", fields["Wechatpay-Timestamp"]).code == 0


@pytest.mark.parametrize(
    ("content", "cause", "code"),
    [
        (sender.xml({"return_code": "SUCCESS", "mch_id": "1"}, key=APIV2_KEY), "made with the APIv2 key", 0),
        (sender.xml({"return_code": "SUCCESS", "mch_id": "1"}, key="k" * 32), "sign", 1),
        (sender.refund({"out_refund_no": "1"}, key=APIV2_KEY), "the APIv2 key opens it", 0),
        (sender.refund({"out_refund_no": "1"}, key="k" * 32), "req_info", 1),
        (v2.build({"req_info": ecb.encrypt(APIV2_KEY, b"no message")}), "does not open req_info", 1),
        (b"<xml><a>", "APIv2 message", 1),
    ],
)
def test_apiv2(content: bytes, cause: str, code: int, run: Run, shop: Shop) -> None:
    """Messages of APIv2 are verified by their sign, or by what only the APIv2 key opens."""
    (shop.folder / "headers").write_text("Content-Type: text/xml\n")
    (shop.folder / "body").write_bytes(content)
    report = run("verify", "--headers", "headers", "--body", "body")
    assert (report.code, cause in report.out) == (code, True), report.out


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"code":"SIGN_ERROR","message":"错误的签名，验签失败"}', ["401 SIGN_ERROR 错误的签名", "sign_information"]),
        ('{"code":"NO_AUTH","message":"\\u001b[2J"}', ["401 NO_AUTH \\x1b[2J\n"]),
        ("no JSON", ["a refusal: 401\n"]),
        ("[]", ["a refusal: 401\n"]),
    ],
)
def test_a_refusal_without_a_signature(body: str, said: list[str], run: Run, shop: Shop) -> None:
    """A refusal that isn't signed is told as such; nobody took its signature off."""
    content = f"HTTP/1.1 401 Unauthorized\r\nRequest-ID: 08F0\r\n\r\n{body}"
    (shop.folder / "refusal").write_bytes(content.encode())
    report = run("verify", "refusal")
    assert (report.code, [part for part in said if part not in report.out]) == (1, []), report.out
    assert "doesn't sign every refusal" in report.out
    assert "gateway" not in report.out


def test_keys_of_two_profiles(run: Run, shop: Shop) -> None:
    """Where the key of another profile opens a resource, it is named."""
    (shop.folder / "other").write_text("o" * 32)
    (shop.folder / "wechatpay.toml").write_text('[profiles.other]\napiv3_key_file = "other"\n')
    content = sender.Envelope(apiv3_key="o" * 32).body()
    (shop.folder / "headers").write_text("".join(f"{name}: {text}\n" for name, text in signed(shop, content).items()))
    (shop.folder / "body").write_bytes(content)
    assert "apiv3_key of other opens it" in run("verify", "--headers", "headers", "--body", "body").out


@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({"https_proxy": "proxy.example:3128"}, "has no scheme"),
        ({"HTTP_PROXY": "socks5://proxy.example:1080"}, "scheme that isn't http"),
        ({"HTTPS_PROXY": "http://user:secret@proxy.example:3128"}, "Calls go out directly"),
    ],
)
def test_proxies(variables: Mapping[str, str], cause: str) -> None:
    """Proxy variables are named, with their scheme and without their password."""
    (check,) = network.proxies(variables)
    assert cause in f"{check.found} {check.causes}"
    assert "secret" not in f"{check}"


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://no-such-host.invalid", "it has no address"),
        ("http://127.0.0.1:1", "no connection to port 1"),
    ],
)
def test_the_way_to_the_platform(url: str, cause: str, run: Run) -> None:
    """A host without an address, and a port that nobody listens at, are named."""
    report = run("doctor", "--base-url", url, "--timeout", "2")
    assert report.code == 1
    assert cause in report.out


def test_the_platforms_clock() -> None:
    """A clock that is off is told in seconds, with its direction."""
    assert clock.skew("clock", 3).result == "ok"
    assert clock.skew("clock", -120).result == "warning"
    check = clock.skew("clock", 900)
    assert (check.result, "900 s ahead of" in check.found) == ("wrong", True)


def test_the_self_test_finds_a_key_of_another_merchant(run: Run, shop: Shop) -> None:
    """A private key that isn't the serial's is found by the self-test, which says what to compare."""
    (shop.folder / "apiclient_key.pem").write_text(sender.merchant().private_pem)
    report: Done = run("doctor")
    assert report.code == 1
    assert "The platform could not verify the signature" in report.out.replace("\n  ", " ")


def test_all_is_well(run: Run, shop: Shop) -> None:
    """With right settings every check holds, self-test included, and the report holds no secret."""
    report = run("doctor")
    assert report.code == 0, report.out
    assert "its answer's signature holds" in report.out.replace("\n  ", " ")
    assert not [secret for secret in shop.secrets if secret in report.out + report.err]


@pytest.mark.parametrize("prefix", ["~/", "file://"])
@pytest.mark.parametrize("source", ["variable", "wechatpay.toml"])
def test_paths_that_calls_accept(
    run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch, prefix: str, source: str
) -> None:
    """A path from the home directory, and a `file://` URL, are right for the doctor as they are for calls."""
    key = Path(shop.variables["WECHATPAY_PRIVATE_KEY"])
    monkeypatch.setenv("HOME", str(key.parent))
    path = f"~/{key.name}" if prefix == "~/" else f"file://{key}"
    if source == "variable":
        monkeypatch.setenv("WECHATPAY_PRIVATE_KEY", path)
        report = run("doctor", "--offline")
    else:
        monkeypatch.delenv("WECHATPAY_PRIVATE_KEY")
        (shop.folder / "sub").mkdir()
        (shop.folder / "sub" / "wechatpay.toml").write_text(f'private_key = "{path}"\n')
        report = run("doctor", "--offline", "--config", str(shop.folder / "sub" / "wechatpay.toml"))
    assert report.code == 0, report.out
    assert "private key: RSA, 2048 bits" in report.out


def test_certs_in_the_home_directory(run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the platform's certificates may be told from the home directory, too."""
    pair = sender.certificate()
    folder = shop.folder / "certificates"
    folder.mkdir()
    (folder / f"{pair.serial}.pem").write_text(pair.public_pem)
    monkeypatch.setenv("HOME", str(shop.folder))
    monkeypatch.setenv("WECHATPAY_CERTS", "~/certificates")
    report = run("doctor", "--offline")
    assert (report.code, pair.serial in report.out) == (0, True), report.out


def test_a_mistake_is_told_once(run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is set, each setting is missed once: a client that can't be made of it is no further mistake."""
    for name in shop.variables:
        monkeypatch.delenv(name)
    report = run("doctor", "--offline")
    assert (report.code, report.out.count("mchid: it isn't set")) == (1, 1)


def test_there_are_forty() -> None:
    """The list has the forty mistakes that were promised, and some more."""
    assert len(SETTINGS) + len(MESSAGES) >= 40
