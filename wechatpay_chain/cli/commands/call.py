"""`call`: makes one call, with its payload in HTTPie's items, and prints its answer as JSON."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

from ... import catalogue
from ...errors import APIError, ConfigurationError, DecodeError
from ...http.attachment import Attachment
from ...http.headers import Headers
from ...http.json_text import read_json
from ...http.path import expand, literal_path, placeholders
from ...http.request import METHODS, Request
from ...http.response import Response
from ...wire import v2
from ...wire.schemes import scheme_of
from ..exits import Exit, exit_of
from ..items import Items, read_items
from ..output import show_json, show_text
from ..parser import Verbatim
from ..progress import transfer, waiting
from ..settings import Settings, add_settings
from ..terminal import show_error, tell

_OTHER_KINDS = {"integer": "a number", "number": "a number", "boolean": "true or false", "object": "an object"}
_EXAMPLES = """examples:
  wechatpay-chain call post v3/pay/transactions/native out_trade_no=1 amount[total]:=29 ...
  wechatpay-chain call get v3/pay/transactions/id/{transaction_id} --transaction-id 4200... mchid==1900000109
  wechatpay-chain call post v3/refund/domestic/refunds -j @refund.json --dry-run
  wechatpay-chain call post --xml pay/orderquery appid=wx8888888888888888 out_trade_no=1
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `call`."""
    parser.set_defaults(run=_call, intermixed=True)
    parser.epilog, parser.formatter_class = _EXAMPLES, Verbatim
    parser.add_argument(
        "method", type=str.upper, choices=METHODS, metavar="METHOD", help="get, post, put, patch, delete"
    )
    parser.add_argument("path", metavar="PATH", help="v3/..., with its {placeholders} or with their values")
    parser.add_argument(
        "items",
        nargs="*",
        default=[],  # without it, the error for a missing PATH would say that ITEM is missing, too
        metavar="ITEM",
        help="name=text, name:=json, name=@file, name==query, Header:value",
    )
    parser.add_argument(
        "-j", "--json", metavar="JSON", help="the payload: JSON, @FILE, or - for stdin; items add to it"
    )
    parser.add_argument("--xml", action="store_true", help="a call of APIv2: items are its parameters")
    parser.add_argument("--file", type=Path, metavar="PATH", help="the file to upload; items are members of its meta")
    parser.add_argument(
        "--to", type=Path, metavar="PATH", help="where to write the file that the answer holds or links"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="for the whole call")
    parser.add_argument("--validate", action="store_true", help="check the payload against the catalogue first")
    parser.add_argument("--decrypted", action="store_true", help="print the answer's secret fields in plain")
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent; send nothing")
    parser.add_argument("--curl", action="store_true", help="print the call as commands for a shell; send nothing")
    path = _template(parser.get_default("words"))
    values = parser.add_argument_group("placeholders") if placeholders(path) else parser
    for name in placeholders(path):
        values.add_argument(f"--{name.replace('_', '-')}", dest=f"value_{name}", metavar="VALUE")
    add_settings(parser)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as given by the arguments.

    Attributes:
        request: before it is sealed and signed.
        exposed: names of secret members whose plain value stands in the arguments.
        mistyped: items that give a text where the operation takes another type, and which.
    """

    request: Request
    exposed: frozenset[str]
    mistyped: Mapping[str, str]


def _call(options: argparse.Namespace) -> int:
    call = _read(options)
    for name in sorted(call.exposed):
        tell(
            f"warning: {name} is secret, and arguments show in the list of processes and in the shell's history. "
            f"Give it as {name}=@FILE or -j @FILE"
        )
    for name, kind in call.mistyped.items():
        tell(f"warning: {name} is {kind} to the operation, and = gives a text. Write {name}:=...")
    settings = Settings.read(options)
    if options.dry_run or options.curl:
        from ..preview import preview, show_curl, show_preview

        shown = asyncio.run(preview(settings, call.request, validate=options.validate))
        show_curl(shown) if options.curl else show_preview(shown)
        return Exit.DONE
    sent = asyncio.Event()
    try:
        answer = asyncio.run(_send(settings, call.request, options, sent))
    except APIError as refusal:
        show_error(refusal)
        if (members := _members(refusal.content)) is not None:
            show_json(members)
        return exit_of(refusal)
    except KeyboardInterrupt:
        if call.request.method == "GET" or not sent.is_set():
            raise
        show_error(
            "interrupted: the outcome of the call is unknown, it may have taken effect. Query it, or repeat it with "
            "the same number and the same content"
        )
        return Exit.UNKNOWN
    _show(answer, decrypted=options.decrypted)
    return Exit.DONE


async def _send(
    settings: Settings, request: Request, options: argparse.Namespace, sent: asyncio.Event
) -> Response[Any] | Path:
    operation = catalogue.find(request.method, request.template)
    client = settings.client(validate=options.validate)
    async with client as wxpay:
        sent.set()
        if options.file is not None:
            with transfer(f"sending {options.file.name}") as progress:
                attachment = Attachment(content=options.file, name=options.file.name, progress=progress)
                return await wxpay.send(request.changed(file=attachment))
        if options.to is None:
            with waiting(f"{request.method} {request.template}"):
                return await wxpay.send(request)
        link: Any = request if operation and operation.answer == "file" else await wxpay.send(request)
        with transfer(f"receiving {options.to.name}") as progress:
            return await wxpay.download(link, options.to, progress=progress)


