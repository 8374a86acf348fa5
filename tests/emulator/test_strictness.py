"""What the platform takes is taken, and no more: requests written byte by byte, without the package's own client."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from wechatpay_chain.emulator import Emulator

NATIVE = "/v3/pay/transactions/native"
QUERY = "/v3/pay/transactions/out-trade-no/A1?mchid=1900000109"
SCHEME = "WECHATPAY2-SHA256-RSA2048"
ITEMS = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")
COMMON = ("Accept: application/json", "User-Agent: by hand", "Content-Type: application/json")


@dataclass(frozen=True)
class Hand:
    """Writes requests by hand, and sends them over a socket of their own.

    Attributes:
        emulator: whose first merchant signs.
        host: where it listens.
    """

    emulator: Emulator
    host: str

    def authorization(self, method: str, target: str, body: bytes = b"", **values: str) -> dict[str, str]:
        """The five items of the header; `values` are given before the text is signed."""
        items = {
            "mchid": self.emulator.mchid,
            "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
            "timestamp": str(int(time.time())),
            "serial_no": self.emulator.merchant_key.serial,
            **values,
        }
        text = f"{method}\n{target}\n{items['timestamp']}\n{items['nonce_str']}\n".encode() + body + b"\n"
        key = self.emulator.merchant_key.private_key
        assert isinstance(key, RSAPrivateKey)
        return items | {"signature": base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode()}

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        lines: tuple[str, ...] = COMMON,
        authorization: str = "",
        sent: bytes | None = None,
        **values: str,
    ) -> tuple[int, str]:
        """Send a request.

        Args:
            method: its verb.
            target: path and query.
            body: is signed, and is sent.
            lines: header lines beside Authorization, Host and Content-Length, which come last.
            authorization: in place of a good one.
            sent: everything after Content-Length, in place of the body.
            values: items of a good Authorization to be other than usual.

        Returns:
            Status and content.
        """
        if not authorization:
            items = self.authorization(method, target, body, **values)
            authorization = f"{SCHEME} " + ",".join(f'{name}="{items[name]}"' for name in ITEMS)
        head = [f"{method} {target} HTTP/1.1", *lines, f"Authorization: {authorization}", f"Host: {self.host}"]
        if sent is None:
            head, sent = [*head, f"Content-Length: {len(body)}"], body
        host, _, port = self.host.partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode() + sent)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        while answer.startswith(b"HTTP/1.1 100 "):
            answer = answer.partition(b"\r\n\r\n")[2]
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2].decode()

    def order(self, **members: Any) -> bytes:
        """The body of a Native order."""
        return json.dumps(
            {
                "appid": "wxd678efh567hg6787",
                "mchid": self.emulator.mchid,
                "description": "coffee",
                "out_trade_no": "A1",
                "notify_url": "https://shop.example/notify",
                "amount": {"total": 100},
                **members,
            }
        ).encode()


@pytest.fixture
def hand(emulator: Emulator) -> Iterator[Hand]:
    """Requests by hand to the emulator on a port."""
    with emulator.listen() as base_url:
        yield Hand(emulator, urlsplit(base_url).netloc)


@pytest.mark.parametrize("between", [",", ", ", " , "])
@pytest.mark.parametrize("order", [ITEMS, ITEMS[::-1], ("signature", "mchid", "serial_no", "nonce_str", "timestamp")])
def test_items_come_in_any_order(hand: Hand, order: tuple[str, ...], between: str) -> None:
    """The five items of Authorization come in any order, with or without spaces between them."""
    body = hand.order()
    items = hand.authorization("POST", NATIVE, body)
    written = f"{SCHEME} " + between.join(f'{name}="{items[name]}"' for name in order)
    assert hand.send("POST", NATIVE, body, authorization=written)[0] == 200


@pytest.mark.parametrize("left_out", ITEMS)
def test_each_item_is_needed(hand: Hand, left_out: str) -> None:
    """Authorization without one of its items is refused."""
    body = hand.order()
    items = hand.authorization("POST", NATIVE, body)
    written = f"{SCHEME} " + ",".join(f'{name}="{items[name]}"' for name in ITEMS if name != left_out)
    assert hand.send("POST", NATIVE, body, authorization=written)[0] == 401


@pytest.mark.parametrize("nonce", ["a", "short-1_x", "0123456789ABCDEF" * 2, "z" * 64, "y" * 128, "a+/= b"])
def test_a_nonce_has_any_length(hand: Hand, nonce: str) -> None:
    """A nonce is any random text; no length is documented."""
    assert hand.send("POST", NATIVE, hand.order(), nonce_str=nonce)[0] == 200


@pytest.mark.parametrize(
    ("off", "status"), [(0, 200), (-290, 200), (290, 200), (-400, 401), (400, 401), (-(10**9), 401)]
)
def test_five_minutes(hand: Hand, off: int, status: int) -> None:
    """A timestamp may be five minutes off, in either direction."""
    assert hand.send("POST", NATIVE, hand.order(), timestamp=str(int(time.time()) + off))[0] == status


@pytest.mark.parametrize("timestamp", ["{:.0f}000", "{:.1f}", "+{:.0f}", " {:.0f}", "0x{:.0f}"])
def test_a_timestamp_is_seconds(hand: Hand, timestamp: str) -> None:
    """Milliseconds, fractions, signs and blanks are refused, rightly signed as they are."""
    assert hand.send("POST", NATIVE, hand.order(), timestamp=timestamp.format(time.time()))[0] == 401


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_serial_is_a_number(hand: Hand, case: Any) -> None:
    """The serial of the merchant's certificate counts as a number, whose hexadecimal digits have no case."""
    assert hand.send("POST", NATIVE, hand.order(), serial_no=case(hand.emulator.merchant_key.serial))[0] == 200


