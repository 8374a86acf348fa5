"""Routes: finds the function that answers a path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from .call import Answer, Call

UserRoute = Callable[[Call], Answer | Awaitable[Answer]]
"""Answers a call: a function or a coroutine function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The route for a path.

    Attributes:
        route: the function that answers.
        values: the values of the route's placeholders in the path.
        own: whether it is the user's, and not one of the emulator's products.
        synthetic: whether it answers with synthetic values.
    """

    route: UserRoute
    values: dict[str, str]
    own: bool = True
    synthetic: bool = False


class Routes:
    """Routes by method and template.

    Of several that match a path, the one with the fewest placeholders is taken; among equals, the newest.
    """

    def __init__(self) -> None:
        self._routes: list[tuple[str, str, UserRoute]] = []

    def add(self, method: str, template: str, route: UserRoute) -> None:
        """Add a route; it wins over older ones of the same template."""
        self._routes = sorted([(method, template, route), *self._routes], key=lambda entry: entry[1].count("{"))

    def find(self, method: str, path: str) -> Match | None:
        """The route of a method and a path, or None."""
        for known, template, route in self._routes:
            if known == method and (values := placeholder_values(template, path)) is not None:
                return Match(route=route, values=values)
        return None

    def knows(self, path: str) -> bool:
        """Whether any method has a route for the path."""
        return any(placeholder_values(template, path) is not None for _, template, _ in self._routes)


def placeholder_values(template: str, path: str) -> dict[str, str] | None:
    """The decoded values of a template's placeholders in a path; None if the path doesn't match."""
    names, segments = template.split("/"), path.split("/")
    if len(names) != len(segments):
        return None
    values: dict[str, str] = {}
    for name, segment in zip(names, segments, strict=True):
        if name.startswith("{") and segment:
            values[name.strip("{}")] = unquote(segment)
        elif name != segment:
            return None
    return values
