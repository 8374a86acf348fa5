"""Holding payloads against the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from wechatpay_chain.catalogue import Operation, field_type, find, validate
from wechatpay_chain.http.secret import Secret

JSAPI = "POST /v3/pay/transactions/jsapi"
ORDER = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "茶",
    "out_trade_no": "1217752501",
    "notify_url": "https://example.com/notify",
    "amount": {"total": 1},
    "payer": {"openid": "o-Mxyz"},
}


def _operation(key: str) -> Operation:
    operation = find(*key.split(" "))
    assert operation is not None
    return operation


def _faults(key: str, **payloads: Any) -> list[str]:
    return [str(fault) for fault in validate(_operation(key), payloads)]


def test_nothing_to_object():
    """A complete order has no fault, and members that the catalogue doesn't know are none."""
    assert _faults(JSAPI, json={**ORDER, "brand_new": {"x": 1}, "time_expire": datetime.now(UTC)}) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"appid": 1}, "json/appid: type string is expected, not int"),
        ({"amount": {}}, "json/amount/total: required, but missing"),
        ({"amount": {"total": True}}, "json/amount/total: type integer is expected, not bool"),
        ({"amount": [1]}, "json/amount: an object is expected, not list"),
        ({"detail": {"goods_detail": {}}}, "json/detail/goods_detail: an array is expected, not dict"),
        (
            {"detail": {"goods_detail": [{"merchant_goods_id": "1", "quantity": "1", "unit_price": 1}]}},
            "json/detail/goods_detail/0/quantity: type integer is expected, not str",
        ),
        ({"description": None}, "json/description: type string is expected, not null"),
    ],
)
def test_faults(change: dict[str, Any], fault: str):
    """Types, required members, enumerations and nesting are checked, and named by their JSON pointer."""
    faults = _faults(JSAPI, json={**ORDER, **change})
    assert len(faults) == 1
    assert faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("total", "fault"),
    [
        (12.5, "type integer is expected, not float: amounts are whole fen: 12.5 yuan are 1250"),
        (Decimal("12.50"), "type integer is expected, not Decimal: amounts are whole fen: 12.50 yuan are 1250"),
        ("12.50", "type integer is expected, not str: amounts are whole fen: 12.50 yuan are 1250"),
        (0.125, "type integer is expected, not float: amounts are whole fen"),
        ("1250", "type integer is expected, not str"),
        ("12.5.0", "type integer is expected, not str"),
    ],
)
def test_amounts_in_yuan(total: object, fault: str):
    """An amount that isn't a whole number is told in fen, where it makes whole ones."""
    assert _faults(JSAPI, json={**ORDER, "amount": {"total": total}}) == [f"json/amount/total: {fault}"]


def test_amounts_in_yuan_of_apiv2():
    """So is one of APIv2, whose numbers travel as text."""
    faults = _faults("POST /v2/pay/unifiedorder", xml={"total_fee": "12.50"})
    assert "xml/total_fee: type integer is expected, not str: amounts are whole fen: 12.50 yuan are 1250" in faults


@pytest.mark.parametrize(("limit", "kind"), [(1.5, "float"), (Decimal(5), "Decimal"), ("1.5", "str")])
def test_other_numbers_that_are_not_whole(limit: object, kind: str):
    """Of a number that is no amount nothing is said of fen."""
    faults = _faults("GET /v3/marketing/favor/stocks", query={"limit": limit})
    assert f"query/limit: type integer is expected, not {kind}: it must be a whole number" in faults


def test_all_faults_are_named():
    """Every missing member is named, not only the first."""
    assert len(_faults(JSAPI, json={})) == len(ORDER)
    assert len(_faults(JSAPI)) == len(ORDER)


def test_secrets_are_strings():
    """A marked secret is a string, wrapped or not; its length isn't checked, as it may be ciphertext."""
    key = "POST /v3/profitsharing/orders"
    order = {"appid": "wx1", "transaction_id": "1", "out_order_no": "1", "unfreeze_unsplit": True}
    receiver = {"type": "PERSONAL_OPENID", "account": "o1", "amount": 1, "description": "d"}
    for name in ("张三", Secret("张三"), "x" * 5000):
        assert _faults(key, json={**order, "receivers": [{**receiver, "name": name}]}) == []
    faults = _faults(key, json={**order, "receivers": [{**receiver, "name": 7}]})
    assert faults == ["json/receivers/0/name: type string is expected, not int"]


def test_values_are_not_shown():
    """A fault never holds the value that was given."""
    assert "hunter2" not in str(_faults(JSAPI, json={**ORDER, "amount": {"total": "hunter2", "currency": "hunter2"}}))


