"""Plaintext that would go out because a call was misspelt: the right field under a wrong path, or in a wrong place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote


def lenient_path(path: str) -> str:
    """What a path may have been meant to be: unescaped, in small letters, without `;...` and a slash at the end."""
    segments = unquote(path).lower().rstrip("/").split("/")
    return "/".join(segment.partition(";")[0] for segment in segments)


def field_names(secret_fields: Iterable[str]) -> frozenset[str]:
    """The names of secret fields, without the places where they stand."""
    return frozenset(field.rpartition(".")[2].removesuffix("[]") for field in secret_fields)


def named_texts(payload: Any) -> Iterator[str]:
    """The names of all members of a payload that hold a text."""
    if isinstance(payload, Mapping):
        for name, value in cast("Mapping[str, Any]", payload).items():
            if isinstance(value, str):
                yield name
            else:
                yield from named_texts(value)
    elif isinstance(payload, list | tuple):
        for item in cast("Sequence[Any]", payload):
            yield from named_texts(item)
