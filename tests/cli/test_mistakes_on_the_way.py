"""What gateways, frameworks and programs do to a notification: `verify` and the webhook name it alike."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.cli.conftest import Run, Shop
from tests.cli.test_mistakes import Changed, body, compact, real, signed, verified
from wechatpay_chain import Webhook, WeChatPayError

Change = Callable[[Shop, bytes], Changed]


def header(name: str, change: Callable[[str], str]) -> Change:
    """Another value of a header."""

    def changed(shop: Shop, came: bytes) -> Changed:
        tries = (signed(shop, came, nonce=f"N0nce{number}") for number in range(1000))
        fields = next(found for found in tries if {*"+/"} <= {*found["Wechatpay-Signature"][1:]})
        return {**fields, name: change(fields[name])}, came

    return changed


def names(change: Callable[[str], str]) -> Change:
    """Other names of all headers."""
    return lambda shop, came: ({change(name): text for name, text in signed(shop, came).items()}, came)


def lost(*names: str) -> Change:
    """Headers that were taken away."""
    return lambda shop, came: ({key: text for key, text in signed(shop, came).items() if key not in names}, came)


def members(change: Callable[[dict[str, Any]], Any], **options: Any) -> Change:
    """Another envelope, written in compact form."""
    return body(lambda came: compact(change(json.loads(came)), **options))


def camel(value: dict[str, Any]) -> dict[str, Any]:
    """The members as a Java class has them."""
    return {
        re.sub("_(.)", lambda found: found[1].upper(), name): camel(inner) if isinstance(inner, dict) else inner
        for name, inner in value.items()
    }


def printed(value: dict[str, Any]) -> str:
    """A map as Java prints it."""
    inner = (f"{name}={printed(item) if isinstance(item, dict) else item}" for name, item in value.items())
    return "{" + ", ".join(inner) + "}"


def in_php(came: bytes) -> bytes:
    """As `json_encode` writes it, for people."""
    return json.dumps(json.loads(came), indent=4).replace("/", "\\/").encode()


def in_go(came: bytes) -> bytes:
    """As Go writes a map: sorted, and fit for HTML."""
    return compact(json.loads(came), sort_keys=True).replace(b"=", b"\\u003d").replace(b"&", b"\\u0026")


REWRITTEN = "written again"
TYPED = "typed objects"
RENAMED = "came in place of"

ON_THE_WAY: dict[str, tuple[Change, str]] = {
    "written again by PHP": (body(in_php), REWRITTEN),
    "written again by Go": (body(in_go), REWRITTEN),
    "written again by Gson": (body(lambda came: came.replace(b"=", b"\\u003d")), REWRITTEN),
    "written again by Jackson, null members": (members(lambda it: {**it, "extra": None}, sort_keys=True), TYPED),
    "written again by Jackson, other names": (members(camel), TYPED),
    "resource as a text": (members(lambda it: {**it, "resource": json.dumps(it["resource"])}), TYPED),
    "time in UTC": (members(lambda it: {**it, "create_time": "2026-11-23T02:00:00.000+00:00"}), TYPED),
    "time with Z": (members(lambda it: {**it, "create_time": "2026-11-23T02:00:00Z"}), TYPED),
    "time in milliseconds": (members(lambda it: {**it, "create_time": 1795399200000}), TYPED),
    "a member left out": (members(lambda it: {key: it[key] for key in it if key != "summary"}), "has no summary"),
    "a member made null": (
        members(lambda it: {**it, "resource": it["resource"] | {"associated_data": None}}),
        "null in associated_data",
    ),
    "summary masked": (members(lambda it: {**it, "summary": "****"}), "masked"),
    "characters left out": (body(lambda came: came.decode().encode("ascii", "ignore")), "lost in decoding"),
    "Base64 for URLs": (body(lambda came: base64.urlsafe_b64encode(came).rstrip(b"=")), "Base64"),
    "in quotes": (body(lambda came: b'"' + came + b'"'), "JSON string"),
    "cut at its head": (body(lambda came: came[20:]), "beginning was"),
    "cut at 256 bytes": (body(lambda came: came[:256]), "cut off"),
    "a map's text of Java": (body(lambda came: printed(json.loads(came)).encode()), "parsed object"),
    "an object's text of JavaScript": (body(lambda _: b"[object Object]"), "parsed object"),
    "a map's text of Go": (body(lambda _: b"map[create_time:2026 id:EV-1]"), "parsed object"),
    "a dump of PHP": (body(lambda _: b"Array\n(\n    [id] => EV-1\n)\n"), "parsed object"),
    "a hash's text of Ruby": (body(lambda _: b'{"id"=>"EV-1", "resource"=>{}}'), "parsed object"),
    "null": (body(lambda _: b"null"), "parsed object, or of nothing"),
    "an empty object": (body(lambda _: b"{}"), "parsed object, or of nothing"),
    "packed by zlib": (body(zlib.compress), "packed"),
    "packed by deflate": (body(lambda came: zlib.compress(came)[2:-4]), "packed"),
    "with the lengths of chunks": (body(lambda came: b"%x\r\n" % len(came) + came + b"\r\n0\r\n\r\n"), "chunks"),
    "with its head": (body(lambda came: b"POST /n HTTP/1.1\r\nHost: x\r\n\r\n" + came), "headers stand before"),
    "as fields of a form": (body(lambda _: b"id=EV-1&resource%5Bnonce%5D=abc"), "form"),
    "entities of HTML": (
        body(lambda came: came.replace("支付".encode(), b"&#25903;&#20184;")),
        "escaped for HTML",
    ),
    "nul behind it": (body(lambda came: came + b"\0"), "line ends"),
    "a line end before it": (body(lambda came: b"\n" + came), "line ends"),
    "signature with blanks": (header("Wechatpay-Signature", lambda text: text.replace("+", " ")), "plus signs"),
    "signature percent-encoded": (header("Wechatpay-Signature", lambda text: quote(text, "")), "percent-encoded"),
    "signature for URLs": (
        header("Wechatpay-Signature", lambda text: text.translate(str.maketrans("+/", "-_"))),
        "is in the Base64 for URLs",
    ),
    "signature cut off": (header("Wechatpay-Signature", lambda text: text[:255]), "was cut off"),
    "signature in small letters": (header("Wechatpay-Signature", str.lower), "letters of one case"),
    "signature there twice": (header("Wechatpay-Signature", lambda text: f"{text}, {text}"), "more than once"),
    "signature in hexadecimal": (
        header("Wechatpay-Signature", lambda text: base64.b64decode(text).hex()),
        "hexadecimal",
    ),
    "time of signing in milliseconds": (header("Wechatpay-Timestamp", lambda text: text + "000"), "whole seconds"),
    "time of signing as a date": (
        header("Wechatpay-Timestamp", lambda text: datetime.fromtimestamp(int(text), UTC).isoformat()),
        "is a date",
    ),
    "time of signing in another zone": (
        header("Wechatpay-Timestamp", lambda text: str(int(text) + 8 * 3600)),
        "28[78]\\d\\d s ahead|28800 s ahead",
    ),
    "nonce there twice": (header("Wechatpay-Nonce", lambda text: f"{text}, {text}"), "more than once"),
    "serial in small letters": (header("Wechatpay-Serial", str.lower), "PUB_KEY_ID_, as it was sent"),
    "serial with hyphens": (header("Wechatpay-Serial", lambda text: text.replace("_", "-")), "PUB_KEY_ID_"),
    "serial cut off": (header("Wechatpay-Serial", lambda text: text[:-8]), "changed on its way"),
    "serial without its prefix": (
        header("Wechatpay-Serial", lambda text: text.removeprefix("PUB_KEY_ID_")),
        "changed on its way",
    ),
    "another signature type": (header("Wechatpay-Signature-Type", lambda _: "SHA256"), "'SHA256'"),
    "names with X-": (names(lambda name: f"X-{name}"), RENAMED),
    "names of a load balancer": (names(lambda name: f"X-Forwarded-{name}"), RENAMED),
    "names without hyphens": (names(lambda name: name.replace("-", "")), RENAMED),
    "timestamp lost": (lost("Wechatpay-Timestamp"), "Wechatpay-Timestamp missing"),
    "serial lost": (lost("Wechatpay-Serial"), "Wechatpay-Serial missing"),
    "signature lost": (lost("Wechatpay-Signature"), "Wechatpay-Signature missing"),
    "serial emptied": (header("Wechatpay-Serial", lambda _: ""), "Wechatpay-Serial missing"),
    "all headers lost": (
        lost("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"),
        "took the headers off",
    ),
}


@pytest.mark.parametrize("mistake", ON_THE_WAY)
def test_verify_and_the_webhook_name_it(mistake: str, run: Run, shop: Shop) -> None:
    """The command's report and the webhook's own error name what happened; neither believes the message."""
    change, cause = ON_THE_WAY[mistake]
    fields, content = change(shop, real(shop))
    report = verified(run, shop, fields, content)
    assert re.search(cause, report.out.replace("\n  ", " ")), report.out
    assert report.code == 1
    assert not [secret for secret in shop.secrets if secret in report.out + report.err]
    (key,) = shop.emulator.platform_keys
    webhook = Webhook(apiv3_key=shop.emulator.apiv3_key, certs={key.serial: key.public_pem})
    with pytest.raises(WeChatPayError, match=cause) as caught:
        webhook.open(fields, content)
    assert shop.emulator.apiv3_key not in str(caught.value)


def test_a_web_page_in_place_of_a_notification(shop: Shop) -> None:
    """A page that a proxy or the shop itself delivers is called one, and not taken for a message of APIv2."""
    (key,) = shop.emulator.platform_keys
    webhook = Webhook(apiv3_key=shop.emulator.apiv3_key, certs={key.serial: key.public_pem})
    with pytest.raises(WeChatPayError, match="web page"):
        webhook.open({}, b"<!DOCTYPE html><title>502 Bad Gateway</title>")
