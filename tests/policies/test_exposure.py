"""Slips of the pen that would send a secret in plain are refused, in both versions of the API; real calls never are."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest

from wechatpay_chain import ConfigurationError, Secret, catalogue
from wechatpay_chain.catalogue.records import record
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.policies import exposure

PLAIN = "6222000011112222"
RECOVER = "/v3/aggracct-bc/wb-channel/control-orders/recover"
PAY_BANK = "/v2/mmpaysptrans/pay_bank"
ATTRIBUTES = {"json": "json", "xml": "xml", "query": "params", "meta": "meta", "file-meta": "meta"}


def check(template: str, method: str = "POST", **given: Any) -> None:
    """Hold a call against the policy, as Seal does."""
    request = Request(method=method, template=template, **given)
    exposure.check(request, catalogue.find(method, template))


@pytest.mark.parametrize(
    "given",
    [
        {"xml": {"encBankNo": PLAIN}},
        {"xml": {"ENC_BANK_NO": PLAIN}},
        {"xml": {"enc_bank_n0": PLAIN}},
        {"xml": {"enc_bnak_no": PLAIN}},
        {"xml": {"ec_bak_no": PLAIN}},
        {"xml": {"enc_bank_no": Secret(PLAIN), "encBankNo": PLAIN}},
        {"xml": {"\uff45nc_bank_no": PLAIN}},
        {"xml": {"enc\u200b_bank_no": PLAIN}},
        {"xml": {}, "params": {"enc_bank_no": PLAIN}},
        {"xml": {"detail": {"enc_bank_no": PLAIN}}},
        {"xml": {"detail": json.dumps({"enc_bank_no": PLAIN})}},
        {"xml": {"detail": [{"enc_bank_no": PLAIN}]}},
        {"json": {"enc_bank_no": PLAIN}},
        {"xml": {"encTrueNam": PLAIN}},
        {"xml": {"bank_no": PLAIN}},
        {"xml": {"bankNo": PLAIN}},
        {"xml": {"true_name": PLAIN}},
    ],
)
def test_a03_apiv2(given: dict[str, Any]) -> None:
    """The guard stands for APIv2 as for APIv3: spelling, two wrong letters, place."""
    with pytest.raises(ConfigurationError, match="would go out in plain"):
        check(PAY_BANK, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"json": {"bal_acount_no": PLAIN}},
        {"json": {"bal_account_n0": PLAIN}},
        {"json": {"bla_account_on": PLAIN}},
        {"json": {"account_no": PLAIN}},
        {"json": {"data": json.dumps({"bal_account_no": PLAIN})}},
        {"json": {"data": "[" + json.dumps({"balAccountNo": PLAIN}) + "]"}},
        {"json": {"x": orjson.Fragment(json.dumps({"bal_account_no": PLAIN}).encode())}},
        {"json": {"mchid": "1"}, "params": {"bal_account_no": PLAIN}},
        {"json": {"mchid": "1"}, "headers": Headers({"bal_account_no": PLAIN})},
        {"json": {"mchid": "1"}, "headers": Headers({"Bal-Account-No": PLAIN})},
    ],
)
def test_a03_apiv3(given: dict[str, Any]) -> None:
    """A secret's name that is wrong by up to two letters, or stands elsewhere, is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="in plain"):
        check(RECOVER, **given)


def test_a_name_without_what_says_that_it_is_encrypted() -> None:
    """Who leaves it out, as the client encrypts, is refused; unless the operation has a field of that name, too."""
    with pytest.raises(ConfigurationError, match="in plain"):
        check("/v3/realname/verify", "GET", params={"name": PLAIN})
    check("/v3/realname/verify", "GET", params={"encrypted_name": PLAIN})
    check("/v3/ecommerce/profitsharing/receivers/add", json={"name": "Shop Ltd"})


