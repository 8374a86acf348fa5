"""An operation as text for people: its fields, their constraints, and remarks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..http.operation import Operation, Rate
from .browsing import at, children, closest
from .closings import closing_of
from .records import SITE, Fields, Record, is_conditional, record
from .spelling import spell

_PERIODS = {"s": "second", "min": "minute", "h": "hour", "d": "day"}
_COUNTED_BY = {
    "api": "operation",
    "mchid": "merchant",
    "sp_mchid": "service provider",
    "target_mchid": "target merchant",
    "brand_id": "brand",
}
_TITLES = {"file-meta": "meta", "query": "params"}


def describe(target: object) -> str:
    """What the catalogue knows of a path: each verb with its official name and page, its parameters and its answer.

    Args:
        target: a chain, or a path as `wxpay[...]` takes it; a template or one with values in it.

    Returns:
        Text of several lines. For a path between operations, what comes next; for an unknown one, what is close.
    """
    path = "/" + str(target).removeprefix("/")
    if known := at(path):
        return "\n\n".join("\n".join(_operation(operation)) for operation in known)
    if following := children(path):
        return f"{path}\nleads to: {', '.join(following)}"
    lines = [f"{path}\nis not in the catalogue; it can be called all the same"]
    lines += [f"close to it: {operation.method} {operation.path} {operation.name}" for operation in closest("", path)]
    return "\n".join(lines)


def remarks(operation: Operation) -> Iterator[str]:
    """What a caller should know of an operation besides its fields: a sentence each."""
    yield from _availability(operation)
    if operation.secret_fields:
        yield f"Encrypted: {', '.join(operation.secret_fields)}."
    if operation.answer_secret_fields:
        yield f"Decrypted in the answer: {', '.join(operation.answer_secret_fields)}."
    if operation.rates:
        yield f"Limit: {', '.join(_rate(rate) for rate in operation.rates)}."
    if operation.idempotent:
        yield "Re-entrant: a repeat with the same number and content has the effect of one call."
    if operation.same_number:
        yield "A repeat must keep the merchant's own number."
    if operation.accepted_on_429:
        yield "Status 429 doesn't mean that it was not accepted."
    if operation.pays_out:
        yield "Pays money out: whatever it is refused with, keep the number, and query it."
    if operation.certificate:
        yield "Presents the merchant certificate."
    if operation.answer_signature == "none":
        yield "The answer is not signed."


def _availability(operation: Operation) -> Iterator[str]:
    """Whether an operation is deprecated, closed to new merchants, for brands alone, or undocumented."""
    if operation.deprecated:
        yield "Deprecated" + (f": use {', '.join(operation.successors)}." if operation.successors else ".")
    if (closing := closing_of(operation)) is not None:
        yield str(closing)
    if operation.path.startswith("/brand/"):
        yield "Signed by the brand: give the client a brand=Brand(...)."
    if operation.derived:
        yield "Derived from the service provider's operation by the platform's rule; no official page of it was seen."


def pages(operation: Operation) -> tuple[str, ...]:
    """The official pages of an operation."""
    return tuple(SITE + page for page in record(operation.method, operation.path).get("docs", ()))


def type_text(field: Record) -> str:
    """A field's type as text; of a text that holds JSON, the type of that JSON too."""
    return f"{field['type']} (JSON text of {field['json']})" if "json" in field else str(field["type"])


def constraints(field: Record) -> Iterator[str]:
    """What holds for a field besides its type: required, encrypted, its length, its values; a few words each."""
    if field.get("req") and not is_conditional(field):
        yield "filled in" if field.get("auto") else "required"
    if "unless" in field:
        yield f"required unless {' or '.join(field['unless'])} is given"
    if "when" in field:
        name, values = field["when"]
        yield f"required where {name} is {' or '.join(values)}"
    if "enc" in field:
        yield "encrypted"
    if "format" in field:
        yield str(field["format"])
    if "min" in field or "max" in field:
        yield f"{field.get('min', 0)} to {field.get('max', 'any')} characters"
    if "enum" in field:
        yield "one of " + " ".join(map(str, field["enum"]))


def _operation(operation: Operation) -> Iterator[str]:
    full = record(operation.method, operation.path)
    params: Mapping[str, Fields] = full.get("params", {})
    yield f"{operation.method} {operation.path}"
    yield operation.name
    yield from pages(operation)
    yield f"wxpay.{spell(operation.path)}.{operation.method.lower()}(...)"
    yield from remarks(operation)
    for location, fields in params.items():
        if location != "form":
            yield ""
            yield f"{_TITLES.get(location, location)}:"
            yield from _fields(fields, "  ")
    answer: Record = full["resp"]
    yield ""
    yield f"answer, {operation.answer}:"
    yield from _fields(answer.get("fields", {}), "  ")


def _fields(fields: Fields, indent: str) -> Iterator[str]:
    width = max(map(len, fields), default=0)
    for name, field in fields.items():
        yield f"{indent}{name:{width}}  {', '.join((type_text(field), *constraints(field)))}"
        yield from _fields(field.get("fields", {}), indent + "  ")


def _rate(rate: Rate) -> str:
    counted = f" for each {_COUNTED_BY[rate.by]}" if rate.by else ""
    return f"{rate.n} calls a {_PERIODS[rate.per]}{counted}"