@pytest.mark.parametrize(
    "lines",
    [
        COMMON,
        COMMON[::-1],
        tuple(line.lower() for line in COMMON),
        tuple(line.upper() for line in COMMON),
        ("Accept: */*", *COMMON[1:]),
        ("Accept: application/json, text/plain, */*", *COMMON[1:]),
        ("Accept: text/html", *COMMON[1:]),
        (*COMMON[:2], "Content-Type: application/json; charset=utf-8"),
        (*COMMON[:2], "Content-Type: application/json;charset=UTF-8"),
        (*COMMON[:2], "Content-Type: Application/Json ; Charset=UTF-8"),
        (*COMMON, "Accept-Language: en", "X-Request-Id: 1", "Cookie: a=b"),
        (*COMMON, "Accept-Encoding: gzip, deflate, br"),
    ],
)
def test_headers_that_are_taken(hand: Hand, lines: tuple[str, ...]) -> None:
    """Names in any case and order, whatever `Accept` says, JSON with a charset, headers that nobody asked for."""
    assert hand.send("POST", NATIVE, hand.order(), lines=lines)[0] == 200


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (COMMON[1:], "Accept"),
        ((COMMON[0], COMMON[2]), "User-Agent"),
        (("Accept:", *COMMON[1:]), "Accept"),
        (COMMON[:2], "Content-Type"),
        ((*COMMON[:2], "Content-Type: text/plain"), "Content-Type"),
        ((*COMMON[:2], "Content-Type: application/x-www-form-urlencoded"), "Content-Type"),
        ((*COMMON[:2], "Content-Type: application/jsonp"), "Content-Type"),
    ],
)
def test_headers_that_are_refused(hand: Hand, lines: tuple[str, ...], word: str) -> None:
    """Neither Accept nor User-Agent may be missing or empty, and a body must say that it is JSON."""
    status, content = hand.send("POST", NATIVE, hand.order(), lines=lines)
    assert 400 <= status < 500
    assert word in content


@pytest.mark.parametrize("lines", [COMMON, COMMON[:2], (*COMMON[:2], "Content-Type: text/plain")])
def test_a_get_has_no_body(hand: Hand, lines: tuple[str, ...]) -> None:
    """A GET is signed over an empty body, and its content type says nothing about it."""
    assert hand.send("POST", NATIVE, hand.order())[0] == 200
    assert hand.send("GET", QUERY, lines=lines)[0] == 200


