"""The tree of classes, one a path, with their verbs, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.endpoint_types import Fields, Side, TypedDicts, camel, camel_path
from wechatpay_chain.catalogue import Operation, pages, remarks
from wechatpay_chain.catalogue.records import is_conditional, record
from wechatpay_chain.catalogue.spelling import attribute, steps

_REQUEST = Side(request=True)
_REQUEST_TEXT = Side(request=True, text=True)
_ANSWER = Side(request=False)
_ANSWER_TEXT = Side(request=False, text=True)

_OPTIONS = ("headers: Mapping[str, str] | None = None", "timeout: float | None = None", "retry: bool | None = None")
_MERCHANT_CERTIFICATE = "security: bool | None = None"

# An attribute of one of these names would hide the type in its own class.
_TAKEN = {"bool", "float", "int", "object", "str", "tuple", "list", "dict"}


@dataclass(frozen=True, slots=True)
class Mode:
    """One of the two clients.

    Attributes:
        prefix: of the classes of its tree.
        call: what a verb returns; generic in the answer's type.
        chain: what brackets return.
    """

    prefix: str
    call: str
    chain: str


@dataclass(slots=True)
class Node:
    """A path: its verbs and the steps that lead on from it."""

    path: str = ""
    children: dict[str, Node] = field(default_factory=dict[str, "Node"])
    operations: list[Operation] = field(default_factory=list[Operation])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb of a path, the same for both clients but for what it returns.

    Attributes:
        name: `get`, `post`, ...
        parameters: its keywords with their types.
        answer: type of the answer's JSON.
        deprecated: what editors say where they strike it through; None for an operation in force.
        docstring: its lines.
    """

    name: str
    parameters: tuple[str, ...]
    answer: str
    deprecated: str | None
    docstring: tuple[str, ...]


def grow(operations: Iterator[Operation]) -> Node:
    """The tree of the operations' paths."""
    root = Node()
    for operation in operations:
        node = root
        for step in steps(operation.path):
            node = node.children.setdefault(step, Node(f"{node.path}/{step}"))
        node.operations.append(operation)
    return root


def verb(operation: Operation, types: TypedDicts, module: str) -> Verb:
    """One verb; the TypedDicts that it takes and returns are added to `types`, which will be imported as `module`."""
    full = record(operation.method, operation.path)
    params: Mapping[str, Fields] = full.get("params", {})
    _, root, rest = operation.path.split("/", 2)
    name = camel_path(rest) + operation.method.capitalize()
    placeholders = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters = [
        *(f"{placeholder}: str | int" for placeholder in placeholders),
        *_payload(operation, params, types, module, name),
        *_OPTIONS,
    ]
    if root == "v2":
        parameters.append(_MERCHANT_CERTIFICATE)
    answer = _answer(operation, full["resp"], types, module, name)
    return Verb(
        name=operation.method.lower(),
        parameters=tuple(parameters),
        answer=answer,
        deprecated=_deprecation(operation),
        docstring=tuple(_docstring(operation)),
    )


def render(node: Node, verbs: Mapping[tuple[str, str], Verb], mode: Mode) -> Iterator[str]:
    """The classes of a tree, the parents first.

    Raises:
        ValueError: an attribute has the name of a builtin type.
    """
    brackets = [step for step in node.children if attribute(step) is None]
    base = "" if brackets else f"({mode.prefix}Node)"
    yield f"\nclass {class_name(node, mode)}{base}:\n"
    for step, child in node.children.items():
        if name := attribute(step):
            if name in _TAKEN:
                raise ValueError(f"{child.path}: the attribute {name} hides a builtin type")
            yield f"    {name}: {class_name(child, mode)}\n"
    for step in brackets:
        target = class_name(node.children[step], mode)
        yield f'    @overload\n    def __getitem__(self, literal: Literal["{step}"]) -> {target}: ...\n'
    if brackets:
        yield f"    @overload\n    def __getitem__(self, literal: str) -> {mode.chain}: ...\n"
    for operation in node.operations:
        yield _method(verbs[operation.method, operation.path], mode)
    for child in node.children.values():
        yield from render(child, verbs, mode)


def class_name(node: Node, mode: Mode) -> str:
    """The class of a path: `V3PayTransactionsNative`."""
    return mode.prefix + camel_path(node.path)


def _method(verb: Verb, mode: Mode) -> str:
    keywords = ", ".join(verb.parameters)
    docstring = "\n".join(f"        {line}".rstrip() for line in verb.docstring).strip()
    decorator = f'    @deprecated("{verb.deprecated}")\n' if verb.deprecated else ""
    signature = f"    def {verb.name}(self, *, {keywords}) -> {mode.call}[{verb.answer}]:\n"
    return f'{decorator}{signature}        """{docstring}"""\n'


def _payload(
    operation: Operation, params: Mapping[str, Fields], types: TypedDicts, module: str, name: str
) -> Iterator[str]:
    if operation.body == "multipart":
        yield "file: File"
        yield from _keyword("meta", _meta(operation, params), _REQUEST, types, module, name)
    yield from _keyword("json", params.get("json", {}), _REQUEST, types, module, name)
    yield from _keyword("xml", params.get("xml", {}), _REQUEST_TEXT, types, module, name)
    yield from _keyword("params", params.get("query", {}), _REQUEST_TEXT, types, module, name)


def _keyword(keyword: str, fields: Fields, side: Side, types: TypedDicts, module: str, name: str) -> Iterator[str]:
    if fields:
        required = any(
            field.get("req") and not field.get("auto") and not is_conditional(field) for field in fields.values()
        )
        default = "" if required else " | None = None"
        yield f"{keyword}: {module}.{types.define(name + camel(keyword), fields, side)}{default}"


def _meta(operation: Operation, params: Mapping[str, Fields]) -> Fields:
    """The members of an upload's `meta`; those that the client fills in may be given, but needn't."""
    label = operation.digest_label[0] if operation.digest_label else None
    filled = {operation.file_name_field, operation.digest_field, label}
    members = params.get("file-meta") or {
        name: field for name, field in params["form"].items() if name not in {"sign", operation.file_part}
    }
    return {name: {**field, "req": field.get("req") and name not in filled} for name, field in members.items()}


def _answer(operation: Operation, answer: Mapping[str, Any], types: TypedDicts, module: str, name: str) -> str:
    if operation.answer == "empty":
        return "None"
    if operation.answer not in {"json", "xml"} or "fields" not in answer:
        return "Any"
    side = _ANSWER_TEXT if operation.answer == "xml" else _ANSWER
    return f"{module}.{types.define(f'{name}Answer', answer['fields'], side)}"


def _deprecation(operation: Operation) -> str | None:
    if not operation.deprecated:
        return None
    return f"Use {' or '.join(operation.successors)}." if operation.successors else "Nothing replaces it."


def _docstring(operation: Operation) -> Iterator[str]:
    yield operation.name
    yield ""
    yield from pages(operation)[:1]
    for sentence in remarks(operation):
        yield from textwrap.wrap(sentence, 110, break_long_words=False, break_on_hyphens=False)
