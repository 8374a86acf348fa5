"""What the catalogue knows of operations and notifications, as values for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from .. import catalogue
from ..catalogue.records import Fields, record


def spellings(operation: catalogue.Operation) -> Iterator[str]:
    """The six spellings of a call, ready to paste."""
    payload = {"json": "json={...}", "xml": "xml={...}", "multipart": "file=Path(...)", "none": ""}[operation.body]
    fields: Mapping[str, Fields] = record(operation.method, operation.path).get("params", {})
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
        "remarks": list(catalogue.remarks(operation)),
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
