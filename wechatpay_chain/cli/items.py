r"""Request items, as HTTPie writes them: `out_trade_no=1 amount[total]:=29 mchid==1900000109 Accept-Language:en`.

| item | |
|---|---|
| `name=text`, `name:=json` | a member of the payload |
| `name=@file`, `name:=@file` | the same, from a file: a text or JSON |
| `name==text` | a query parameter |
| `Name:value` | a header |
| `amount[total]`, `list[]`, `list[0][name]` | a member inside of another |

A backslash takes a character as it is: `a\=b=c` is the member `a=b`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from ..errors import ConfigurationError
from ..http.json_text import read_json

Kind = Literal["text", "json", "query", "header"]

# Of the separators at the same position, the longest is taken.
_SEPARATORS: tuple[tuple[str, Kind, bool], ...] = (
    (":=@", "json", True),
    ("=@", "text", True),
    ("==", "query", False),
    (":=", "json", False),
    ("=", "text", False),
    (":", "header", False),
)
_STEP = re.compile(r"\[([^\[\]]*)\]")
_MOST_ITEMS = 1000
_FORM = "Write name=text, name:=json, name=@file, name==query or Header:value"


@dataclass(frozen=True, slots=True)
class Items:
    """The content of a call's items.

    Attributes:
        payload: members of the payload.
        params: query parameters.
        headers: further headers.
        in_arguments: names of the payload's members whose value stands in the arguments themselves, not in a file.
        texts: of the payload's members that were given as texts, their JSON pointers and how they were named.
    """

    payload: dict[str, Any] = field(default_factory=dict[str, Any])
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    in_arguments: set[str] = field(default_factory=set[str])
    texts: dict[str, str] = field(default_factory=dict[str, str])


def read_items(texts: Iterable[str]) -> Items:
    """Read items.

    Raises:
        ConfigurationError: one of them is none; a file of it can't be read; or two contradict each other.
    """
    items = Items()
    for text in texts:
        name, separator, value = _split(text)
        kind, from_file = next((kind, file) for known, kind, file in _SEPARATORS if known == separator)
        if kind == "header":
            items.headers[name] = value
        elif kind == "query":
            items.params[name] = value
        else:
            path = _path(name)
            content = _content(name, value) if from_file else value
            _put(items.payload, path, _json(name, content) if kind == "json" else content, name)
            if kind == "text":
                items.texts["".join(f"/{max(step, 0) if isinstance(step, int) else step}" for step in path)] = name
            if not from_file:
                items.in_arguments.add(next(step for step in reversed(path) if isinstance(step, str) and step))
    return items


def _split(text: str) -> tuple[str, str, str]:
    name = ""
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            name += text[at + 1]
            at += 2
            continue
        for separator, *_ in _SEPARATORS:
            if text.startswith(separator, at):
                if not name:
                    raise ConfigurationError("item", f"{_shown(text)} has no name", _FORM)
                return name, separator, text[at + len(separator) :]
        name += text[at]
        at += 1
    raise ConfigurationError("item", f"{_shown(text)} is none", _FORM)


def _shown(text: str) -> str:
    """The beginning of an item, without what may be a value."""
    return repr(re.split(r"[=:]", text, maxsplit=1)[0][:40])


def _path(name: str) -> list[str | int]:
    """The steps to a member: names, places in a list, and -1 for a new place at its end."""
    head, bracket, _ = name.partition("[")
    if not bracket:
        return [name]
    steps = _STEP.findall(name[len(head) :])
    if not head or f"{head}{''.join(f'[{step}]' for step in steps)}" != name:
        raise ConfigurationError(
            "item", f"the name {name!r} has brackets that don't fit", "Write amount[total], list[]"
        )
    return [head, *(-1 if not step else int(step) if step.isdecimal() else step for step in steps)]


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8-sig").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigurationError(name, f"{path!r} cannot be read ({why})", "Give the path of a text file") from None


def _json(name: str, text: str) -> Any:
    try:
        return read_json(text)
    except ValueError as error:
        raise ConfigurationError(
            name, f"what stands behind := is no JSON ({error})", f"Write {name}=text for a text"
        ) from None


def _put(members: dict[str, Any], path: list[str | int], value: Any, name: str) -> None:
    place: Any = members
    for step, following in zip(path, [*path[1:], None], strict=True):
        new: Any = value if following is None else [] if isinstance(following, int) else {}
        place = _enter(place, step, new, name, is_last=following is None)


def _enter(place: Any, step: str | int, new: Any, name: str, *, is_last: bool) -> Any:
    """Go one step into a value; makes the member if it doesn't exist yet."""
    if isinstance(step, str) and isinstance(place, dict):
        known = cast("dict[str, Any]", place)
        if is_last and step in known:
            raise ConfigurationError("item", f"{name} is given twice", "Give it once")
        return known.setdefault(step, new)
    if isinstance(step, int) and isinstance(place, list):
        listed = cast("list[object]", place)
        if step in {-1, len(listed)}:
            listed.append(new)
            return new
        if 0 <= step < min(len(listed), _MOST_ITEMS) and not is_last:
            return listed[step]
        raise ConfigurationError(
            "item", f"{name}: the list has {len(listed)} members", "Count on from 0, or write list[]"
        )
    raise ConfigurationError("item", f"{name} is inside of what another item gives a value", "Give one of them")
