"""What a newer collection of facts changes in the catalogue, for whoever has to tell what a release means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

# Facts of a field that a caller notices.
_FACTS = (
    "type",
    "req",
    "enc",
    "enum",
    "min",
    "max",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "pattern",
    "unless",
    "when",
)
# Facts of an operation or a notification that callers notice, beside its fields.
_OWN = (
    "name",
    "title",
    "host",
    "body",
    "rate",
    "cert",
    "reentrant",
    "retry",
    "deprecated",
    "serial",
    "event_type",
    "src",
)
_ANSWER = ("kind", "file", "status", "unsigned", "signed_over")


def changes(old: Sequence[Record], new: Sequence[Record]) -> Iterator[str]:
    """A line for each record that is new or gone, and for each that changed one and a line for each change.

    Args:
        old: the catalogue's operations or notifications.
        new: those that take their place.
    """
    before, after = ({_key(record): record for record in records} for records in (old, new))
    for key in sorted(after.keys() - before.keys()):
        yield f"new      {key} {_title(after[key])}"
    for key in sorted(before.keys() - after.keys()):
        yield f"gone     {key} {_title(before[key])}"
    for key in sorted(before.keys() & after.keys()):
        if found := list(_differences(_facts(before[key]), _facts(after[key]))):
            yield f"changed  {key} {_title(after[key])}"
            yield from (f"         {line}" for line in found)


def _key(record: Record) -> str:
    return f"{record['method']} {record['path']}" if "path" in record else f"{record['gen']} {record['id']}"


def _title(record: Record) -> str:
    return str(record.get("name") or record.get("title", ""))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"+ {name}: {new[name]}"
        elif name not in new:
            yield f"- {name}: {old[name]}"
        elif old[name] != new[name]:
            yield f"~ {name}: {old[name]} -> {new[name]}"


def _facts(record: Record) -> dict[str, Any]:
    answer: Record = record.get("resp", {})
    facts = {name: record[name] for name in _OWN if name in record}
    facts |= {f"answer.{name}": answer[name] for name in _ANSWER if name in answer}
    for location, fields in record.get("params", {}).items():
        facts |= dict(_fields(fields, f"{location}."))
    facts |= dict(_fields(answer.get("fields", {}), "answer."))
    return facts | dict(_fields(record.get("resource", {}), "resource."))


def _fields(fields: Record, prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        path = prefix + name
        yield path, ", ".join(_fact(fact, field[fact]) for fact in _FACTS if fact in field)
        yield from _fields(field.get("fields", {}), f"{path}.")


def _fact(name: str, value: Any) -> str:
    if name == "type":
        return str(value)
    if name == "req":
        return "required"
    return "secret" if name == "enc" else f"{name} {value}"
