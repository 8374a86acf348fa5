"""Encode: makes the bytes that are signed and sent, exactly once."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from .. import catalogue
from ..errors import ConfigurationError, type_of
from ..http.attachment import File
from ..http.fen import as_written, is_amount, whole_fen
from ..http.headers import NO_HEADERS, Headers
from ..http.operation import Operation
from ..http.path import check_path, check_query
from ..http.payload import LOCATIONS
from ..http.request import METHODS, Request, check_switches
from ..http.response import Response
from ..pipeline import Handler
from ..wire.body import encode_json, encode_query, floats, is_simple, may_hold_floats
from ..wire.headers import check_headers
from ..wire.hosts import check_origin
from ..wire.schemes import Scheme

if TYPE_CHECKING:
    from ..files.uploads import Source

_JSON = "application/json"
_FOR_JSON = Headers({"Accept": _JSON, "Content-Type": _JSON})
_FOR_FILE = Headers({"Accept": "*/*", "Content-Type": _JSON})


class Encode:
    """Writes `json`, `params`, `file` and `meta` as bytes and sets the headers that describe them.

    Args:
        scheme: of the calls that pass here.
    """

    def __init__(self, scheme: Scheme = "v3") -> None:
        self.scheme = scheme

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Encode the request, then call on."""
        encoded = _encode(request)
        return call_next(encoded) if request.file is None else _with_file(encoded, request.file, call_next)


async def _with_file(request: Request, file: File, call_next: Handler) -> Response[Any]:
    from ..files.uploads import Source  # only for uploads

    async with Source.open(file) as source:
        return await call_next(await _upload(request, source, request.operation))


def _encode(request: Request) -> Request:
    if request.method not in METHODS:
        raise ConfigurationError("method", f"{request.method!r}", f"Use one of {', '.join(METHODS)}, in capitals")
    check_path(request.path)
    check_headers(request.headers)
    check_switches(request)
    if request.query:
        check_query(request.query)
    if request.origin:
        check_origin(request.origin)
    if request.xml is not None:
        raise ConfigurationError(
            "xml", "the path is not one of APIv2", "Give json=, or call an APIv2 path: wxpay.v2.pay.unifiedorder"
        )
    operation = request.operation
    headers = _FOR_FILE if operation and operation.answer == "file" else _FOR_JSON
    encoded: dict[str, Any] = {}
    if request.params:
        encoded["query"] = encode_query(request.params)
        if "." in encoded["query"]:
            _refuse_fractions(request, "params", request.params)
    if request.file is not None:
        headers = NO_HEADERS  # `_upload` sets its own
    elif request.meta is not None:
        raise ConfigurationError("meta", "it was given without a file", "Give the file= that it describes")
    elif request.body is None:
        encoded["body"] = _json_body(request)
    return request.changed(**encoded, headers=headers.merge(request.headers))


def _json_body(request: Request) -> bytes:
    if request.json is None:
        return b""
    if request.method == "GET":
        raise ConfigurationError("json", "a GET has no body", "Give query parameters with params=")
    simple = is_simple(request.json)
    body = encode_json(request.json, simple=simple)
    if not simple and may_hold_floats(body):
        _refuse_fractions(request, "json", request.json)
    return body


def _refuse_fractions(request: Request, argument: str, payload: object) -> None:
    """Refuse floats where whole numbers belong: 0.29 * 100 is a fen short, and nothing is rounded here."""
    for pointer, value in floats(payload):
        kind = catalogue.field_type(request.method, request.template, LOCATIONS[argument], pointer)
        if kind in {"integer", "number"}:
            remedy = (
                f"Compute with int or Decimal and give an int: {whole_fen(value)}"
                if is_amount(pointer)
                else "Give an int: it must be a whole number"
            )
            raise ConfigurationError(f"{argument}{pointer}", f"the float {as_written(value)}", remedy)


async def _upload(request: Request, source: Source, operation: Operation | None) -> Request:
    if request.json is not None:
        raise ConfigurationError("json", "an upload was given json too", "Give further members of its meta with meta=")
    from ..files.uploads import headers_of, members_of_meta
    from ..wire import multipart

    facts = (operation.file_part, operation.file_name_field, operation.digest_field) if operation else None
    file_part, name_field, digest_field = facts or ("file", "filename", "sha256")
    meta = members_of_meta(request)
    name = meta.get(name_field, source.name) if name_field else source.name
    if not isinstance(name, str):
        raise ConfigurationError(f"meta/{name_field}", f"{type_of(name)} was found", "Give the file's name")
    if not name:
        raise ConfigurationError(
            "meta",
            "a file was given without its name",
            f"Give meta={{{name_field or 'filename'!r}: 'licence.jpg'}}"
            if name_field
            else "Give file=Attachment(content=..., name='a.pdf')",
        )
    source.check(operation.file_limits if operation else (), name)
    if name_field:
        meta.setdefault(name_field, name)
    if digest_field and digest_field not in meta:
        meta[digest_field] = await source.digest((operation and operation.digest) or "sha256")
    if operation and operation.digest_label:
        meta.setdefault(*operation.digest_label)
    signed = encode_json(meta, "meta")
    envelope = multipart.envelope(
        [("meta", _JSON, signed)],
        file_name=name,
        file_part=file_part or "file",
        boundary=multipart.make_boundary(),
    )
    headers = headers_of(request, envelope, _JSON)
    return request.changed(signed_body=signed, headers=headers, **await source.enclose(envelope))
