"""Who is let in, over a real socket."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.emulator.raw import ECHO, PUNISH, RawClient
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

BODY = b'{"echo_message":"hello"}'


def test_a_correct_request_is_answered(raw: RawClient) -> None:
    """A request that is signed over its very bytes is let in, and its Request-ID ends in 0."""
    answer = raw.send("POST", ECHO, BODY)
    assert (answer.status, answer.body) == (200, {"echo_message": "hello"})
    assert answer.headers["Request-ID"].endswith("-0")


@pytest.mark.parametrize("name", ["Accept", "User-Agent"])
def test_headers_that_every_request_needs(raw: RawClient, name: str) -> None:
    """A request without Accept or User-Agent is refused before its signature is looked at."""
    headers = raw.headers("POST", ECHO, BODY)
    del headers[name]
    answer = raw.send("POST", ECHO, BODY, headers)
    assert answer.status == 400
    assert answer.body == {"code": "INVALID_REQUEST", "message": "Http头缺少Accept或User-Agent"}


def test_wrong_signature_tells_what_was_verified(raw: RawClient) -> None:
    """A body that isn't the signed one is refused with the method, target and text that the platform verified."""
    headers = raw.headers("POST", ECHO, BODY)
    answer = raw.send("POST", ECHO, BODY + b" ", headers)
    authorization = Authorization.parse(headers["Authorization"])
    head = f"POST\n{ECHO}\n{authorization.timestamp}\n{authorization.nonce}\n"
    assert answer.status == 401
    assert answer.body["code"] == "SIGN_ERROR"
    assert answer.body["detail"] == {
        "field": "signature",
        "location": "authorization",
        "detail": {"issue": "sign not match"},
        "sign_information": {
            "method": "POST",
            "url": ECHO,
            "truncated_sign_message": head + '{"echo_m\n',
            "sign_message_length": len(head) + len(BODY) + 2,
        },
    }


def test_a_401_is_not_signed(raw: RawClient) -> None:
    """Who isn't known gets no signature of the platform, but a Request-ID with the number of the fault."""
    answer = raw.send("POST", ECHO, BODY, raw.headers("POST", ECHO, b"other"))
    assert not v3.is_signed(answer.headers)
    assert answer.headers["Request-ID"].endswith("-268443699")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"owner": "1900000001"}, "签名错误"),
        ({"serial": "0" * 40}, "商户证书序列号有误"),
        ({"timestamp": str(int(time.time()) - 86_400)}, "不得超过5分钟"),
        ({"timestamp": str(int(time.time()) + 86_400)}, "不得超过5分钟"),
        ({"timestamp": "now"}, "不得超过5分钟"),
        ({"timestamp": "9" * 5000}, "不得超过5分钟"),
        ({"signature": "WECHATPAY"}, "验签失败"),
    ],
)
def test_authorization_that_does_not_fit(raw: RawClient, change: dict[str, Any], message: str) -> None:
    """An unknown merchant, an unknown serial, a timestamp that is off, and no signature at all are told apart."""
    answer = raw.send("POST", ECHO, BODY, raw.headers("POST", ECHO, BODY, **change))
    assert (answer.status, answer.body["code"]) == (401, "SIGN_ERROR")
    assert message in answer.body["message"]


@pytest.mark.parametrize(
    ("header", "message"),
    [(None, "值格式错误"), (f"{signature_types.RSA} nonsense", "值格式错误"), ("Bearer token", "认证类型不正确")],
)
def test_authorization_that_cannot_be_read(raw: RawClient, header: str | None, message: str) -> None:
    """A missing, malformed or foreign Authorization is refused as such."""
    headers = raw.headers("POST", ECHO, BODY)
    del headers["Authorization"]
    if header is not None:
        headers["Authorization"] = header
    answer = raw.send("POST", ECHO, BODY, headers)
    assert answer.status == 401
    assert message in answer.body["message"]


def test_a_signed_request_may_be_sent_again(raw: RawClient) -> None:
    """The same Authorization is good twice: clients re-send a signed request to the other host."""
    headers = raw.headers("POST", ECHO, BODY)
    assert [raw.send("POST", ECHO, BODY, headers).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v3/bill/tradebill?bill_date=2026-01-01&x=%2F%3a%7E'|*@", 200),
        ("/v3/marketing/favor/stocks/a%2Fb%7c%3F%25%e4%b8%ad?stock_creator_mchid=1", 200),
        ("//v3/bill/tradebill?bill_date=2026-01-01", 404),
        ("/v3/bill/../bill/tradebill?bill_date=2026-01-01", 404),
    ],
)
def test_the_target_is_taken_as_received(raw: RawClient, target: str, status: int) -> None:
    """Neither path nor query is normalised or decoded before the signature is checked and the operation is found."""
    assert raw.send("GET", target).status == status


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/v3/unknown/operation", 404, "RESOURCE_NOT_EXISTS"),
        ("GET", PUNISH + "/", 404, "RESOURCE_NOT_EXISTS"),
        ("DELETE", PUNISH, 405, None),
    ],
)
def test_operations_that_cannot_be_answered(
    raw: RawClient, method: str, target: str, status: int, code: str | None
) -> None:
    """An unknown path and a wrong method are refused, each with its own status."""
    answer = raw.send(method, target)
    assert answer.status == status
    assert (answer.body["code"] if answer.content else None) == code
