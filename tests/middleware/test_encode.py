"""Encode: payload, parameters and files become the bytes that are signed and sent."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.known import known
from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.middleware import Encode

UPLOAD = "/v3/merchant/media/upload"
FAPIAO = "/v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file"


async def encoded(**values: Any) -> Request:
    """What the next handler gets of a request."""
    captured: list[Request] = []

    async def call_next(request: Request) -> Response[Any]:
        captured.append(request)
        return Response(status=200)

    usual: dict[str, Any] = {"method": "POST", "template": "/v3/x"}
    await Encode()(known(**{**usual, **values}), call_next)
    return captured[0]


async def refused(argument: str, **values: Any) -> ConfigurationError:
    """The error of a request, with nothing handed on."""
    with pytest.raises(ConfigurationError) as raised:
        await encoded(**values)
    assert raised.value.argument == argument
    return raised.value


async def test_json() -> None:
    """The payload becomes bytes, and the headers say so."""
    request = await encoded(json={"名": 1}, params={"a": "b c"})
    assert request.body == '{"名":1}'.encode()
    assert request.target == "/v3/x?a=b%20c"
    assert dict(request.headers) == {"Accept": "application/json", "Content-Type": "application/json"}
    assert request.signed_body is None


@pytest.mark.parametrize("payload", [{}, []])
async def test_an_empty_payload_is_a_body(payload: Any) -> None:
    """`{}` is sent as `{}`, no payload as no body."""
    assert (await encoded(json=payload)).body == orjson.dumps(payload)
    assert (await encoded()).body == b""


async def test_a_body_made_by_hand() -> None:
    """Bytes that are there already go out as they are, and so does a query."""
    request = await encoded(body=b"raw\xff", query="a=%2F&b=/")
    assert (request.body, request.query) == (b"raw\xff", "a=%2F&b=/")


async def test_headers_of_the_caller_win() -> None:
    """What the caller sets is laid over the usual headers, in any case."""
    request = await encoded(headers=Headers({"accept": "x/y", "X-Trace": "1"}))
    assert dict(request.headers) == {"accept": "x/y", "Content-Type": "application/json", "X-Trace": "1"}


async def test_files_are_accepted_as_they_come() -> None:
    """An operation that answers with a file isn't asked for JSON."""
    request = await encoded(method="GET", template="/v3/billdownload/file", query="token=x")
    assert request.headers["Accept"] == "*/*"


@pytest.mark.parametrize(
    ("values", "argument"),
    [
        ({"method": "GET", "json": {}}, "json"),
        ({"json": {"a": None}}, "json/a"),
        ({"params": {"a": None}}, "params['a']"),
        ({"params": [("a", "b")]}, "params"),
        ({"xml": {"a": "b"}}, "xml"),
        ({"template": "/v3/{id}"}, "path"),
        ({"template": "/v3/{id}", "path": "/v3/../x"}, "path"),
        ({"template": "//evil.example/v3"}, "path"),
        ({"template": "https://evil.example/v3"}, "path"),
        ({"template": "/v3/x", "path": "/v3/x HTTP/1.1\r\nHost: evil"}, "path"),
        ({"query": "a=b HTTP/1.1\r\nHost: evil"}, "query"),
        ({"query": "a#b"}, "query"),
        ({"headers": Headers({"Host": "evil"})}, "headers['Host']"),
        ({"headers": Headers({"Authorization": "x"})}, "headers['Authorization']"),
        ({"headers": Headers({"X": "a\r\nAuthorization: x"})}, "headers['X']"),
        ({"meta": {"filename": "a.jpg"}}, "meta"),
        ({"retry": "false"}, "retry"),
        ({"retry": 5}, "retry"),
        ({"security": "no"}, "security"),
        ({"security": []}, "security"),
        ({"template": UPLOAD, "file": b"x"}, "meta"),
        ({"template": UPLOAD, "file": b"x", "meta": {"filename": ""}}, "meta"),
        ({"template": UPLOAD, "file": b"x", "meta": ["a.jpg"]}, "meta"),
        ({"template": UPLOAD, "file": b"x", "meta": {"filename": 5}}, "meta/filename"),
        ({"template": UPLOAD, "file": b"x", "meta": {"filename": "a.jpg", "x": None}}, "meta/x"),
        ({"template": UPLOAD, "file": b"x", "meta": {"filename": "😀.jpg"}}, "meta/filename"),
        ({"template": UPLOAD, "file": b"x", "json": {}}, "json"),
        ({"template": UPLOAD, "file": "licence.jpg"}, "file"),
        ({"template": UPLOAD, "file": io.BytesIO(b"x")}, "file"),
        ({"template": UPLOAD, "file": bytearray(b"x")}, "file"),
        ({"template": UPLOAD, "file": Path("/nonexistent/licence.jpg")}, "file"),
        ({"template": UPLOAD, "file": Path("/")}, "file"),
        ({"template": FAPIAO, "file": b"x"}, "meta"),
    ],
)
async def test_mistakes_are_found_before_anything_is_sent(values: dict[str, Any], argument: str) -> None:
    """Each mistake is a ConfigurationError that names its argument; the next handler isn't called."""
    await refused(argument, **values)