def _read(options: argparse.Namespace) -> _Call:
    items = read_items(options.items)
    path, question, query = _rooted(options.path, xml=options.xml).partition("?")
    template = literal_path(path)
    values: dict[str, str] = {
        name: value for name in placeholders(template) if (value := getattr(options, f"value_{name}", None)) is not None
    }
    if missing := [name for name in placeholders(template) if name not in values]:
        raise ConfigurationError(
            "path",
            f"{{{missing[0]}}} has no value",
            f"Give --{missing[0].replace('_', '-')}, or write it into the path",
        )
    payload, exposed = _payload(options, items)
    params = {**dict(parse_qsl(query, keep_blank_values=True)), **items.params} if question else dict(items.params)
    request = Request(
        method=options.method,
        template=template,
        path=expand(template, values),
        headers=Headers(items.headers),
        timeout=options.timeout,
    )
    request, params = _with_payload(request, options, payload, params)
    operation = catalogue.find(request.method, request.template)
    secret_fields = operation.secret_fields if operation else ()
    secret = {field.rpartition(".")[2].removesuffix("[]") for field in secret_fields}
    return _Call(request.changed(params=params or None), frozenset(exposed & secret), _mistyped(request, items))


def _mistyped(request: Request, items: Items) -> Mapping[str, str]:
    """The items that give a text where the catalogue has another type, such as a number."""
    if not isinstance(request.json, dict):
        return {}
    kinds = {
        name: catalogue.field_type(request.method, request.template, "json", pointer)
        for pointer, name in items.texts.items()
    }
    return {name: _OTHER_KINDS[kind] for name, kind in kinds.items() if kind in _OTHER_KINDS}


def _with_payload(
    request: Request, options: argparse.Namespace, payload: Any, params: dict[str, Any]
) -> tuple[Request, dict[str, Any]]:
    """The request with its payload where its kind takes it, and its query parameters."""
    if scheme_of(request.template) == "v2":
        return request.changed(xml=payload or {}), params
    if options.file is not None:
        return request.changed(file=options.file, meta=payload or None), params
    if request.method == "GET" and isinstance(payload, dict):
        return request, {
            **cast("dict[str, Any]", payload),
            **params,
        }  # a GET has no body, so the items can only be parameters
    return request.changed(json=payload), params


def _payload(options: argparse.Namespace, items: Items) -> tuple[Any, set[str]]:
    """The payload, and the names in it whose values are visible in the arguments."""
    if options.json is None:
        return items.payload or None, items.in_arguments
    text, inline = _json_text(options.json)
    try:
        value: Any = read_json(text)
    except ValueError as error:
        raise ConfigurationError("--json", f"it is no JSON ({error})", "Give JSON, @FILE, or - for stdin") from None
    exposed = items.in_arguments | (set(_names(value)) if inline else set[str]())
    if not items.payload:
        return value, exposed
    if not isinstance(value, dict):
        raise ConfigurationError("item", "--json gives no object that items could add to", "Give one of them")
    return {**cast("dict[str, Any]", value), **items.payload}, exposed


def _json_text(given: str) -> tuple[bytes, bool]:
    """The text of `--json`, and whether it is visible in the arguments."""
    if given == "-":
        return sys.stdin.buffer.read(), False
    if not given.startswith("@"):
        return given.encode(), True
    try:
        return Path(given[1:]).read_bytes().removeprefix(b"\xef\xbb\xbf"), False
    except OSError as error:
        raise ConfigurationError(
            "--json", f"{given[1:]!r} cannot be read ({error.strerror})", "Give the path of a JSON file"
        ) from None


def _names(value: Any) -> Sequence[str]:
    """The names of all members of a JSON value, at any depth."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return [*members, *(name for member in members.values() for name in _names(member))]
    if isinstance(value, list):
        return [name for member in cast("list[object]", value) for name in _names(member)]
    return []


def _show(answer: Response[Any] | Path, *, decrypted: bool) -> None:
    if isinstance(answer, Path):
        show_json({"file": str(answer), "bytes": answer.stat().st_size})
        return
    signed = "its signature holds" if answer.verified else "it carries no signature"
    tell(f"{answer.status}, {signed}, Request-ID {answer.request_id or 'none'}")
    if answer.fields is not None:
        show_json(dict(answer.fields))
    elif decrypted:
        show_json(answer.json())
    elif (members := _members(answer.content)) is not None:
        show_json(members)  # as received: secrets in it stay encrypted
    elif answer.content:
        show_text(answer.text)


def _members(content: bytes) -> Any:
    """The members of an answer's JSON or XML; None for anything else."""
    try:
        return v2.parse(content) if v2.is_xml(content) else orjson.loads(content)
    except (orjson.JSONDecodeError, DecodeError):
        return None


def _template(words: Sequence[str]) -> str:
    """The path among the arguments: the first after the method that isn't an option."""
    for number, word in enumerate(words):
        if word.upper() in METHODS:
            return next((following for following in words[number + 1 :] if not following.startswith("-")), "")
    return ""


def _rooted(path: str, *, xml: bool) -> str:
    """The path with its root: `--xml` says that it is one of APIv2, which the platform's pages write without."""
    path = path.removeprefix("/")
    return f"v2/{path}" if xml and not path.startswith("v2/") else path
