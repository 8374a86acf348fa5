"""Stores of notifications that were handled or are being handled, because the platform sends many of them twice.

https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

import math
import os
import time
from _thread import RLock  # of `threading`, which takes its time to be imported
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NoReturn, Protocol, runtime_checkable

from .._arguments import COUNT, SECONDS, a_function, check

Claim = Literal["claimed", "busy", "done"]
"""`claimed`: the caller may handle it. `busy`: another worker is handling it. `done`: it was handled before."""

LEASE = 60.0
"""Seconds after which a claim expires that isn't renewed, because its worker died."""

KEEP = 26 * 3600.0
"""Seconds to remember what was handled: the platform sends again for little more than 24 hours."""

KEEP_V2 = 60 * 24 * 3600.0
"""The same for APIv2, whose notices have no verified time, so that a recorded one is valid for ever."""

V2_KEYS = "v2/"
"""The prefix of keys of APIv2's notices."""


class Seen(Protocol):
    """Remembers notifications for one or many workers. Every method is atomic.

    A store that can extend claims beyond its lease is a `RenewableSeen`. Keys of APIv2's notices begin with `V2_KEYS`:
    remember these longer, since nothing else protects against a recorded one.
    """

    async def claim(self, key: str, token: str) -> Claim:
        """Try to claim a notification for handling.

        Args:
            key: the same for all repetitions of one notification.
            token: identifies the claim, new for each. A second call with the same token, as from a driver that lost
                the first answer, returns `claimed` again.
        """
        ...

    async def confirm(self, key: str) -> None:
        """Note that `key` was handled, even if the claim has expired meanwhile."""
        ...

    async def release(self, key: str, token: str) -> None:
        """Release a claim because handling failed; does nothing if the claim has passed to another token."""
        ...


@runtime_checkable
class RenewableSeen(Seen, Protocol):
    """A store whose claims are renewed while their handlers run."""

    @property
    def lease(self) -> float:
        """Seconds after which a claim expires."""
        ...

    async def renew(self, key: str, token: str) -> bool:
        """Extend a claim by another lease; False if it has passed to another token."""
        ...


@runtime_checkable
class HandlingSeen(Seen, Protocol):
    """A store whose handlers may write in the transaction that notes the notification as handled."""

    def handling(self, key: str, token: str) -> AbstractAsyncContextManager[None]:
        """A context for the handler, entered by the holder of the claim."""
        ...


_TAKES = {
    "lease": SECONDS,
    "keep": SECONDS,
    "keep_v2": SECONDS,
    "most": COUNT,
    "clock": a_function("Give a function that returns seconds, such as time.monotonic"),
}


# Each method has it throughout: threads may each have an event loop that dispatches.
_lock = RLock()
if hasattr(os, "register_at_fork"):
    # A child has none of the other threads: one that claims at that moment would never give the lock back there.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class MemorySeen:
    """A `Seen` for one process and all of its threads: nothing to install, forgotten when the process ends.

    A copy is the same memory. Several workers need `wechatpay_chain.contrib.redis.RedisSeen`: the platform's second
    attempt meets any of them.

    Args:
        lease: seconds after which a claim expires by itself; it is renewed while its handler runs.
        keep: seconds to remember what was handled.
        keep_v2: the same for APIv2's notices, by default as long as the process lives.
        most: how many notifications to remember; beyond it the oldest are forgotten.
        clock: seconds of a clock that never goes back.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(
        self,
        *,
        lease: float = LEASE,
        keep: float = KEEP,
        keep_v2: float = math.inf,
        most: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check(_TAKES, lease=lease, keep=keep, keep_v2=keep_v2, most=most, clock=clock)
        self.lease = lease
        self._most = most
        self._clock = clock
        self._claims: dict[str, tuple[str, float]] = {}
        self._done, self._done_v2 = _Done(keep), _Done(keep_v2)

    async def claim(self, key: str, token: str) -> Claim:
        """Try to become the one that handles `key`."""
        with _lock:
            now = self._clock()
            if self._done_as(key).holds(key, now):
                return "done"
            if len(self._claims) >= self._most:
                self._claims = {key: claim for key, claim in self._claims.items() if claim[1] > now}
            owner, until = self._claims.get(key, ("", now))
            if until > now and owner != token:
                return "busy"
            self._claims[key] = (token, now + self.lease)
            return "claimed"

    async def renew(self, key: str, token: str) -> bool:
        """Have a claim last for another lease."""
        with _lock:
            if self._claims.get(key, ("", 0.0))[0] != token:
                return False
            self._claims[key] = (token, self._clock() + self.lease)
            return True

    async def confirm(self, key: str) -> None:
        """Say that `key` was handled."""
        with _lock:
            self._claims.pop(key, None)
            self._done_as(key).add(key, self._clock(), self._most)

    async def release(self, key: str, token: str) -> None:
        """Give a claim back."""
        with _lock:
            if self._claims.get(key, ("", 0.0))[0] == token:
                del self._claims[key]

    def __copy__(self) -> MemorySeen:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> MemorySeen:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MemorySeen is of one process and is not pickled: several need a RedisSeen")

    def _done_as(self, key: str) -> _Done:
        return self._done_v2 if key.startswith(V2_KEYS) else self._done


class _Done:
    """What was handled, oldest first, and until when it is remembered."""

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._until: OrderedDict[str, float] = OrderedDict()

    def holds(self, key: str, now: float) -> bool:
        return self._until.get(key, now) > now

    def add(self, key: str, now: float, most: int) -> None:
        """Note a key, and forget what was noted too long ago, or before the last `most`."""
        self._until[key] = now + self._keep
        self._until.move_to_end(key)
        while self._until and (len(self._until) > most or next(iter(self._until.values())) <= now):
            self._until.popitem(last=False)
