"""The TypedDicts of request payloads and answers, as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from wechatpay_chain.catalogue.records import is_conditional

Field = Mapping[str, Any]
Fields = Mapping[str, Field]

# All of the platform's numbers are whole: amounts in fen, rates scaled up.
_TYPES = {"string": "str", "integer": "int", "number": "int", "boolean": "bool"}
_IMPORTS = {
    "collections.abc": ("Mapping", "Sequence"),
    "datetime": ("datetime",),
    "typing": ("Any", "Literal", "NotRequired", "TypedDict"),
}
_WORD = re.compile(r"\{\w+\}|\w+")


@dataclass(frozen=True, slots=True)
class Side:
    """Where fields travel, and how their values may be given.

    Attributes:
        request: in a request: whatever is encoded is taken, such as `Secret` and aware datetimes.
        text: as text, in XML or in a query.
    """

    request: bool
    text: bool = False


class TypedDicts:
    """The TypedDicts of one root of the tree (`v2`, `v3`, ...), collected while its verbs are written."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}

    def define(self, name: str, fields: Fields, side: Side) -> str:
        """Add a TypedDict, and those of its nested objects, and return its name.

        Raises:
            ValueError: there already is one of that name.
        """
        if name in self._classes:
            raise ValueError(f"two TypedDicts would be called {name}")
        self._classes[name] = ""
        # Names with `$n` stand for any number of names, which no TypedDict can say.
        members = {
            member: self._member(name + camel(member), field, side)
            for member, field in fields.items()
            if "$" not in member
        }
        self._classes[name] = _class(name, members)
        return name

    def render(self) -> str:
        """The text of the module."""
        body = "".join(f"\n{text}" for text in self._classes.values())
        return "".join(_imports(body)) + body

    def _member(self, name: str, field: Field, side: Side) -> str:
        kind: str = field["type"]
        annotation = self._value(name, field, kind.removesuffix("[]"), side)
        if kind.endswith("[]"):
            annotation = _array(annotation, kind, side)
        required = field.get("req") and not field.get("auto") and not is_conditional(field)
        return annotation if required else f"NotRequired[{annotation}]"

    def _value(self, name: str, field: Field, kind: str, side: Side) -> str:
        if kind == "object":
            if "fields" in field:
                return self.define(name, field["fields"], side)
            return "Mapping[str, Any]" if side.request else "dict[str, Any]"
        if "enc" in field or "enc_hint" in field:
            return "Secret | str" if side.request else "str"
        if "enum" in field:
            return f"Literal[{', '.join(json.dumps(value, ensure_ascii=False) for value in field['enum'])}]"
        return _scalar(field, kind, side)


def camel(name: str) -> str:
    """A field's or a placeholder's name as a part of a class's name: `out_trade_no` is `OutTradeNo`."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def camel_path(path: str) -> str:
    """A path as a part of a class's name.

    Underscores of segments stay and a last slash becomes one: they may be all that tells two paths apart.
    """
    words = _WORD.findall(path)
    name = "".join(camel(word[1:-1]) if word[0] == "{" else word[0].upper() + word[1:] for word in words)
    return f"{name}_" if path.endswith("/") else name


def _scalar(field: Field, kind: str, side: Side) -> str:
    if side.text and not side.request:
        return "str"
    if side.request and field.get("format") == "rfc3339":
        return "str | datetime"
    if side.text and kind in {"integer", "number"}:
        return "int | str"
    return _TYPES[kind]


def _array(item: str, kind: str, side: Side) -> str:
    if not side.request:
        return f"list[{item}]"
    # A str is a Sequence[str] too, and would be sent as one item.
    return f"list[{item}] | tuple[{item}, ...]" if kind == "string[]" else f"Sequence[{item}]"


def _class(name: str, members: Mapping[str, str]) -> str:
    if any(iskeyword(member) for member in members):
        items = "".join(f'    "{member}": {annotation},\n' for member, annotation in members.items())
        return f'{name} = TypedDict("{name}", {{\n{items}}})\n'
    return f"class {name}(TypedDict):\n" + "".join(f"    {member}: {members[member]}\n" for member in members)


def _imports(body: str) -> Iterator[str]:
    for module, names in _IMPORTS.items():
        if used := sorted(_used(names, body)):
            yield f"from {module} import {', '.join(used)}\n"
    if "Secret" in _used(["Secret"], body):
        yield "\nfrom ..http.secret import Secret\n"


def _used(names: Iterable[str], body: str) -> Iterator[str]:
    return (name for name in names if re.search(rf"\b{name}\b", body))
