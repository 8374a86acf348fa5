"""The payer for `pay_after`, who pays every order some time after it was made."""

from __future__ import annotations

import contextlib
import heapq
from threading import Lock

from .platform.refusal import Refusal
from .products import phone
from .products.orders import ORDERS
from .world.world import Happening, World


class Payer:
    """Pays every order some time after it was made.

    Args:
        world: holds the orders.
        after: how long, in seconds of the world's time.
    """

    def __init__(self, world: World, after: float) -> None:
        self._world = world
        self._after = after
        self._waiting: list[tuple[float, str]] = []
        self._lock = Lock()
        world.subscribe(self._happened)

    @property
    def next_due(self) -> float | None:
        """When the next order is paid, the world's Unix time in seconds."""
        with self._lock:
            return self._waiting[0][0] if self._waiting else None

    def ripen(self) -> None:
        """Pay what is due."""
        while (key := self._next()) is not None:
            order = self._world.of(ORDERS).get(key)
            # The shop may have closed it meanwhile, or the payer paid by hand.
            if order is not None and order.state == "NOTPAY":
                with contextlib.suppress(Refusal):
                    phone.pay(self._world, order.out_trade_no, order.mchid)

    def _next(self) -> str | None:
        with self._lock:
            if self._waiting and self._waiting[0][0] <= self._world.now:
                return heapq.heappop(self._waiting)[1]
            return None

    def _happened(self, happening: Happening) -> None:
        if happening.kind == ORDERS.name and happening.state == "NOTPAY":
            with self._lock:
                heapq.heappush(self._waiting, (happening.time + self._after, happening.key))
