"""Every APIv2 operation of the catalogue, called through the chain against the emulator, which checks everything."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain import APIError, Response, WeChatPay, catalogue
from wechatpay_chain.catalogue.records import Fields, Record, record
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.apiv2 import sandbox_key
from wechatpay_chain.emulator.products import PRODUCTS

OPERATIONS = [operation for operation in catalogue.operations() if operation.path.startswith("/v2/")]
RECEIVER = {
    "type": "MERCHANT_ID",
    "account": "1",
    "name": "1",
    "relation_type": "STORE",
    "amount": 1,
    "description": "1",
}
KNOWN: dict[str, Any] = {
    "auth_code": "130000000000000000",
    "bill_date": "20200101",
    "notify_url": "https://shop.example/notify",
    "receiver": RECEIVER,
    "receivers": [RECEIVER],
    "scene_info": {"payer_client_ip": "127.0.0.1"},
}
PART = {
    "appid": "1",
    "mch_id": "1900000109",
    "mchid": "1900000109",
    "out_trade_no": "1",
    "body": "1",
    "total_fee": 1,
    "fee_type": "CNY",
    "attach": "1",
}
# What the catalogue doesn't tell: the members of these lists, and that one of two numbers must be given.
MORE: dict[str, dict[str, Any]] = {
    "/v2/pay/combinedorder": {"trade_type": "NATIVE", "sub_order_list": {"order_num": 1, "order_list": [PART]}},
    "/v2/pay/closecombinedorder": {"sub_order_list": [PART]},
    "/v2/pay/profitsharingreturnquery": {"out_order_no": "1"},
    "/v2/secapi/pay/profitsharingreturn": {"out_order_no": "1"},
}
FLOWS = {line for product in PRODUCTS for line in product.routes}
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:wechatpay_chain.WeChatPayWarning")


def value(name: str, field: Record) -> Any:
    """A value that the catalogue allows."""
    if name in KNOWN:
        return KNOWN[name]
    if "json" in field:
        kind = field["json"]
        inner: Any = {"k": "v"} if kind in {"object", "object[]"} else "v"
        return [inner] if kind.endswith("[]") or kind == "array" else inner
    if "enum" in field:
        return field["enum"][0]
    if field["type"] == "boolean":
        return "true"
    if field["type"] in {"integer", "number"}:
        return max(1, field.get("minimum", 1))
    return ("1" * max(1, field.get("min", 1)))[: field.get("max", 64)]


def required(fields: Fields) -> dict[str, Any]:
    """The parameters that a caller must give."""
    return {
        name.replace("$n", "0"): value(name, field)
        for name, field in fields.items()
        if field.get("req") and not field.get("auto") and field["type"] != "file"
    }


def arguments(operation: catalogue.Operation) -> dict[str, Any]:
    """What the verb is called with."""
    params: dict[str, Fields] = record(operation.method, operation.path).get("params", {})
    if operation.body == "multipart":
        return {"file": b"\xff\xd8", "meta": {}}
    given: dict[str, Any] = {"params": required(params["query"])} if "query" in params else {}
    if operation.method == "POST":
        given["xml"] = required(params.get("xml", {})) | MORE.get(operation.path, {})
    headers = {name: value(name, field) for name, field in params.get("header", {}).items() if field.get("req")}
    return given | ({"headers": headers} if headers else {})


async def call(wxpay: WeChatPay, operation: catalogue.Operation) -> Response[Any]:
    """Call it."""
    answer: Response[Any] = await getattr(wxpay[operation.path], operation.method.lower())(**arguments(operation))
    return answer


async def refusal_of(wxpay: WeChatPay, operation: catalogue.Operation) -> str | None:
    """The code that a call is refused with; None for one that isn't."""
    try:
        await call(wxpay, operation)
    except APIError as refused:
        return refused.code or ""
    return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method}{operation.path}")
async def test_operation(emulator: Emulator, operation: catalogue.Operation) -> None:
    """Merchant, nonce, signature and certificate are in place, and the answer is what the catalogue says, verified."""
    credentials = emulator.credentials()
    if "/apiv2sandbox/" in operation.path:
        credentials["apiv2_key"] = sandbox_key(emulator.apiv2_key)
    async with WeChatPay(**credentials, transport=emulator) as wxpay:
        if f"POST {operation.path}" in FLOWS:
            # There may be no such order, code or day: then the business says no, and never that a parameter is wrong.
            assert await refusal_of(wxpay, operation) not in {"", "SYSTEMERROR", "PARAM_ERROR"}
        else:
            answer = await call(wxpay, operation)
            assert answer.verified == (operation.answer_signature == "body")
            if operation.answer == "xml":
                assert answer.xml()["return_code"] == "SUCCESS"
    received = emulator.calls[-1]
    assert received.operation == operation
    assert received.xml is not None
    assert received.xml[operation.merchant_field or ""] == emulator.mchid
    assert ("sign" in received.xml) == (not operation.signless)


def test_there_are_136() -> None:
    """None is left out, and 57 of them present the certificate."""
    assert len(OPERATIONS) == 136
    assert sum(operation.certificate for operation in OPERATIONS) == 57
