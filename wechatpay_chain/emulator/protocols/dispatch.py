"""Which function answers a call, and how it takes effect."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import cast

from ... import catalogue
from ..platform import refusal
from ..platform.call import Answer, Call
from ..platform.refusal import Refusal
from ..platform.routes import Match, Routes, placeholder_values
from ..products import PRODUCTS, relations, wishes
from ..products.product import Route
from ..products.synthetic import synthesize
from ..world.merchants import Merchant
from ..world.world import World

_ROUTES: dict[str, Route] = {line: route for product in PRODUCTS for line, route in product.routes.items()}


class Dispatch:
    """Leads a call to the user's own route, else to its product's, else to the catalogue's shape of an answer.

    Args:
        world: what calls change.
        ripen: lets happen what is due by now.
        calls: where calls are kept that passed all checks.

    Attributes:
        own: the user's routes.
    """

    def __init__(self, world: World, ripen: Callable[[], None], calls: deque[Call]) -> None:
        self.own = Routes()
        self._world = world
        self._ripen = ripen
        self._calls = calls

    def find(self, method: str, path: str, operation: catalogue.Operation | None) -> Match:
        """The route of a call of APIv3.

        Args:
            method: its verb.
            path: as received.
            operation: what the catalogue knows of it.

        Raises:
            Refusal: there is none.
        """
        match = self.own.find(method, path)
        if match is not None:
            return match
        if operation is not None:
            return self.known(operation, path)
        if catalogue.at(path) or self.own.knows(path):
            raise refusal.wrong_method()
        raise refusal.no_operation(method, path)

    def known(self, operation: catalogue.Operation, path: str) -> Match:
        """The emulator's route of an operation."""
        values = placeholder_values(operation.path, path) or {}
        route = _ROUTES.get(f"{operation.method} {operation.path}")
        if route is not None:
            return Match(route=partial(route, self._world), values=values, own=False)
        return Match(
            route=partial(synthesize, self._world, operation=operation), values=values, own=False, synthetic=True
        )

    async def perform(self, match: Match, call: Call, merchant: Merchant) -> Answer:
        """Keep a call that passed all checks, and let it take effect: wholly or, where it is refused, not at all.

        Raises:
            Refusal: by its route, or because the state can't be written.
        """
        self._calls.append(call)
        with _orderly():
            self._ripen()
        if match.own:
            value = match.route(call)
            return await value if isinstance(value, Awaitable) else value
        relations.check(merchant, call)
        wishes.fulfil(call)
        with _orderly(), self._world.transaction():
            try:
                return cast("Answer", match.route(call))
            except Refusal as refused:
                if not refused.keeps:
                    raise
                kept = refused
        raise kept


@contextlib.contextmanager
def _orderly() -> Generator[None]:
    """A state that can't be written, because the disk is full for instance, is the platform's own failure."""
    try:
        yield
    except OSError as error:
        raise Refusal(500, "SYSTEM_ERROR", f"系统异常，请用相同参数重新调用（{error}）") from error
