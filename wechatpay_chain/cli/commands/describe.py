"""`describe`: shows the catalogue's entry for an operation or a notification, in tables that fit the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping

from ... import catalogue
from ...catalogue.records import Fields, Record, record
from ..descriptions import event_members, operation_members, spellings
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
    events = () if operations else catalogue.events_named(options.path)
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


def _show_operation(terminal: Terminal, operation: catalogue.Operation) -> None:
    full = record(operation.method, operation.path)
    terminal.line(terminal.paint(f"{operation.method} {operation.path}", "bold"))
    terminal.line(operation.name)
    _show_pages(terminal, catalogue.pages(operation))
    for sentence in catalogue.remarks(operation):
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
        yield " " * _INDENT * depth + name, catalogue.type_text(field), ", ".join(catalogue.constraints(field))
        yield from _rows(field.get("fields", {}), depth + 1)
