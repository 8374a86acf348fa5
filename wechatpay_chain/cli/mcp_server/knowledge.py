"""Answers from the catalogue: finds and describes operations and notifications, and checks payloads."""

from __future__ import annotations

from typing import Any

from ... import catalogue
from ...errors import ConfigurationError
from ..descriptions import event_members, operation_members


def search(text: str, limit: int) -> dict[str, Any]:
    """The operations and notifications that match a text, the best first."""
    return {
        "operations": [
            {
                "method": operation.method,
                "path": operation.path,
                "name": operation.name,
                "chain": f"wxpay.{catalogue.spell(operation.path)}.{operation.method.lower()}",
                "deprecated": operation.deprecated,
            }
            for operation in catalogue.search(text, limit)
        ],
        "notifications": [
            {"title": event.title, "name": event.name, "event_types": event.event_types}
            for event in catalogue.search_events(text, limit)
        ],
    }


def describe(path: str) -> dict[str, Any]:
    """Everything that is known of the operations at a path, or of the notifications of a name.

    Raises:
        ConfigurationError: there is none.
    """
    operations = catalogue.at("/" + path.removeprefix("/"))
    if operations:
        return {"operations": [_with_sample(operation) for operation in operations]}
    named = catalogue.events_named(path)
    if named:
        return {"notifications": [event_members(event) for event in named]}
    raise _unknown("", path)


def check(method: str, path: str, payloads: dict[str, Any]) -> dict[str, Any]:
    """The faults that the catalogue finds in the payloads of a call, and the members that are encrypted.

    Raises:
        ConfigurationError: the operation isn't known.
    """
    operation = operation_of(method, path)
    faults = catalogue.validate(operation, payloads)
    return {
        "operation": f"{operation.method} {operation.path}",
        "name": operation.name,
        "valid": not faults,
        "faults": [str(fault) for fault in faults],
        "encrypted_by_the_client": operation.secret_fields,
        "remarks": list(catalogue.remarks(operation)),
    }


def operation_of(method: str, path: str) -> catalogue.Operation:
    """The operation of a method and a path.

    Raises:
        ConfigurationError: it isn't known.
    """
    rooted = "/" + path.removeprefix("/")
    operation = catalogue.find(method.upper(), rooted)
    if operation is None:
        raise _unknown(method.upper(), rooted)
    return operation


def _with_sample(operation: catalogue.Operation) -> dict[str, Any]:
    return {**operation_members(operation), "sample": catalogue.sample(operation)}


def _unknown(method: str, path: str) -> ConfigurationError:
    close = catalogue.closest(method, "/" + path.removeprefix("/"))
    names = "; ".join(f"{operation.method} {operation.path} ({operation.name})" for operation in close)
    remedy = f"Close to it: {names}" if names else "Search for it"
    return ConfigurationError("path", f"the catalogue has no {f'{method} {path}'.strip()}", remedy)