@pytest.mark.parametrize(
    "path",
    [
        "/v3/aggracct-bc/wb-channel/control-orders/recove",
        "/v3/aggracct-bc/wb-channel/control-order/recover",
        "/v3/agracct-bc/wb-channel/control-orders/recovre",
        "/v3/aggracct-bc/wb-channel/control-orders/recover/x",
        "/v3/aggracct-bc/control-orders/recover",
        "/v3/Aggracct-bc/wb_channel/control-orders/recover/",
        "/v3/aggracct-bc/wb-channel/control-orders/%72ecover",
        "/hk/v3/aggracct-bc/wb-channel/control-orders/recover",
        "/v2/aggracct-bc/wb-channel/control-orders/recover",
    ],
)
def test_a03_paths(path: str) -> None:
    """A path that is wrong by two letters, or by a step, and carries the name of a secret of its neighbour."""
    for attribute in ("json", "params", "xml"):
        payloads: dict[str, Any] = {attribute: {"bal_account_no": PLAIN}}
        with pytest.raises(ConfigurationError, match="bal_account_no would go out in plain"):
            check(path, **payloads)


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE"])
def test_a03_wrong_verb(verb: str) -> None:
    """The verb that an operation hasn't is no way out either."""
    with pytest.raises(ConfigurationError, match="would go out in plain"):
        check(RECOVER, verb, json={"bal_account_no": PLAIN})


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("/v3/brand-new/things", {"name": "tea", "bal_account_no": "1"}),
        ("/v3/aggracct-bc/wb-channel/control-orders/recover/x", {"mchid": "1", "name": "tea"}),
        ("/v3/aggracct-bc/wb-channel/control-orders/recove", {"bal_account_no": Secret(PLAIN)}),
        ("/v3/pay/transactions/nativ", {"description": "tea", "out_trade_no": "1"}),
        (RECOVER, {"date": "2026-01-01", "mchid": "1", "note": "{not json", "list": "[1,2"}),
        (RECOVER, {"bal_account_no": PLAIN, "mchid": "1"}),
    ],
)
def test_nothing_else_is_refused(path: str, payload: dict[str, Any]) -> None:
    """New operations, wrong paths without secrets, and values in Secret go their way."""
    check(path, json=payload)


def body_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A body with every field that the catalogue has."""
    body: dict[str, Any] = {}
    for name, field in fields.items():
        inner: Any = body_of(field["fields"]) if "fields" in field else "42"
        body[name] = [inner, inner] if field["type"].endswith("[]") else inner
    return body


def calls() -> Iterator[tuple[catalogue.Operation, dict[str, Any]]]:
    """Every operation with bodies that hold all that it takes."""
    for operation in catalogue.operations():
        params = record(operation.method, operation.path).get("params", {})
        given = {ATTRIBUTES[location]: body_of(fields) for location, fields in params.items() if location in ATTRIBUTES}
        yield operation, given


def test_no_operation_is_refused() -> None:
    """Whatever an operation takes may be given, under its template and under a path with values in it."""
    refused: list[str] = []
    for operation, given in calls():
        filled = "/".join("4200000012" if part.startswith("{") else part for part in operation.path.split("/"))
        for request in (
            Request(method=operation.method, template=operation.path, **given),
            Request(method=operation.method, template=operation.path, path=filled, **given),
            Request(method=operation.method, template=filled, **given),
        ):
            try:
                exposure.check(request, operation)
            except ConfigurationError as error:
                refused.append(str(error))
    assert not refused


def test_no_single_field_is_refused() -> None:
    """Nor is a call with one of its fields alone, which is where a field has no neighbour to tell it by."""
    refused: list[str] = []
    for operation, given in calls():
        if not operation.secret_fields:
            continue
        for attribute, body in given.items():
            for name, value in body.items():
                payloads: dict[str, Any] = {attribute: {name: value}}
                request = Request(method=operation.method, template=operation.path, **payloads)
                try:
                    exposure.check(request, operation)
                except ConfigurationError as error:
                    refused.append(str(error))
    assert not refused


def test_every_secret_misspelt_is_refused() -> None:
    """Two wrong letters in any secret's name of six letters or more, or one in a shorter one, in its own place."""
    missed: list[str] = []
    for operation in catalogue.operations():
        for field in operation.secret_fields:
            location, *place = field.replace("[]", "").split(".")
            for misspelt in _misspellings(place[-1]):
                body: Any = {misspelt: PLAIN}
                for name in reversed(place[:-1]):
                    body = {name: body}
                request = Request(method=operation.method, template=operation.path, **{ATTRIBUTES[location]: body})
                try:
                    exposure.check(request, operation)
                except ConfigurationError:
                    continue
                missed.append(f"{operation.path} {field} {misspelt}")
    assert not missed


def _misspellings(name: str) -> Iterator[str]:
    yield name[:-1] + "q"
    yield name[0] + "q" + name[1:]
    yield name.upper()
    if len(name.replace("_", "")) >= 6:
        yield "q" + name[:-1] + "q"
        yield name[1:-1]
