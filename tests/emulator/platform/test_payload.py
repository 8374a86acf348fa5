"""What a request carries, held against the catalogue."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.emulator.raw import ECHO, PUNISH, QUERY, Answer, RawClient
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.emulator.platform.multipart import parse
from wechatpay_chain.wire import multipart

UPLOAD = "/v3/merchant/media/upload"


def parameter_error(answer: Answer) -> dict[str, Any]:
    """The detail of a PARAM_ERROR."""
    assert (answer.status, answer.body["code"]) == (400, "PARAM_ERROR"), answer.content
    detail: dict[str, Any] = answer.body["detail"]
    return detail


@pytest.mark.parametrize("name", ["out_request_no", "mchid", "bal_account_no", "punish_scene"])
def test_missing_member(raw: RawClient, name: str) -> None:
    """A required member that is missing is named by its JSON pointer."""
    payload = raw.punishment()
    del payload[name]
    detail = parameter_error(raw.post(PUNISH, payload))
    assert detail == {"field": f"/{name}", "location": "body", "issue": "required, but missing"}


@pytest.mark.parametrize(
    ("member", "value"),
    [("punish_scene", "1"), ("punish_scene", None), ("req_scene", "NO_SUCH_SCENE"), ("bal_account_no", 6222)],
)
def test_wrong_member(raw: RawClient, member: str, value: Any) -> None:
    """A member of another type, null, and a value that isn't allowed are refused."""
    detail = parameter_error(raw.post(PUNISH, raw.punishment(**{member: value})))
    assert (detail["field"], detail["location"]) == (f"/{member}", "body")


@pytest.mark.parametrize(
    ("member", "value"), [("notify_url", "https://shop.example/?order=1"), ("out_trade_no", "A" * 33)]
)
def test_texts_with_a_rule(raw: RawClient, member: str, value: Any) -> None:
    """An order with an address or a number that the platform doesn't take is refused, and makes none."""
    target = "/v3/pay/transactions/native"
    detail = parameter_error(raw.post(target, raw.order(**{member: value})))
    assert (detail["field"], detail["location"]) == (f"/{member}", "body")
    assert raw.emulator.orders == []
    assert raw.post(target, raw.order()).status == 200


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (QUERY.format("P1", "NEITHER"), "control_type"),
        ("/v3/aggracct-bc/wb-channel/control-orders/P1?control_type=PUNISH", "mchid"),
    ],
)
def test_wrong_query(raw: RawClient, target: str, field: str) -> None:
    """A query parameter that is missing or not allowed is named."""
    detail = parameter_error(raw.send("GET", target))
    assert (detail["field"], detail["location"]) == (field, "query")


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"text"'])
def test_body_that_is_no_object(raw: RawClient, body: bytes) -> None:
    """A body that is cut off, missing, or no object is refused."""
    assert parameter_error(raw.send("POST", PUNISH, body))["location"] == "body"


def test_content_type(raw: RawClient) -> None:
    """A body that doesn't say that it is JSON is refused."""
    body = b'{"echo_message":"hello"}'
    headers = raw.headers("POST", ECHO, body) | {"Content-Type": "text/plain"}
    answer = raw.send("POST", ECHO, body, headers)
    assert (answer.status, answer.body["code"]) == (400, "INVALID_REQUEST")


def test_secret_in_plain(raw: RawClient) -> None:
    """A secret that comes in plain is refused in the platform's words, with its pointer."""
    answer = raw.post(PUNISH, raw.punishment(bal_account_no="6222 0000 1111"))
    assert parameter_error(answer)["field"] == "/bal_account_no"
    assert "平台私钥解密失败" in answer.body["message"]


def test_secret_for_another_key(raw: RawClient, certificate: KeyPair) -> None:
    """A secret that was encrypted for another key is refused in the platform's words."""
    raw.emulator.platform_keys = (certificate, *raw.emulator.platform_keys)
    foreign = raw.punishment()["bal_account_no"]
    raw.emulator.platform_keys = raw.emulator.platform_keys[1:]
    answer = raw.post(PUNISH, raw.punishment(bal_account_no=foreign))
    assert parameter_error(answer)["field"] == "/bal_account_no"
    assert "平台私钥解密失败" in answer.body["message"]


@pytest.mark.parametrize("serial", [None, ""])
def test_serial_without_a_secret(raw: RawClient, serial: str | None) -> None:
    """An operation that can carry secrets goes without `Wechatpay-Serial` where it carries none."""
    target = "/v3/pay/transactions/native"
    body = json.dumps(raw.order()).encode()
    headers = raw.headers("POST", target, body)
    del headers["Wechatpay-Serial"]
    if serial is not None:
        headers["Wechatpay-Serial"] = serial
    answer = raw.send("POST", target, body, headers)
    assert answer.status == 200
    assert "code_url" in answer.body


