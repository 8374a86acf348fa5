"""Answers made of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.clock import Clock
from wechatpay_chain import (
    Response,
    WeChatPay,
)
from wechatpay_chain.catalogue import Operation, operations
from wechatpay_chain.catalogue.records import record
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products import PRODUCTS
from wechatpay_chain.emulator.products import synthetic as synthesis
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.http.path import placeholders

FLOWS = {line for product in PRODUCTS for line in product.routes}
SYNTHETIC = [
    operation
    for operation in operations()
    if not operation.path.startswith("/v2/") and f"{operation.method} {operation.path}" not in FLOWS
]


def _sample(fields: dict[str, Any]) -> dict[str, Any]:
    """A payload with a value for every field; patterns are left aside, some of them are no regular expressions."""
    plain = {
        name: {key: value for key, value in field.items() if key != "pattern"}
        | ({"fields": _without_patterns(field["fields"])} if "fields" in field else {})
        for name, field in fields.items()
    }
    return synthesis.fill(plain, {"bill_date": "2020-01-01", "notify_url": "https://shop.example/n"}, 0)


def _without_patterns(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in field.items() if key not in {"pattern", "fields"}}
        | ({"fields": _without_patterns(field["fields"])} if "fields" in field else {})
        for name, field in fields.items()
    }


def _arguments(operation: Operation, folder: Path) -> Iterator[tuple[str, Any]]:
    params = record(operation.method, operation.path).get("params", {})
    for name in placeholders(operation.path):
        yield name, "v1"
    if "json" in params:
        yield "json", _sample(params["json"])
    if "query" in params:
        yield "params", _sample(params["query"])
    if headers := {name: "value" for name in params.get("header", {}) if name != "Wechatpay-Serial"}:
        yield "headers", headers
    if operation.body == "multipart":
        made = {operation.file_name_field, operation.digest_field}
        yield "meta", {name: value for name, value in _sample(params["file-meta"]).items() if name not in made}
        suffix = operation.file_limits[0][0][0] if operation.file_limits else "jpg"
        file = folder / f"a.{suffix}"
        file.write_bytes(b"content")
        yield "file", file


@pytest.mark.filterwarnings("ignore::wechatpay_chain.WeChatPayWarning")
async def test_every_operation_is_answered(both: Emulator, clock: Clock, tmp_path: Path) -> None:
    """Each APIv3 operation without a flow takes a call with all its fields, and answers with all of its own."""
    both.add_merchant(Merchant(mchid="1004", role="brand"))
    keys = {**both.credentials(), **both.credentials("1004")}
    wxpay = WeChatPay(**keys, transport=both, clock=clock)
    answered = 0
    for operation in SYNTHETIC:
        chain = wxpay[operation.path]
        call = getattr(chain, operation.method.lower())
        answer: Response[Any] = await call(**dict(_arguments(operation, tmp_path)))
        answered += 1
        resp = record(operation.method, operation.path)["resp"]
        assert answer.verified or operation.answer_signature == "none"
        assert answer.status == resp.get("status", 200)
        if resp["kind"] == "json" and "certificates" not in operation.path:
            told = answer.json()
            required = {name for name, field in resp.get("fields", {}).items() if field.get("req")}
            assert required <= told.keys(), operation
            assert not any(name in answer.text for name in operation.answer_secret_fields if name not in told)
        assert answer.headers["Emulator-Answer"] == "synthetic"
    assert answered == len(SYNTHETIC)
    assert answered > 800


async def test_synthetic_answers_echo_the_request(both: Emulator, clock: Clock) -> None:
    """Where the request gave a value under a field's name, the answer holds it."""
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock)
    answer = await wxpay.v3.marketing.favor.stocks._stock_id_.get(stock_id="S-1", params={"stock_creator_mchid": "1"})
    assert answer.json().get("stock_id") == "S-1"
