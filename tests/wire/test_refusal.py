"""Refusals: every status, every shape of body, and what the platform says of a signature."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.known import operation_of
from wechatpay_chain.errors import (
    APIError,
    BadRequest,
    Forbidden,
    NotFound,
    Outcome,
    Pending,
    RateLimited,
    ServerError,
    Unauthorized,
)
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.wire import signature_types
from wechatpay_chain.wire.authorization import Authorization
from wechatpay_chain.wire.refusal import api_error, is_refusal

AUTHORIZATION = Authorization(
    signature_type=signature_types.RSA,
    owner="1900000109",
    serial="0A1B",
    nonce="N0NCE",
    timestamp="1700000000",
    signature="U0lHTkFUVVJF",
)
REQUEST = Request(
    method="POST",
    template="/v3/refund/{id}",
    path="/v3/refund/1",
    query="a=b",
    body='{"名":1}'.encode(),
    headers=Headers({"Authorization": str(AUTHORIZATION)}),
)
SIGNED = 'POST\n/v3/refund/1?a=b\n1700000000\nN0NCE\n{"名":1}\n'
SIZE = len(SIGNED.encode())
NOT_VERIFIED = " (the answer's signature was not verified)"
REFUNDS = "/v3/refund/domestic/refunds"
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
PAYOUTS = (
    TRANSFERS,
    REFUNDS,
    "/v3/fund-app/mch-transfer/partner/transfer-bills",
    "/v3/transfer/batches",
    "/v3/profitsharing/orders",
    "/v3/brand/profitsharing/orders",
    "/v3/ecommerce/fund/withdraw",
    "/v2/mmpaymkttransfers/sendredpack",
)


def answer(status: int, content: Any = b"", **more: Any) -> Response[Any]:
    """An answer; content that isn't bytes becomes JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(status=status, content=raw, **more)


def sign_error(text: object, length: object = SIZE, request: Request | None = REQUEST, nested: bool = False) -> str:
    """The text of a SIGN_ERROR with this sign information."""
    information = {"method": "POST", "truncated_sign_message": text, "sign_message_length": length}
    detail: dict[str, Any] = {"sign_information": information, "field": "signature"}
    content = {"code": "SIGN_ERROR", "message": "签名错误", "detail": {"detail": detail} if nested else detail}
    error = api_error(answer(401, content, request=request))
    return error.message + "".join(str(cause) for cause in error.causes if cause.certainty == "proven")


@pytest.mark.parametrize(
    ("status", "cls", "outcome"),
    [
        (100, APIError, "unknown"),
        (202, Pending, "unknown"),
        (301, APIError, "rejected"),
        (302, APIError, "rejected"),
        (303, APIError, "unknown"),
        (307, APIError, "rejected"),
        (400, BadRequest, "rejected"),
        (401, Unauthorized, "rejected"),
        (402, APIError, "rejected"),
        (403, Forbidden, "rejected"),
        (404, NotFound, "rejected"),
        (405, APIError, "rejected"),
        (408, APIError, "unknown"),
        (409, APIError, "rejected"),
        (418, APIError, "rejected"),
        (429, RateLimited, "rejected"),
        (499, APIError, "rejected"),
        (500, ServerError, "unknown"),
        (501, ServerError, "unknown"),
        (502, ServerError, "unknown"),
        (503, ServerError, "unknown"),
        (504, ServerError, "unknown"),
        (599, ServerError, "unknown"),
    ],
)
def test_every_status(status: int, cls: type[APIError], outcome: Outcome) -> None:
    """A status has its class and says what is known of the effect."""
    response = answer(status, {"code": "X", "message": "y"})
    error = api_error(response)
    assert is_refusal(response)
    assert type(error) is cls
    assert (error.status, error.outcome) == (status, outcome)


@pytest.mark.parametrize("code", ["SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BIZERR_NEED_RETRY"])
@pytest.mark.parametrize("status", [400, 403, 409])
def test_a_failure_under_a_status_that_refuses(code: str, status: int) -> None:
    """A code that says that the platform or a bank failed counts more than the status: the call may have had effect."""
    assert api_error(answer(status, {"code": code, "message": "y"})).outcome == "unknown"


