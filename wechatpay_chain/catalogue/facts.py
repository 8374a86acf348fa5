"""What a call needs to know of its operation, by method and path.

Loaded on the first look-up from `facts.json`, which `tools/derive_facts.py` makes from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import orjson

from ..http.operation import Operation, Rate

DATA = Path(__file__).with_name("data")


class Node:
    """A segment of the tree of paths.

    Attributes:
        path: the template up to here.
        children: by segment, placeholders in braces.
        placeholders: those of the children that stand for any value.
    """

    __slots__ = ("children", "path", "placeholders")

    def __init__(self, path: str) -> None:
        self.path = path
        self.children: dict[str, Node] = {}
        self.placeholders: tuple[Node, ...] = ()

    def add(self, segment: str) -> Node:
        """Add a child, which isn't there yet."""
        child = self.children[segment] = Node(f"{self.path}/{segment}")
        if segment.startswith("{"):
            self.placeholders += (child,)
        return child

    def matches(self, segments: list[str], depth: int = 0) -> Iterator[Node]:
        """The nodes that the segments may lead to, literal ones before placeholders."""
        if depth == len(segments):
            yield self
            return
        segment = segments[depth]
        literal = self.children.get(segment)
        if literal is not None:
            yield from literal.matches(segments, depth + 1)
        if segment:
            for placeholder in self.placeholders:
                if placeholder is not literal:
                    yield from placeholder.matches(segments, depth + 1)


@lru_cache(maxsize=4096)
def find(method: str, path: str) -> Operation | None:
    """The operation of a method and a path; None for one that the catalogue doesn't know.

    A literal segment wins over a placeholder. A trailing slash makes another path.

    Args:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: from the leading slash, without query: a template, whatever its placeholders are called,
            or a path with values in it, percent-encoded as it is sent.
    """
    if method in paths().get(path, ()):
        return _operation(method, path)
    for template in templates(path):
        if method in paths()[template]:
            return _operation(method, template)
    return None


def templates(path: str) -> Iterator[str]:
    """The known templates that a path matches, the most literal first."""
    root, *segments = path.split("/")
    if not root:
        yield from (node.path for node in tree().matches(segments) if node.path in paths())


@cache
def paths() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """The facts of all operations, by path template and method."""
    return cast("dict[str, dict[str, dict[str, Any]]]", orjson.loads((DATA / "facts.json").read_bytes()))


@cache
def secret_names() -> frozenset[str]:
    """The names of all fields that are secret in some operation."""
    return frozenset(
        field.rpartition(".")[2]
        for methods in paths().values()
        for facts in methods.values()
        for field in facts.get("secret_fields", ())
    )


@cache
def tree() -> Node:
    """The tree of all path templates."""
    root = Node("")
    for path in paths():
        node = root
        for segment in path.split("/")[1:]:
            node = node.children.get(segment) or node.add(segment)
    return root


@lru_cache(maxsize=2048)
def _operation(method: str, template: str) -> Operation:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType]: JSON
        for name, value in paths()[template][method].items()
    }
    if "file_limits" in values:
        values["file_limits"] = tuple((tuple(suffixes), most) for suffixes, most in values["file_limits"])
    if "rates" in values:
        values["rates"] = tuple(Rate(n=n, per=per, by=by) for n, per, by in values["rates"])
    return Operation(method=method, path=template, **values)