@pytest.mark.parametrize(
    "query",
    [
        "mchid=1900000109",
        "mchid=19000001%30%39",
        "mchid=1900000109&",
        "mchid=1900000109&b=%2f%7E|*@",
        "z=1&mchid=1900000109",
    ],
)
def test_a_query_is_signed_as_sent(hand: Hand, query: str) -> None:
    """A query is signed in the order and spelling in which it is sent; its values count decoded."""
    assert hand.send("POST", NATIVE, hand.order())[0] == 200
    status, content = hand.send("GET", f"{QUERY.partition('?')[0]}?{query}")
    assert (status, json.loads(content)["trade_state"]) == (200, "NOTPAY")


def test_a_query_signed_otherwise(hand: Hand) -> None:
    """Who signs the decoded query, or one in another order, is refused."""
    items = hand.authorization("GET", QUERY)
    written = f"{SCHEME} " + ",".join(f'{name}="{items[name]}"' for name in ITEMS)
    for query in ("mchid=190000010%39", "mchid=1900000109&"):
        assert hand.send("GET", f"{QUERY.partition('?')[0]}?{query}", authorization=written)[0] == 401


@pytest.mark.parametrize("time_expire", ["{}+08:00", "{}.000+08:00", "{}Z", "{}.123Z", "{}+00:00", "{}-05:00"])
def test_forms_of_time_that_are_taken(hand: Hand, time_expire: str) -> None:
    """RFC 3339 with any offset, `Z`, and fractions of a second."""
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(hand.emulator.world.now + 86400))
    assert hand.send("POST", NATIVE, hand.order(time_expire=time_expire.format(when)))[0] == 200


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y%m%d%H%M%S", "%s"])
def test_forms_of_time_that_are_refused(hand: Hand, form: str) -> None:
    """A time without an offset, a date, and the digits of APIv2 are no times of APIv3."""
    when = time.strftime(form, time.gmtime(hand.emulator.world.now + 86400))
    status, content = hand.send("POST", NATIVE, hand.order(time_expire=when))
    assert (status, json.loads(content)["code"]) == (400, "PARAM_ERROR")


def test_unknown_members_are_ignored(hand: Hand) -> None:
    """A member that nobody knows, at any depth, is ignored."""
    body = hand.order(new_member={"a": [1, None]}, amount={"total": 100, "new": "1"})
    assert hand.send("POST", NATIVE, body)[0] == 200


def test_a_body_may_be_spaced(hand: Hand) -> None:
    """A body counts as it was sent: blanks, line ends, escapes and the order of members are the merchant's."""
    members = dict(reversed(json.loads(hand.order(description="咖啡")).items()))
    body = b" \r\n" + json.dumps(members, indent="\t", ensure_ascii=True).encode() + b"\n"
    assert hand.send("POST", NATIVE, body)[0] == 200


def test_a_body_in_chunks(hand: Hand) -> None:
    """A body may come in chunks, and after `Expect: 100-continue`."""
    body = hand.order()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    for lines in (COMMON, (*COMMON, "Expect: 100-continue")):
        assert hand.send("POST", NATIVE, body, lines=(*lines, "Transfer-Encoding: chunked"), sent=chunks)[0] == 200


def test_the_serial_names_the_key_of_a_secret(hand: Hand) -> None:
    """`Wechatpay-Serial` may be left out where an operation carries no secret; one that is given must be known."""
    unknown = "Wechatpay-Serial: PUB_KEY_ID_0000000000000000000000000000000001"
    plain = json.dumps({"echo_message": "a"}).encode()
    secret = json.dumps({"echo_message": "a", "encrypted_echo_message": "b"}).encode()
    assert hand.send("POST", "/v3/security/echo", plain)[0] == 200
    for body, lines in ((plain, (*COMMON, unknown)), (secret, COMMON)):
        status, content = hand.send("POST", "/v3/security/echo", body, lines=lines)
        assert (status, json.loads(content)["detail"]["field"]) == (400, "Wechatpay-Serial")


def test_the_serial_counts_for_secrets_alone(hand: Hand) -> None:
    """An operation that can carry no secret takes any `Wechatpay-Serial`, and answers by the usual key."""
    assert hand.send("POST", NATIVE, hand.order())[0] == 200
    lines = (*COMMON, "Wechatpay-Serial: PUB_KEY_ID_0000000000000000000000000000000001")
    assert hand.send("GET", QUERY, lines=lines)[0] == 200
