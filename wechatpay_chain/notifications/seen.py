"""Which notifications were handled already, or are being handled: the platform sends many of them twice.

https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, Protocol

Claim = Literal["claimed", "busy", "done"]
"""`claimed`: it is yours to handle. `busy`: another one is at it. `done`: it was handled before."""

LEASE = 60.0
"""Seconds after which a claim falls by itself: its worker died."""

KEEP = 26 * 3600.0
"""Seconds to remember what was handled: the platform sends again for little more than 24 hours."""


class Seen(Protocol):
    """Remembers notifications for one or many workers. Every method is atomic."""

    async def claim(self, key: str, token: str) -> Claim:
        """Try to become the one that handles `key`.

        Args:
            key: what is equal in repetitions of one notification.
            token: names the one who claims; fresh for each claim.
        """
        ...

    async def confirm(self, key: str) -> None:
        """Say that `key` was handled. It stays so even if the claim has fallen meanwhile."""
        ...

    async def release(self, key: str, token: str) -> None:
        """Give a claim back, because handling failed; nothing happens if it is another's by now."""
        ...


class MemorySeen:
    """A `Seen` for one process: nothing to install, forgotten when the process ends.

    Several workers need `wechatpay_chain.contrib.redis.RedisSeen`: the platform's second attempt meets any of them.

    Args:
        lease: seconds after which a claim falls by itself. Handlers must be faster.
        keep: seconds to remember what was handled.
        most: how many notifications to remember; beyond it the oldest are forgotten.
        clock: a clock that never goes back, in seconds.
    """

    def __init__(
        self,
        *,
        lease: float = LEASE,
        keep: float = KEEP,
        most: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._keep = keep
        self._most = most
        self._clock = clock
        self._claims: dict[str, tuple[str, float]] = {}
        self._done: OrderedDict[str, float] = OrderedDict()

    async def claim(self, key: str, token: str) -> Claim:
        """Try to become the one that handles `key`."""
        now = self._clock()
        self._forget(now)
        if key in self._done:
            return "done"
        _, until = self._claims.get(key, ("", now))
        if until > now:
            return "busy"
        self._claims[key] = (token, now + self._lease)
        return "claimed"

    async def confirm(self, key: str) -> None:
        """Say that `key` was handled."""
        self._claims.pop(key, None)
        self._done[key] = self._clock() + self._keep
        self._done.move_to_end(key)

    async def release(self, key: str, token: str) -> None:
        """Give a claim back."""
        if self._claims.get(key, ("", 0.0))[0] == token:
            del self._claims[key]

    def _forget(self, now: float) -> None:
        while self._done and (len(self._done) >= self._most or next(iter(self._done.values())) <= now):
            self._done.popitem(last=False)
        if len(self._claims) >= self._most:
            self._claims = {key: claim for key, claim in self._claims.items() if claim[1] > now}