@pytest.mark.parametrize(
    ("payload", "argument", "remedy"),
    [
        (
            {"amount": {"total": 12.5}},
            "json/amount/total",
            "Compute with int or Decimal and give an int: amounts are whole fen: 12.5 yuan are 1250",
        ),
        (
            {"detail": {"goods_detail": [{"quantity": 1.5}]}},
            "json/detail/goods_detail/0/quantity",
            "Give an int: it must be a whole number",
        ),
    ],
)
async def test_floats_for_whole_numbers(payload: dict[str, Any], argument: str, remedy: str) -> None:
    """A float is refused where a whole number belongs; fen are spoken of only for an amount."""
    error = await refused(argument, template="/v3/pay/transactions/native", json=payload)
    assert error.remedy == remedy


@pytest.mark.parametrize(
    ("template", "params", "argument"),
    [
        ("/v3/merchant-service/complaints-v2", {"begin_date": "2026-01-01", "limit": 1.5}, "params/limit"),
        ("/v3/merchant-service/complaints-v2", {"limit": [10.0]}, None),
        ("/v3/some/new/list", {"limit": 1.5}, None),
        ("/v3/merchant-service/complaints-v2", {"begin_date": "1.5", "limit": 10}, None),
    ],
)
async def test_floats_for_whole_numbers_of_a_query(template: str, params: dict[str, Any], argument: str | None) -> None:
    """So it is with a query parameter that is known as a whole number."""
    if argument is None:
        assert (await encoded(method="GET", template=template, params=params)).query
    else:
        error = await refused(argument, method="GET", template=template, params=params)
        assert error.remedy == "Give an int: it must be a whole number"


@pytest.mark.parametrize("template", [UPLOAD, "/v3/some/new/upload"])
async def test_an_upload_from_a_file(tmp_path: Path, template: str) -> None:
    """Name and digest are put into `meta`, which alone is signed, whether the operation is known or not."""
    (tmp_path / "执照.jpg").write_bytes(b"\xff\xd8")
    request = await encoded(template=template, file=tmp_path / "执照.jpg")
    assert request.signed_body
    assert orjson.loads(request.signed_body) == {
        "filename": "执照.jpg",
        "sha256": hashlib.sha256(b"\xff\xd8").hexdigest(),
    }
    assert request.body
    assert request.signed_body in request.body
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")


async def test_an_upload_from_bytes() -> None:
    """The caller's meta wins and isn't changed; further members are kept."""
    meta = {"filename": "a.png", "bank_type": "X"}
    request = await encoded(template=UPLOAD, file=b"x", meta=meta)
    assert request.signed_body
    assert orjson.loads(request.signed_body) == meta | {"sha256": hashlib.sha256(b"x").hexdigest()}
    assert meta == {"filename": "a.png", "bank_type": "X"}


async def test_operations_with_other_names_and_digests(tmp_path: Path) -> None:
    """Part, members and algorithm are the operation's own: SM3 where the platform takes nothing else."""
    (tmp_path / "a.pdf").write_bytes(b"abc")
    request = await encoded(template=FAPIAO, file=tmp_path / "a.pdf")
    assert request.signed_body
    assert orjson.loads(request.signed_body) == {
        "digest": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        "digest_alogrithm": "SM3",
    }
    due_diligence = "/v3/mch-operation-manage/enhanced-due-diligence/{due_diligence_id}/upload"
    request = await encoded(
        template=due_diligence, path=due_diligence.format(due_diligence_id=1), file=tmp_path / "a.pdf"
    )
    assert request.signed_body
    assert orjson.loads(request.signed_body).keys() == {"file_name", "file_digest"}
    assert request.body
    assert b'name="due_diligence_file"; filename="a.pdf"' in request.body
