"""A parameter error of APIv3: its causes say whether the field that it names was sent."""

from typing import Any

import orjson
import pytest

from wechatpay_chain import APIError, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.wire.v3.refusal import read

ORDER = {"mchid": "1900000109", "attach": "o-secret", "amount": {"total": 1}}


def refused(
    field: str, location: str = "body", *, code: str = "PARAM_ERROR", body: bytes | None = orjson.dumps(ORDER)
) -> APIError:
    """The error of a refusal that names a field of a request."""
    request = Request(method="POST", template="/v3/x", query="a=1&empty=", body=body)
    content = orjson.dumps({"code": code, "message": "参数错误", "detail": {"field": field, "location": location}})
    return read(Response(status=400, content=content, request=request))


@pytest.mark.parametrize(
    ("field", "location", "name"),
    [
        ("/description", "body", "field-missing"),
        ("/amount/total", "body", "field-malformed"),
        ("mchid", "query", "field-missing"),
        ("empty", "query", "field-malformed"),
    ],
)
def test_fields(field: str, location: str, name: str) -> None:
    """A field of the body is looked for in the bytes that were sent, one of the query in that."""
    error = refused(field, location)
    assert [cause.name for cause in error.causes] == [name]
    assert field.removeprefix("/") in str(error)
    assert "o-secret" not in str(error)


def test_nothing_was_sent() -> None:
    """Of a call without a body every field is missing."""
    assert [cause.name for cause in refused("/description", body=None).causes] == ["field-missing"]


@pytest.mark.parametrize("wrong", [{"code": "INVALID_REQUEST"}, {"body": b"no JSON"}, {"location": "header"}])
def test_no_cause(wrong: dict[str, Any]) -> None:
    """Other codes, bodies that are no JSON, and headers have no such cause."""
    assert refused("/description", **wrong).causes == ()


def test_a_refusal_without_its_request() -> None:
    """An answer whose request nobody knows is read all the same."""
    content = orjson.dumps({"code": "PARAM_ERROR", "detail": {"field": "/appid", "location": "body"}})
    assert read(Response(status=400, content=content)).causes == ()


async def test_calls(emulator: Emulator) -> None:
    """A client's error tells it, below the cause that the platform's text speaks of."""
    order = {
        "appid": "wx1",
        "mchid": emulator.mchid,
        "description": "x",
        "out_trade_no": "A-1000",
        "notify_url": "https://example.com",
    }
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        native = wxpay["v3/pay/transactions/native"]
        with pytest.raises(APIError, match="/amount was not sent") as missing:
            await native.post(json={**order, "amout": {"total": 1}})
        with pytest.raises(APIError, match="it was sent, as a string") as malformed:
            await native.post(json={**order, "amount": {"total": "1"}})
    assert "was 'amout', which was sent, meant for it?" in str(missing.value)
    assert malformed.value.causes[0].name == "field-malformed"
