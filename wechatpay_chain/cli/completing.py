"""What may follow what was typed: commands, options, operations, fields; all from the parsers and the catalogue."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from .. import catalogue
from ..catalogue.records import Fields, record
from ..http.path import placeholders
from ..http.request import METHODS
from .program import COMMANDS, parser_of


def candidates(line: str, breaks: str = "") -> list[str]:
    """The words that the last one of a line may become, sorted.

    Args:
        line: what was typed, the program's name first.
        breaks: characters at which the shell parts words: it wants what follows the last of them.
    """
    words = _split(line)
    current = "" if line[-1:].isspace() or not words else words.pop()
    found = sorted({word for word in _following(words[1:]) if word.startswith(current)})
    typed = max((current.rfind(character) for character in breaks if not character.isspace()), default=-1) + 1
    return [word[typed:] for word in found]


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote is still open
        return line.split()


def _following(words: Sequence[str]) -> Iterable[str]:
    if not words:
        return [*COMMANDS, "--help", "--version"]
    command, *rest = words
    if command not in COMMANDS:
        return []
    parser, rest = _innermost(parser_of(command, rest), rest)
    found = [*_options(parser), *_choices(parser)]
    if command == "call":
        found += _call(rest)
    if command == "describe":
        found += [*_paths(None), *(event.title for event in catalogue.events())]
    if rest[-1:] == ["--path"]:
        found = list(_paths(None))
    return found


def _innermost(parser: argparse.ArgumentParser, words: Sequence[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of the command below a command, where the words name one."""
    for action in _actions(parser):
        if action.nargs == argparse.PARSER and words:
            below = cast("dict[str, argparse.ArgumentParser]", action.choices)
            if words[0] in below:
                return below[words[0]], list(words[1:])
    return parser, list(words)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in _actions(parser):
        yield from (option for option in action.option_strings if option.startswith("--"))


def _choices(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in _actions(parser):
        if not action.option_strings and action.choices is not None:
            yield from (str(choice).lower() if choice in METHODS else str(choice) for choice in action.choices)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 - argparse tells its arguments nowhere else


def _call(words: Sequence[str]) -> Iterator[str]:
    """The paths behind a method, then the placeholders and fields of the path."""
    given = [word for word in words if not word.startswith("-")]
    if not given:
        return
    method = given[0].upper()
    if len(given) == 1:
        yield from _paths(method)
        return
    operation = catalogue.find(method, "/" + given[1].removeprefix("/"))
    if operation is None:
        return
    yield from (f"--{name.replace('_', '-')}" for name in placeholders(operation.path))
    params: dict[str, Fields] = record(operation.method, operation.path).get("params", {})
    yield from (f"{name}==" for name in params.get("query", {}))
    for location in ("json", "xml", "file-meta"):
        yield from _items(params.get(location, {}))


def _items(fields: Fields, parent: str = "") -> Iterator[str]:
    """The items of fields: texts with `=`, all else with `:=`, the members of objects one by one."""
    for name, field in fields.items():
        path = f"{parent}[{name}]" if parent else name
        members: Fields = field.get("fields", {})
        if field["type"] == "object" and members:
            yield from _items(members, path)
        else:
            yield f"{path}=" if field["type"] == "string" else f"{path}:="


def _paths(method: str | None) -> Iterator[str]:
    for operation in catalogue.operations():
        if method in {None, operation.method}:
            yield operation.path.removeprefix("/")