@pytest.mark.parametrize(
    ("key", "payloads", "fault"),
    [
        ("GET /v3/bill/tradebill", {}, "query/bill_date: required, but missing"),
        (
            "GET /v3/bill/tradebill",
            {"query": {"bill_type": "X"}},
            "query/bill_type: none of the allowed values: ALL, SUCCESS, REFUND",
        ),
        (
            "POST /v3/marketing/paygiftactivity/activities/{activity_id}/merchants/delete",
            {"json": {"merchant_id_list": []}},
            "json/merchant_id_list: at least 1 items are required, 0 were given",
        ),
        (
            "POST /v3/marketing/paygiftactivity/activities/{activity_id}/merchants/delete",
            {"json": {"merchant_id_list": ["1"] * 501}},
            "json/merchant_id_list: at most 500 items are allowed, 501 were given",
        ),
        (
            "GET /v3/marketing/paygiftactivity/activities",
            {"query": {"limit": 0}},
            "query/limit: at least 1 is required",
        ),
        (
            "GET /v3/marketing/paygiftactivity/activities",
            {"query": {"limit": 101}},
            "query/limit: at most 100 is allowed",
        ),
        (
            "POST /v3/marketing/busifavor/coupons/associate",
            {"json": {"coupon_code": "1234567"}},
            "json/coupon_code: at least 8 characters are required, 7 were given",
        ),
        ("POST /v2/pay/micropay", {"xml": {"total_fee": "1.5"}}, "xml/total_fee: type integer is expected, not str"),
        (
            "POST /v2/pay/micropay",
            {"xml": {"appid": "x" * 33}},
            "xml/appid: at most 32 characters are allowed, 33 were given",
        ),
    ],
)
def test_locations(key: str, payloads: dict[str, Any], fault: str):
    """Queries and APIv2 parameters are checked too, as text."""
    assert any(found.startswith(fault) for found in _faults(key, **payloads))


def test_textual_locations_take_text_for_numbers():
    """In a query and in XML a number may be text and text may be a number; `sign` and `nonce_str` are filled in."""
    faults = _faults("POST /v2/pay/micropay", xml={"total_fee": "100", "out_trade_no": 5})
    assert not [fault for fault in faults if "total_fee" in fault or "out_trade_no" in fault]
    assert not [fault for fault in faults if "nonce_str" in fault or "sign:" in fault]


def test_uploads_fill_in_name_and_digest():
    """An upload needs no `meta` for what the client fills in."""
    assert _faults("POST /v3/merchant/media/upload") == []
    assert _faults("POST /v3/marketing/bank/packages/{package_id}/tasks") == ["meta/bank_type: required, but missing"]


def test_dataclasses_are_objects():
    """A dataclass is checked as the object that it becomes."""

    @dataclass
    class Amount:
        total: int

    assert _faults(JSAPI, json={**ORDER, "amount": Amount(1)}) == []


@pytest.mark.parametrize(
    ("pointer", "kind"),
    [
        ("/amount/total", "integer"),
        ("/detail/goods_detail", "object[]"),
        ("/detail/goods_detail/3", "object"),
        ("/detail/goods_detail/3/unit_price", "integer"),
        ("/amount/unknown", None),
        ("/unknown", None),
    ],
)
def test_field_type(pointer: str, kind: str | None):
    """The type of a field is found by its pointer, array items by their index."""
    assert field_type("POST", "/v3/pay/transactions/jsapi", "json", pointer) == kind


def test_field_type_of_unknown_operation():
    """An unknown operation has no types."""
    assert field_type("POST", "/v3/unknown", "json", "/amount") is None


@pytest.mark.parametrize(
    ("subject", "missing"),
    [
        ("SUBJECT_TYPE_ENTERPRISE", {"business_license_info"}),
        ("SUBJECT_TYPE_INDIVIDUAL", {"business_license_info"}),
        ("SUBJECT_TYPE_GOVERNMENT", {"certificate_info"}),
        ("SUBJECT_TYPE_MICRO", {"micro_biz_info"}),
    ],
)
def test_fields_that_the_subject_demands(subject: str, missing: set[str]) -> None:
    """A company shows its licence, an office its certificate, and neither what the other has."""
    operation = find("POST", "/v3/applyment4sub/applyment/")
    assert operation is not None
    faults = validate(operation, {"json": {"subject_info": {"subject_type": subject}}})
    named = {fault.pointer.rpartition("/")[2] for fault in faults if fault.pointer.startswith("/subject_info/")}
    assert named & {"business_license_info", "certificate_info", "micro_biz_info"} == missing
    assert any(f"because subject_type is {subject}" in fault.text for fault in faults)


@pytest.mark.parametrize("given", ["transaction_id", "out_trade_no"])
def test_one_of_two_numbers_is_enough(given: str) -> None:
    """Where pages ask for either number, one is enough and none is a fault that names both."""
    operation = find("POST", "/v2/pay/orderquery")
    assert operation is not None
    assert validate(operation, {"xml": {"appid": "wx1", given: "1"}}) == []
    faults = validate(operation, {"xml": {"appid": "wx1"}})
    assert [fault.pointer for fault in faults] == ["/transaction_id", "/out_trade_no"]
    assert "unless out_trade_no is given" in faults[0].text
