"""`describe`: what the catalogue knows of an operation or a notification, in tables that fit the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ... import catalogue
from ...catalogue.records import Fields, Record, record
from ..output import show_json
from ..terminal import Terminal, show_error, tell

_TITLES = {"path": "placeholders", "query": "params", "file-meta": "meta", "header": "headers"}
_PAGES_SHOWN = 3
_INDENT = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `describe`."""
    parser.add_argument("path", help="v3/refund/domestic/refunds, TRANSACTION.SUCCESS, ...")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_describe)


def _describe(options: argparse.Namespace) -> int:
    path = "/" + options.path.removeprefix("/")
    operations = catalogue.at(path)
    events = () if operations else _events(options.path)
    if options.json:
        show_json([*map(operation_members, operations), *map(event_members, events)])
        return 0 if operations or events else 1
    terminal = Terminal.of(sys.stdout)
    for number, operation in enumerate(operations):
        if number:
            terminal.line()
        _show_operation(terminal, operation)
    for event in events:
        _show_event(terminal, event)
    if operations or events:
        return 0
    if following := catalogue.children(path):
        terminal.line(path)
        terminal.text(f"leads to: {', '.join(following)}")
        return 0
    show_error(f"{path} is not in the catalogue; it can be called all the same")
    for close in catalogue.closest("", path):
        tell(f"close to it: {close.method} {close.path} {close.name}")
    return 1


def _events(name: str) -> tuple[catalogue.Event, ...]:
    """The notifications of a name, those that bear it before those that share the event type."""
    named = [event for event in catalogue.events() if name in {event.title, event.constant, event.type_name}]
    sharing = [event for event in catalogue.events() if name in event.event_types and event not in named]
    return (*named, *sharing)


def _show_operation(terminal: Terminal, operation: catalogue.Operation) -> None:
    full = record(operation.method, operation.path)
    terminal.line(terminal.paint(f"{operation.method} {operation.path}", "bold"))
    terminal.line(operation.name)
    _show_pages(terminal, catalogue.pages(operation))
    for sentence in catalogue.manners(operation):
        terminal.text(sentence)
    terminal.block("six spellings", spellings(operation), is_code=True)
    params: Mapping[str, Fields] = full.get("params", {})
    for location, fields in params.items():
        if location != "form":
            _show_fields(terminal, _TITLES.get(location, location), fields)
    answer: Record = full["resp"]
    _show_fields(terminal, f"answer, {operation.answer}", answer.get("fields", {}))
    terminal.line()
    terminal.line(f"  {terminal.paint('refusals that calls of this kind meet', 'cyan')}")
    terminal.table(
        [(f"{known.status} {known.code}", known.remedy) for known in catalogue.known_refusals(operation)],
        indent=2 * _INDENT,
    )


def _show_event(terminal: Terminal, event: catalogue.Event) -> None:
    terminal.line(terminal.paint(f"{event.title}", "bold"))
    terminal.line(event.name)
    _show_pages(terminal, event.pages)
    for title, values in (("event_type", event.event_types), ("original_type", event.original_types)):
        if values:
            terminal.text(f"{title}: {', '.join(values)}")
    code = (
        f"from wechatpay_chain.notifications import kinds  # its type: types.notifications.{event.type_name}",
        f"@webhook.on(kinds.{event.constant})",
        "async def handle(notification) -> None: ...",
    )
    terminal.block("receiving it", code, is_code=True)
    _show_fields(terminal, "resource" if event.generation == "v3" else "message", event.fields)


def _show_pages(terminal: Terminal, pages: tuple[str, ...]) -> None:
    for page in pages[:_PAGES_SHOWN]:
        terminal.line(page)
    if len(pages) > _PAGES_SHOWN:
        terminal.line(f"and {len(pages) - _PAGES_SHOWN} more pages: --json lists them")


def _show_fields(terminal: Terminal, title: str, fields: Fields) -> None:
    if not fields:
        return
    terminal.line()
    terminal.line(f"  {terminal.paint(title, 'cyan')}")
    terminal.table(list(_rows(fields)), indent=2 * _INDENT)


def _rows(fields: Fields, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    for name, field in fields.items():
        yield " " * _INDENT * depth + name, _kind(field), ", ".join(_marks(field))
        yield from _rows(field.get("fields", {}), depth + 1)


def _kind(field: Record) -> str:
    return f"JSON text of {field['json']}" if "json" in field else str(field["type"])


def _marks(field: Record) -> Iterator[str]:
    if field.get("req"):
        yield "filled in" if field.get("auto") else "required"
    if "enc" in field:
        yield "secret, encrypted"
    if "format" in field:
        yield str(field["format"])
    if "min" in field or "max" in field:
        yield f"{field.get('min', 0)} to {field.get('max', 'any')} characters"
    if "enum" in field:
        yield "one of " + " ".join(map(str, field["enum"]))


def spellings(operation: catalogue.Operation) -> Iterator[str]:
    """The six spellings of a call, ready to paste."""
    payload = {"json": "json={...}", "xml": "xml={...}", "multipart": "file=Path(...)", "none": ""}[operation.body]
    fields: Mapping[str, Any] = record(operation.method, operation.path).get("params", {})
    words = [f"{name}=..." for name in fields.get("path", {})]
    words += ["params={...}"] if "query" in fields else []
    call = f".{operation.method.lower()}({', '.join([*words, *filter(None, [payload])])})"
    path = operation.path.removeprefix("/")
    for lead, client in (("await ", "wxpay"), ("", "sync")):
        yield f"{lead}{client}.{catalogue.spell(operation.path)}{call}"
        yield f'{lead}{client}.chain("{path}"){call}'
        yield f'{lead}{client}["{path}"]{call}'


def operation_members(operation: catalogue.Operation) -> dict[str, Any]:
    """What is known of an operation, as JSON values."""
    full = record(operation.method, operation.path)
    return {
        "method": operation.method,
        "path": operation.path,
        "name": operation.name,
        "pages": catalogue.pages(operation),
        "manners": list(catalogue.manners(operation)),
        "spellings": list(spellings(operation)),
        "secret": operation.secret_fields,
        "secret_in_answer": operation.answer_secret_fields,
        "limits": [asdict(rate) for rate in operation.rates],
        "params": full.get("params", {}),
        "answer": full["resp"].get("fields", {}),
        "refusals": [asdict(known) for known in catalogue.known_refusals(operation)],
    }


def event_members(event: catalogue.Event) -> dict[str, Any]:
    """What is known of a notification, as JSON values."""
    return {**asdict(event), "title": event.title, "constant": event.constant, "type": event.type_name}
