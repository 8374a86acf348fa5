"""Encode: the payload becomes the bytes that are signed and sent, exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import catalogue
from ..errors import ConfigurationError
from ..message import File, Headers, Request, Response
from ..path import check_path, check_query
from ..pipeline import Handler
from ..wire import multipart
from ..wire.body import encode_json, encode_query, floats, may_hold_floats
from ..wire.headers import check_headers

_JSON = "application/json"


class Encode:
    """Writes `json`, `params`, `file` and `meta` as bytes and sets the headers that describe them."""

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Encode the request, then call on."""
        return await call_next(await _encode(request))


async def _encode(request: Request) -> Request:
    check_path(request.path)
    check_query(request.query)
    check_headers(request.headers)
    if request.template.startswith("/v2/") or request.xml is not None:
        raise ConfigurationError(
            "xml" if request.xml is not None else "path",
            "an APIv2 call was found",
            "This version speaks APIv3 only: use the /v3/ operation of the same purpose",
        )
    operation = catalogue.find(request.method, request.template)
    headers = {"Accept": "*/*" if operation and operation.answer == "file" else _JSON, "Content-Type": _JSON}
    encoded: dict[str, Any] = {"query": encode_query(request.params) if request.params else request.query}
    if request.file is not None:
        upload, encoded["signed_body"] = await _upload(request, request.file, operation)
        encoded["body"] = upload.body
        headers["Content-Type"] = upload.content_type
    elif request.meta is not None:
        raise ConfigurationError("meta", "it was given without a file", "Give the file= that it describes")
    elif request.body is None:
        encoded["body"] = _json_body(request)
    return replace(request, **encoded, headers=Headers(headers).merge(request.headers))


def _json_body(request: Request) -> bytes:
    if request.json is None:
        return b""
    if request.method == "GET":
        raise ConfigurationError("json", "a GET has no body", "Give query parameters with params=")
    body = encode_json(request.json)
    if may_hold_floats(body):
        _refuse_fractions(request)
    return body


def _refuse_fractions(request: Request) -> None:
    """An amount computed in floats, 0.29 * 100 for one, is a fen short: nothing is rounded here, it is refused."""
    for pointer, value in floats(request.json):
        kind = catalogue.field_type(request.method, request.template, "json", pointer)
        if kind in {"integer", "number"}:
            raise ConfigurationError(
                f"json{pointer}",
                f"the float {value!r}",
                "The platform takes whole numbers, amounts in fen: compute with int or Decimal and give an int",
            )


async def _upload(
    request: Request, file: File, operation: catalogue.Operation | None
) -> tuple[multipart.Upload, bytes]:
    if request.json is not None:
        raise ConfigurationError("json", "an upload was given json too", "Give further members of its meta with meta=")
    content, name = await _read(file)
    facts = (operation.file_part, operation.file_name_field, operation.digest_field) if operation else None
    file_part, name_field, digest_field = facts or ("file", "filename", "sha256")
    meta = dict(request.meta or {})
    name = meta.get(name_field, name) if name_field else name
    if not isinstance(name, str):
        raise ConfigurationError(f"meta/{name_field}", f"a {type(name).__name__} was found", "Give the file's name")
    if not name:
        raise ConfigurationError(
            "meta",
            "bytes were given without the file's name",
            f"Give meta={{{name_field or 'filename'!r}: 'licence.jpg'}}",
        )
    if name_field:
        meta.setdefault(name_field, name)
    if digest_field:
        meta.setdefault(digest_field, multipart.digest(content, operation.digest if operation else None))
    if operation and operation.digest_label:
        meta.setdefault(*operation.digest_label)
    signed = encode_json(meta, "meta")
    upload = multipart.encode(
        meta=signed,
        file=content,
        file_name=name,
        file_part=file_part or "file",
        boundary=multipart.make_boundary(),
    )
    return upload, signed


async def _read(file: File) -> tuple[bytes, str]:
    if isinstance(file, bytes):
        return file, ""
    if not isinstance(file, Path):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("file", f"a {type(file).__name__} was found", "Give a Path, or the content as bytes")
    try:
        return await asyncio.to_thread(file.read_bytes), file.name
    except OSError as error:
        raise ConfigurationError(
            "file", f"{str(file)!r} cannot be read ({error.strerror})", "Give the path of an existing, readable file"
        ) from None
