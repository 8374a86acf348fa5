"""The shape of a product: what it remembers, and which calls it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..platform.call import Answer, Call
from ..world.records import Kind
from ..world.world import World

Route = Callable[[World, Call], Answer]
"""Answers a call inside of a transaction of the world; may raise `Refusal`, which undoes its changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of the platform.

    Attributes:
        name: as its module.
        kinds: the kinds of records that it keeps.
        routes: by `METHOD /path/template`, as the catalogue spells them; those of APIv2 begin with `/v2`.
    """

    name: str
    kinds: tuple[Kind[Any], ...] = ()
    routes: Mapping[str, Route] = field(default_factory=dict[str, Route])
