"""Sample payloads: a plausible value for every required field of an operation, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..http.fen import is_amount
from ..http.operation import Operation
from .records import Fields, Record, filled_fields, record

_RECORDED = {"json": "json", "query": "query", "xml": "xml", "file-meta": "meta"}
_FORMATS = {
    "MediaId": "DzhQ8BmO7wuSrRLgVNZ",
    "MediaUrl": "https://wxpaylogo.qpic.cn/wxpaylogo/1",
    "date": "2027-01-14",
    "mm/yy": "01/27",
    "numeric": "1",
    "rfc3339": "2027-01-15T18:00:00+08:00",
    "uint64": "1",
    "url": "https://shop.example/wechatpay",
    "yyyyMMddHHmmss": "20270115180000",
}
_NAMES = {
    "appid": "wx8888888888888888",
    "sp_appid": "wx8888888888888888",
    "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "currency": "CNY",
    "bill_date": "2027-01-14",
    "mchid": "1900000109",
    "mch_id": "1900000109",
    "sp_mchid": "1900000100",
    "combine_mchid": "1900000100",
    "sub_mchid": "1900000109",
}
_FEN = 100


def sample(operation: Operation) -> dict[str, Any]:
    """The payloads of a call with what the operation requires: `validate` has no objection to them.

    What the client fills in (`sign`, `nonce_str`, a file's digest) is left out.

    Args:
        operation: from `find`.

    Returns:
        By location, `json`, `query`, `xml` or `meta`; those that the operation doesn't have are absent.
    """
    params: Mapping[str, Fields] = record(operation.method, operation.path).get("params", {})
    filled = filled_fields(operation)
    return {
        _RECORDED[location]: _object({name: field for name, field in fields.items() if name not in filled})
        for location, fields in params.items()
        if location in _RECORDED
    }


def _object(fields: Fields) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, field in fields.items():
        if "unless" in field:
            required = not any(other in made for other in field["unless"])
        elif "when" in field:
            other, values = field["when"]
            required = made.get(other) in values
        else:
            required = field.get("req", False)
        if required and not field.get("auto"):
            made[name] = _field(name, field)
    return made


def _field(name: str, field: Record) -> Any:
    kind: str = field["type"]
    if kind.endswith("[]"):
        return [_value(name, kind.removesuffix("[]"), field)] * max(1, field.get("minItems", 1))
    return _value(name, kind, field)


def _value(name: str, kind: str, field: Record) -> Any:
    if kind == "object":
        return _object(field.get("fields", {}))
    if "enum" in field:
        return field["enum"][0]
    if kind == "boolean":
        return True
    if kind in {"integer", "number"}:
        likely = _FEN if is_amount(name) else 1
        return min(max(likely, field.get("minimum", 1)), field.get("maximum", _FEN))
    form = field.get("format", "url" if name.endswith("url") else "")
    text: str = _NAMES.get(name) or _FORMATS.get(form) or name.upper()
    return text.ljust(field.get("min", 0), "1")[: field.get("max")]
