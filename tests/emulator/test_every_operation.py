"""Every operation of the catalogue, with bodies made from it: no failure of our own, and the right refusal of gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.emulator.clock import Clock
from wechatpay_chain import APIError, WeChatPay, catalogue
from wechatpay_chain.catalogue.records import Fields, is_conditional, record
from wechatpay_chain.emulator import Emulator, Refusal
from wechatpay_chain.emulator.platform import payload
from wechatpay_chain.emulator.products import PRODUCTS
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.http.path import placeholders

FLOWS = {line for product in PRODUCTS for line in product.routes}
OPERATIONS = [
    operation
    for operation in catalogue.operations()
    if not operation.path.startswith("/v2/") and operation.body in {"json", "none"}
]
FORMATS = {"rfc3339": "2027-01-15T18:00:00+08:00", "date": "2027-01-14", "url": "https://shop.example/x"}
MERCHANTS = {"mchid", "sp_mchid", "combine_mchid"}


def sample(fields: Fields) -> dict[str, Any]:
    """An object with a value for every required field."""
    return {name: _value(name, field) for name, field in fields.items() if field.get("req")}


def _value(name: str, field: Mapping[str, Any]) -> Any:
    kind: str = field["type"]
    if kind.endswith("[]"):
        return [_value(name, {**field, "type": kind.removesuffix("[]")})] * max(1, field.get("minItems", 1))
    if kind == "object":
        return sample(field.get("fields", {}))
    if "enum" in field:
        return field["enum"][0]
    if kind == "boolean":
        return True
    if kind in {"integer", "number"}:
        return max(1, field.get("minimum", 1))
    if name == "notify_url":
        return "https://shop.example/notify"
    text = "1900000109" if name in MERCHANTS else FORMATS.get(field.get("format", ""), "1")
    return text.ljust(field.get("min", 0), "1")


def params_of(operation: catalogue.Operation) -> Mapping[str, Fields]:
    """What the catalogue has of an operation's parameters."""
    params: Mapping[str, Fields] = record(operation.method, operation.path).get("params", {})
    return params


def arguments(operation: catalogue.Operation) -> dict[str, Any]:
    """What the verb is called with."""
    params = params_of(operation)
    given: dict[str, Any] = dict.fromkeys(placeholders(operation.path), "1")
    if "query" in params:
        given["params"] = sample(params["query"])
    if operation.body == "json":
        given["json"] = sample(params.get("json", {}))
    headers = {name: "1" for name in params.get("header", {}) if name != "Wechatpay-Serial"}
    return given | ({"headers": headers} if headers else {})


@pytest.mark.filterwarnings("ignore::wechatpay_chain.WeChatPayWarning")
async def test_no_failure_of_our_own(both: Emulator, clock: Clock) -> None:
    """Each is answered, or refused with a code of the business because there is no such order; never with a 5xx."""
    both.add_merchant(Merchant(mchid="1004", role="brand"))
    keys = {**both.credentials(), **both.credentials("1004")}
    wxpay = WeChatPay(**keys, transport=both, clock=clock, rate_limits=None)
    failures: list[str] = []
    for operation in OPERATIONS:
        clock.now += 60
        line = f"{operation.method} {operation.path}"
        try:
            answer = await getattr(wxpay[operation.path], operation.method.lower())(**arguments(operation), retry=False)
        except APIError as refused:
            if refused.status >= 500 or line not in FLOWS:
                failures.append(f"{line}: {refused}")
        else:
            if line in FLOWS and b"emulated-" in answer.content:
                failures.append(f"{line}: made up values")
    assert failures == []
    assert len(OPERATIONS) > 900


def gaps(fields: Fields, value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The pointer of each required field, at any depth, and the object without it."""
    for name, field in fields.items():
        if not field.get("req") or is_conditional(field) or name not in value:
            continue
        rest = {other: item for other, item in value.items() if other != name}
        yield f"{pointer}/{name}", rest
        if field["type"] == "object":
            for inner, changed in gaps(field.get("fields", {}), value[name], f"{pointer}/{name}"):
                yield inner, {**value, name: changed}
        elif field["type"] == "object[]":
            for inner, changed in gaps(field.get("fields", {}), value[name][0], f"{pointer}/{name}/0"):
                yield inner, {**value, name: [changed, *value[name][1:]]}


def test_every_gap_is_named() -> None:
    """For each required field that is left out, of body and query, the refusal names that very field."""
    seen = 0
    for operation in OPERATIONS:
        params = params_of(operation)
        query, json = sample(params.get("query", {})), sample(params.get("json", {}))
        for pointer, changed in gaps(params.get("json", {}), json):
            with pytest.raises(Refusal) as caught:
                payload.hold(payload.Payload(query=query, json=changed), operation)
            assert (caught.value.status, caught.value.code) == (400, "PARAM_ERROR")
            assert (caught.value.detail["field"], caught.value.detail["location"]) == (pointer, "body")
            seen += 1
        for pointer, changed in gaps(params.get("query", {}), query):
            with pytest.raises(Refusal) as caught:
                payload.hold(payload.Payload(query=changed, json=json or None), operation)
            assert (caught.value.detail["field"], caught.value.detail["location"]) == (pointer[1:], "query")
            seen += 1
    assert seen > 3000


def xml_of(operation: catalogue.Operation) -> dict[str, Any]:
    """What a call of APIv2 needs, JSON texts included."""
    fields = params_of(operation).get("xml", {})
    return {name: _text(name, field) for name, field in fields.items() if field.get("req") and not field.get("auto")}


def _text(name: str, field: Mapping[str, Any]) -> Any:
    return _value(name, {**field, "type": field["json"]} if "json" in field else field)


@pytest.mark.filterwarnings("ignore::wechatpay_chain.WeChatPayWarning")
async def test_no_failure_of_our_own_in_apiv2(both: Emulator, clock: Clock) -> None:
    """Each operation of APIv2 that has a flow is answered or refused by the business; nothing in it is made up."""
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock, rate_limits=None)
    failures: list[str] = []
    called = 0
    for operation in catalogue.operations():
        line = f"{operation.method} {operation.path}"
        if not operation.path.startswith("/v2/") or line not in FLOWS or operation.body != "xml":
            continue
        clock.now += 60
        called += 1
        try:
            answer = await wxpay[operation.path].post(xml=xml_of(operation), retry=False)
        except APIError as refused:
            if refused.status != 200:
                failures.append(f"{line}: {refused}")
        else:
            if b"emulated-" in answer.content:
                failures.append(f"{line}: made up values")
    assert failures == []
    assert called > 35