def test_a_429_that_may_have_been_accepted() -> None:
    """For refunds too many requests doesn't mean refused, whatever the code; for transfers it does."""
    limited = {"code": "RATELIMIT_EXCEEDED", "message": "y"}
    refund, transfer = (operation_of("POST", path) for path in (REFUNDS, TRANSFERS))
    assert api_error(answer(429, limited), refund).outcome == "unknown"
    assert api_error(answer(429, limited), transfer).outcome == "rejected"
    assert api_error(answer(429), transfer).outcome == "unknown"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "SIGN_ERROR"), (400, "PARAM_ERROR"), (400, "INVALID_REQUEST"), (403, "NO_AUTH"), (403, "NOAUTH"),
     (403, "NOT_ENOUGH"), (403, "NOTENOUGH"), (404, "MCH_NOT_EXISTS"), (400, "APPID_MCHID_NOT_MATCH"),
     (403, "ACCOUNT_ERROR"), (403, "RULE_LIMIT"), (403, "REQUEST_BLOCKED"), (404, "ORDER_NOT_EXIST"),
     (403, "FREQUENCY_LIMITED")],
)  # fmt: skip
@pytest.mark.parametrize("path", PAYOUTS)
def test_a_payout_that_is_certainly_refused(path: str, status: int, code: str) -> None:
    """A code that says for certain that nothing was paid is a refusal, for payouts as for all others."""
    error = api_error(answer(status, {"code": code, "message": "y"}), operation_of("POST", path))
    assert (error.outcome, error.causes) == ("rejected", ())


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (403, {"code": "NEVER_HEARD_OF", "message": "y"}),
        (400, {"code": "ALREADY_EXISTS", "message": "y"}),
        (400, {"code": "RESOURCE_ALREADY_EXISTS", "message": "y"}),
        (400, {"code": "PARAM_ERROR2", "message": "y"}),
        (400, {"message": "PARAM_ERROR"}),
        (400, {"code": 268435456, "message": "y"}),
        (403, b"<html>403</html>"),
        (404, b""),
        (302, b""),
        (500, {"code": "PARAM_ERROR", "message": "y"}),
    ],
)
@pytest.mark.parametrize("path", PAYOUTS)
def test_a_payout_whose_refusal_leaves_it_open(path: str, status: int, content: Any) -> None:
    """A code that nobody knows, or none, doesn't say that nothing was paid: the error says so, and what to do.

    https://pay.weixin.qq.com/doc/v3/merchant/4012716434
    """
    error = api_error(answer(status, content, request=REQUEST), operation_of("POST", path))
    assert error.outcome == "unknown"
    assert "never with a new number" in str(error)
    assert [cause.name for cause in error.causes] == ([] if status == 500 else ["payout-open"])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("INVALID_REQUEST", "单号已存在但信息不一致，请查单后比较确认"),
        ("INVALID_REQUEST", "对应单号已超出重试期,请查单确认后决定是否换单请求"),
        ("INVALID_REQUEST", "请求内容和上次请求不一致，请核实后再试"),
        ("PARAM_ERROR", "微信支付订单号与原请求不一致"),
        ("PARAM_ERROR", "订单金额或退款金额与之前请求不一致，请核实后再试"),
    ],
)
def test_a_payout_under_a_number_that_was_used_before(code: str, message: str) -> None:
    """Whatever the code: something was made under this number, which is what counts. Of an order it's a refusal."""
    refusal = {"code": code, "message": message}
    error = api_error(answer(400, refusal, request=REQUEST), operation_of("POST", TRANSFERS))
    assert error.outcome == "unknown"
    assert "query what it made" in str(error).lower()
    order = operation_of("POST", "/v3/pay/transactions/native")
    assert api_error(answer(400, refusal), order).outcome == "rejected"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v3/pay/transactions/native"),
        ("GET", f"{TRANSFERS}/out-bill-no/{{out_bill_no}}"),
        ("POST", f"{TRANSFERS}/out-bill-no/{{out_bill_no}}/cancel"),
        ("POST", "/v3/profitsharing/receivers/add"),
    ],
)
def test_what_pays_nothing_out_is_refused_by_its_status(method: str, path: str) -> None:
    """For an order, a query or a cancellation a 4xx says no, whatever the code."""
    operation = operation_of(method, path)
    assert api_error(answer(403, {"code": "NEVER_HEARD_OF", "message": "y"}), operation).outcome == "rejected"
    assert api_error(answer(403, b"<html>"), operation).outcome == "rejected"


@pytest.mark.parametrize(
    ("response", "refusal"),
    [
        (answer(200, {"code": "ERROR"}), False),
        (answer(204), False),
        (answer(201, {}), False),
        (answer(202), False),
        (answer(202, {"state": "ACCEPTED"}), False),
        (answer(202, b"<html>"), False),
        (answer(202, {"code": ""}), False),
        (answer(202, {"code": "USERPAYING", "message": "需要用户输入支付密码"}), True),
        (answer(202, {"code": 268}), True),
        (answer(199), True),
        (answer(300), True),
    ],
)
def test_what_is_a_refusal(response: Response[Any], refusal: bool) -> None:
    """Everything but 2xx, and a 202 with an error code: the payer is still typing."""
    assert is_refusal(response) is refusal


