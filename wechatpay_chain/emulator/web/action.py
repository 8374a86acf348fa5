"""What a method of a path of the control interface does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import Field, Fields

Arguments = Mapping[str, Any]

BASE = "/_emulator"
"""The path that all of the control interface is below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a method of a path does.

    Attributes:
        method: of HTTP.
        path: below `/_emulator`, with placeholders.
        summary: what it does, in a line.
        do: does it; takes placeholders, parameters and members in one mapping, and returns JSON values.
        query: the query parameters.
        body: the members of the JSON body; None where there is none.
        status: of the answer when it succeeded.
    """

    method: str
    path: str
    summary: str
    do: Callable[[Arguments], Any]
    query: Fields = field(default_factory=dict[str, Field])
    body: Fields | None = None
    status: int = 200
