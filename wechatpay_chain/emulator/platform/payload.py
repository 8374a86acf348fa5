"""The content of a request: reads it, decrypts it, and checks it against the catalogue."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

from ...catalogue import Operation, validate
from ...catalogue.records import Fields, Record, record
from ...crypto import asymmetric
from ...crypto.hashing import hasher
from ...errors import ConfigurationError, DecryptionError
from ...http.request import Request
from ...wire.sealing import field_tree
from ...wire.sealing import seal as replace_marked
from ...wire.v3.signature import SERIAL_HEADER
from . import refusal, text_rules
from .keys import KeyPair
from .multipart import Upload, parse

_LOCATIONS = {"json": "body", "meta": "body", "query": "query"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The content of a request, by location."""

    query: dict[str, Any]
    json: Any = None
    meta: dict[str, Any] | None = None
    file: bytes | None = None


def read(request: Request, operation: Operation | None) -> Payload:
    """Parse query and body.

    Raises:
        Refusal: 400, the body doesn't match its content type or the operation.
    """
    fields: Fields = {} if operation is None else _params(operation).get("query", {})
    query = _query(request.query, fields)
    body = request.body or b""
    content_type = request.headers.get("Content-Type", "")
    upload = parse(content_type, body)
    if upload is not None:
        return _upload(query, upload, operation)
    if not body:
        return Payload(query=query)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise refusal.bad_content_type(content_type)
    return Payload(query=query, json=_json(body))


def unseal(payload: Payload, operation: Operation, serial: str | None, key: KeyPair | None) -> Payload:
    """Decrypt what the merchant encrypted.

    Args:
        payload: as read.
        operation: has the names of the secret fields.
        serial: the request's `Wechatpay-Serial`.
        key: the platform's key with that serial; None if there is none.

    Raises:
        Refusal: 400, no key is named or an unknown one, or a secret is not encrypted for it.
    """
    if not operation.serial:
        return payload
    marked = field_tree(operation.secret_fields)
    if not serial and not _has_secrets(payload, marked):
        # The header names the key of the encryption; official SDKs leave it out if nothing is encrypted.
        return payload
    if not serial:
        raise refusal.no_key_named()
    if key is None:
        raise refusal.unknown_key()
    private_key = key.private_key

    # `replace_marked` replaces marked fields by what a function returns; here, their plaintexts.
    def decrypt(value: str, pointer: str) -> str:
        location, _, field = pointer.partition("/")
        try:
            return asymmetric.decrypt(private_key, value)
        except DecryptionError:
            name = field if location == "query" else f"/{field}"
            issue = "not the ciphertext of a value encrypted with the key that Wechatpay-Serial names"
            raise refusal.undecryptable(name, _LOCATIONS[location], issue) from None

    def plain(location: str, value: Any) -> Any:
        if value is None or location not in marked:
            return value
        try:
            return replace_marked(value, marked[location], decrypt, location)
        except ConfigurationError as error:
            raise refusal.bad_parameter(
                error.argument.removeprefix(location), _LOCATIONS[location], "type string is expected"
            ) from None

    return Payload(
        query=plain("query", payload.query),
        json=plain("json", payload.json),
        meta=plain("meta", payload.meta),
        file=payload.file,
    )


def _has_secrets(payload: Payload, marked: Mapping[str, Any]) -> bool:
    found: list[str] = []

    def note(value: str, _pointer: str) -> str:
        found.append(value)
        return value

    for location in marked:
        content = getattr(payload, location)
        if content is not None:
            with contextlib.suppress(ConfigurationError):
                replace_marked(content, marked[location], note, location)
    return bool(found)


def check(payload: Payload, request: Request, operation: Operation) -> None:
    """Check a decrypted payload against the catalogue.

    Raises:
        Refusal: 400, with the first fault: a field or header is missing, of a wrong type, not an allowed value, too
            long, against a rule of its own, or an upload's digest is another.
    """
    for name, field in _params(operation).get("header", {}).items():
        if field.get("req") and name != SERIAL_HEADER and not request.headers.get(name):
            raise refusal.bad_parameter(name, "header", "required, but missing")
    if (operation.body == "multipart") != (payload.meta is not None):
        raise refusal.bad_content_type(request.headers.get("Content-Type", ""))
    hold(payload, operation)
    text_rules.check(payload.json)
    _check_upload(payload, operation)


def hold(payload: Payload, operation: Operation) -> None:
    """Check the fields of a decrypted payload against the catalogue.

    Raises:
        Refusal: 400, with the first fault.
    """
    payloads = {"query": payload.query, "json": payload.json, "meta": payload.meta}
    for fault in validate(operation, payloads):
        name = fault.pointer.removeprefix("/") if fault.location == "query" else fault.pointer
        raise refusal.bad_parameter(name, _LOCATIONS[fault.location], fault.text)


def _query(text: str, fields: Fields) -> dict[str, Any]:
    grouped: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        grouped.setdefault(name, []).append(value)
    return {
        name: values if len(values) > 1 or str(fields.get(name, {}).get("type")).endswith("[]") else values[0]
        for name, values in grouped.items()
    }


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal.bad_parameter("", "body", "not JSON", "请求体不是合法的JSON") from None


def _upload(query: dict[str, Any], upload: Upload, operation: Operation | None) -> Payload:
    meta = _json(upload.meta)
    if not isinstance(meta, dict):
        raise refusal.bad_parameter("", "body", "meta is not an object", "meta不是JSON对象")
    part = (operation.file_part if operation else None) or "file"
    return Payload(query=query, meta=cast("dict[str, Any]", meta), file=upload.files.get(part))


def _check_upload(payload: Payload, operation: Operation) -> None:
    if payload.meta is None:
        return
    if payload.file is None:
        raise refusal.bad_parameter(operation.file_part or "file", "body", "required, but missing")
    name, algorithm = operation.digest_field or "sha256", operation.digest or "sha256"
    if name not in payload.meta:
        raise refusal.bad_parameter(f"/{name}", "body", "required, but missing")
    digest = hasher(algorithm)
    digest.update(payload.file)
    if str(payload.meta[name]).lower() != digest.hexdigest():
        raise refusal.bad_parameter(f"/{name}", "body", f"not the {algorithm} of the file")


def _params(operation: Operation) -> Mapping[str, Fields]:
    full: Record = record(operation.method, operation.path)
    params: Mapping[str, Fields] = full.get("params", {})
    return params