def test_everything_that_was_said() -> None:
    """Code, reason, detail, headers, raw content, Request-ID, request line and trust are on the error."""
    detail = {"field": "/payer/openid", "value": "x", "issue": "y", "location": "body"}
    headers = Headers({"request-id": "08F7-268", "Wechatpay-Serial": "1"})
    response = answer(
        400,
        {"code": "PARAM_ERROR", "message": "参数错误", "detail": detail},
        headers=headers,
        request=REQUEST,
        verified=True,
    )
    error = api_error(response)
    assert (error.code, error.reason, error.detail) == ("PARAM_ERROR", "参数错误", detail)
    assert (error.headers, error.content, error.verified) == (headers, response.content, True)
    assert (error.request_id, error.request) == ("08F7-268", REQUEST.line)
    assert str(error) == (
        "POST /v3/refund/{id}: 400 PARAM_ERROR: 参数错误: /payer/openid was not sent. Give it [Request-ID 08F7-268]"
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "502: without content"),
        (
            b"<html>\n <h1>502   Bad\tGateway</h1></html>",
            "502: not the platform's own answer: <html> <h1>502 Bad Gateway",
        ),
        (b"\xff\xfe", "502: not the platform's own answer: \ufffd\ufffd"),
        (b"x" * 5000, f"502: not the platform's own answer: {'x' * 200}…"),
        (b"[1]", "502: not the platform's own answer: [1]"),
        (b'"text"', '502: not the platform\'s own answer: "text"'),
        (b"null", "502: not the platform's own answer: null"),
        (b"{}", "502: not the platform's own answer: {}"),
        (b'{"code":"X"', '502: not the platform\'s own answer: {"code":"X"'),
        ({"code": "SYSTEM_ERROR"}, "502 SYSTEM_ERROR: "),
        ({"message": "busy"}, "502 : busy"),
        ({"code": 268, "message": 5}, "502 268: 5"),
        ({"code": None, "message": None}, '502: not the platform\'s own answer: {"code": null, "message": null}'),
        (
            {"code": ["x"], "message": {"a": 1}},
            '502: not the platform\'s own answer: {"code": ["x"], "message": {"a": 1}}',
        ),
    ],
)
def test_every_shape_of_body(content: Any, message: str) -> None:
    """HTML, nothing, JSON of another shape and codes of other types are told, on one line and not at any length."""
    error = api_error(answer(502, content))
    assert error.message.startswith(message)
    assert error.message.endswith(NOT_VERIFIED)
    assert "\n" not in error.message


def test_a_redirect() -> None:
    """It is said that it isn't followed, and not where it leads."""
    error = api_error(answer(302, headers=Headers({"Location": "https://evil.example"})))
    assert "a redirect, which is not followed" in error.message
    assert "evil" not in str(error)


@pytest.mark.parametrize(
    "detail", [None, "text", 5, [], [{"x": 1}], {}, {"detail": {"issue": "y"}}, {"sign_information": []}]
)
@pytest.mark.parametrize("status", [400, 401])
def test_every_shape_of_detail(status: int, detail: object) -> None:
    """A detail of any shape is handed on as it is."""
    error = api_error(answer(status, {"code": "X", "message": "y", "detail": detail}, request=REQUEST))
    assert error.detail == detail
    assert error.message == f"{status} X: y{NOT_VERIFIED}"


def test_without_a_request() -> None:
    """A refusal that belongs to no request has no line and compares no signature."""
    assert api_error(answer(401)).request is None
    assert "differ" not in sign_error("x", request=None)