@pytest.mark.parametrize(
    ("target", "serial"),
    [
        (PUNISH, None),
        (PUNISH, ""),
        (PUNISH, "PUB_KEY_ID_0114000000000000000000000000"),
        (QUERY.format("P1", "PUNISH"), "PUB_KEY_ID_0114000000000000000000000000"),
    ],
)
def test_serial_that_names_no_key(raw: RawClient, serial: str | None, target: str) -> None:
    """A secret without `Wechatpay-Serial` is refused, and so is the name of an unknown key."""
    body = json.dumps(raw.punishment()).encode() if target == PUNISH else b""
    method = "POST" if body else "GET"
    headers = raw.headers(method, target, body)
    del headers["Wechatpay-Serial"]
    if serial is not None:
        headers["Wechatpay-Serial"] = serial
    answer = raw.send(method, target, body, headers)
    assert parameter_error(answer)["field"] == "Wechatpay-Serial"
    said = "平台证书序列号Wechatpay-Serial错误" if serial else "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)"
    assert answer.body["message"] == said


def test_secret_without_a_key(raw: RawClient) -> None:
    """A secret needs the name of its key, also where the catalogue doesn't demand the header."""
    target = "/v3/global/profit-sharing/receivers"
    body = json.dumps({"name": raw.seal("Zhang San")}).encode()
    headers = raw.headers("POST", target, body)
    del headers["Wechatpay-Serial"]
    assert "缺少微信支付平台证书序列号" in raw.send("POST", target, body, headers).body["message"]


def test_missing_header(raw: RawClient) -> None:
    """A header that the operation demands is named."""
    detail = parameter_error(raw.post("/v3/marketing/partnerships/build", {}))
    assert (detail["field"], detail["location"]) == ("Idempotency-Key", "header")


def upload(raw: RawClient, meta: bytes, file: bytes, *, part: str = "file", signed: bytes | None = None) -> Answer:
    """Upload a file."""
    envelope = multipart.envelope(
        [("meta", "application/json", meta)], file_name="a.jpg", file_part=part, boundary="bound"
    )
    headers = raw.headers("POST", UPLOAD, meta if signed is None else signed)
    return raw.send(
        "POST", UPLOAD, envelope.head + file + envelope.tail, headers | {"Content-Type": envelope.content_type}
    )


def meta_of(file: bytes) -> dict[str, str]:
    """The meta of a file."""
    return {"filename": "a.jpg", "sha256": hashlib.sha256(file).hexdigest()}


def test_upload_is_signed_over_its_meta(raw: RawClient) -> None:
    """Of an upload only `meta` is signed; the file arrives as it was, line ends and boundary-like bytes included."""
    file = b"\r\n--bou\r\n\x00\xff"
    answer = upload(raw, json.dumps(meta_of(file)).encode(), file)
    assert answer.status == 200, answer.content
    call = raw.emulator.calls[-1]
    assert (call.file, call.meta) == (file, meta_of(file))
    whole = multipart.envelope(
        [("meta", "application/json", b"{}")], file_name="a.jpg", file_part="file", boundary="bound"
    )
    assert upload(raw, b"{}", file, signed=whole.head + file + whole.tail).status == 401


@pytest.mark.parametrize(
    ("meta", "part", "field"),
    [
        (b'{"filename":"a.jpg"}', "file", "/sha256"),
        (b'{"filename":"a.jpg","sha256":"00"}', "file", "/sha256"),
        (b"[]", "file", ""),
        (b"{}", "other", "file"),
    ],
)
def test_wrong_upload(raw: RawClient, meta: bytes, part: str, field: str) -> None:
    """An upload without digest, with another digest, with a meta that is no object, or without file is refused."""
    assert parameter_error(upload(raw, meta, b"abc", part=part))["field"] == field


def test_json_for_an_upload(raw: RawClient) -> None:
    """JSON where a file is due is refused."""
    assert raw.post(UPLOAD, meta_of(b"")).body["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("multipart/form-data; boundary=xyz", True),
        ("multipart/form-data", True),
        ("multipart/mixed", False),
        ("application/json", False),
    ],
)
def test_an_unnamed_boundary(content_type: str, read: bool) -> None:
    """An upload that names no boundary begins with it, and is read all the same."""
    body = b'--xyz\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{}\r\n--xyz--\r\n'
    upload = parse(content_type, body)
    assert (upload is not None and upload.meta == b"{}") is read
    assert parse("multipart/form-data", b"nothing") is None


def test_an_upload_of_a_forger() -> None:
    """A boundary that is no UTF-8 is read, and a name is looked for at the beginning of a line alone."""
    boundary = b"\xff".decode("utf-8", "surrogateescape")
    upload = parse(
        f"multipart/form-data; boundary={boundary}", multipart_of(b"\xff", b'Content-Disposition: a; name="b"')
    )
    assert upload is not None
    assert upload.files == {"b": b"c"}
    upload = parse("multipart/form-data; boundary=x", multipart_of(b"x", b"Content-Disposition:" * 100_000))
    assert upload is not None
    assert upload.files == {}


def multipart_of(boundary: bytes, head: bytes) -> bytes:
    """A body of one part."""
    return b"--%b\r\n%b\r\n\r\nc\r\n--%b--\r\n" % (boundary, head, boundary)