class TestSignInformation:
    @pytest.mark.parametrize("nested", [False, True])
    def test_the_first_difference(self, nested: bool) -> None:
        """Where the platform verified another text, both sides are shown from the first difference on."""
        message = sign_error(SIGNED.replace("a=b", "a=c"), nested=nested)
        assert "differ from character 20 (line 2)" in message
        assert "signed '1?a=b" in message
        assert "verified '1?a=c" in message

    @pytest.mark.parametrize(
        ("line", "ours", "theirs"),
        [(1, "POST", "PUT"), (2, "/v3/refund", "/v3//refund"), (3, "1700000000", "1700000001"), (4, "N0NCE", "n0nce"),
         (5, '{"名":1}', '{"名": 1}')],
    )  # fmt: skip
    def test_the_line_of_the_difference(self, line: int, ours: str, theirs: str) -> None:
        """The line says which part it is: method, target, timestamp, nonce or body."""
        assert f"(line {line})" in sign_error(SIGNED.replace(ours, theirs, 1))

    def test_only_the_length_differs(self) -> None:
        """Beyond the part that is shown, the number of bytes tells that the body was changed."""
        message = sign_error(SIGNED[:30], SIZE + 2)
        assert f"verified {SIZE + 2} bytes, {SIZE} were signed here" in message

    @pytest.mark.parametrize("text", [SIGNED, SIGNED[:30], SIGNED[:30] + "..."])
    @pytest.mark.parametrize("length", [SIZE, None, str(SIZE)])
    def test_no_difference(self, text: str, length: object) -> None:
        """The same text under another signature means another key: what to check is named."""
        message = sign_error(text, length)
        assert "the key is not the one it expects" in message
        assert "private_key and serial" in message

    @pytest.mark.parametrize("text", [None, "", 5, [SIGNED]])
    def test_nothing_to_compare(self, text: object) -> None:
        """Without the platform's text nothing is claimed."""
        assert sign_error(text) == f"401 SIGN_ERROR: 签名错误{NOT_VERIFIED}"

    @pytest.mark.parametrize("authorization", [None, "", "Basic x", "WECHATPAY2-SHA256-RSA2048 x"])
    def test_a_request_that_was_not_signed_here(self, authorization: str | None) -> None:
        """Nor without a signature of ours."""
        headers = Headers({} if authorization is None else {"Authorization": authorization})
        request = Request(method="POST", template="/v3/x", headers=headers)
        assert "differ" not in sign_error("POST\n/v3/y\n", request=request)

    def test_an_uploads_signed_part(self) -> None:
        """Of an upload `meta` alone was signed, and it is what is compared."""
        request = Request(
            method="POST", template="/v3/up", body=b"--b", signed_body=b'{"sha256":"0"}', headers=REQUEST.headers
        )
        text = 'POST\n/v3/up\n1700000000\nN0NCE\n{"sha256":"1"}\n'
        assert "(line 5)" in sign_error(text, len(text), request=request)

    def test_only_for_401(self) -> None:
        """Another status with sign information is no matter of the signature."""
        content = {"code": "X", "detail": {"sign_information": {"truncated_sign_message": "x"}}}
        assert "differ" not in api_error(answer(400, content, request=REQUEST)).message

    def test_a_foreign_text_cannot_forge_lines(self) -> None:
        """What an unverified answer says is shown escaped, and not at any length."""
        message = sign_error("POST\n/v3/refund/1\x1b[31m\nERROR forged log line\n" * 500)
        assert message.isprintable()
        assert len(message) < 600


def test_an_error_page_that_repeats_our_headers() -> None:
    """A gateway's page with the request's Authorization in it doesn't bring it into the message."""
    for content in (
        f"<pre>Authorization: {AUTHORIZATION}</pre>".encode(),
        {"code": "X", "message": f"bad {AUTHORIZATION}"},
    ):
        error = api_error(answer(502, content, request=REQUEST))
        assert AUTHORIZATION.signature not in f"{error} {error!r}"
        assert AUTHORIZATION.nonce not in str(error)


@pytest.mark.parametrize(
    "content",
    [
        b'{"code":"SIGN_ERROR","detail":' + b'{"detail":' * 1000 + b"1" + b"}" * 1001,
        b'{"code":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"message":' + b'{"a":' * 1000 + b"1" + b"}" * 1001,
        b"[" * 100_000,
        b'{"code":' + b"9" * 10_000 + b"}",
    ],
)
@pytest.mark.parametrize("status", [202, 400, 401])
def test_a_hostile_body(status: int, content: bytes) -> None:
    """Nesting without end and huge numbers make an APIError like others, not a RecursionError."""
    response = answer(status, content, request=REQUEST)
    assert is_refusal(response) in {True, False}
    assert isinstance(api_error(response), APIError)


DETAILS = st.recursive(
    st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["detail", "sign_information", "truncated_sign_message", "sign_message_length"]), inner)
)  # fmt: skip


@settings(max_examples=30)
@given(
    st.integers(100, 599),
    st.binary()
    | st.fixed_dictionaries({}, optional={"code": DETAILS, "message": DETAILS, "detail": DETAILS})
    .map(json.dumps)
    .map(str.encode),
)
def test_any_answer(status: int, content: bytes) -> None:
    """Whatever comes is told as an APIError with a message."""
    error = api_error(answer(status, content, request=REQUEST))
    assert error.message.startswith(str(status))
    assert error.content == content
