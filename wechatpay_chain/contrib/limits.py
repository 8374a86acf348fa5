"""Rate limits that many processes share through Redis: `pip install wechatpay-chain[redis]`.

redis = redis.asyncio.Redis.from_url("redis://localhost:6379/0")
wxpay = WeChatPay(..., rate_limits=RateLimits(shared=RedisTurns(redis, among=8)))
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from ..errors import ConfigurationError
from ..policies.ratelimit import Unreachable, Window
from ._extras import extra

with extra("redis"):
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter
    from limits.errors import StorageError
    from redis.asyncio import Redis

# Calls are on their way for a while, some longer than others, and the platform counts when they arrive: a long window
# is taken a second longer than it is, of a short one a tenth stays unused.
_LONG = 30.0
_MARGIN = 1.1
_SHORTEST_WAIT = 0.01


class RedisTurns:
    """A `SharedTurns` over the moving windows of the `limits` library.

    The clocks of the machines must agree (NTP). While Redis can't be reached, each process keeps to its share.

    Args:
        redis: a client of `redis.asyncio`; it stays open.
        among: how many processes share the limits.
        prefix: what the keys begin with; several merchants may share one.
        timeout: seconds that Redis may take.

    Raises:
        ConfigurationError: `among` is wrong.
    """

    def __init__(self, redis: Redis, *, among: int, prefix: str = "wechatpay:limits", timeout: float = 1.0) -> None:
        if among < 1:
            raise ConfigurationError("among", f"{among!r} was found", "Give the number of processes")
        self.among = among
        self._timeout = timeout
        # limits names the types of its own options alone; with a pool it makes no connection of its own.
        options: dict[str, Any] = {"connection_pool": redis.connection_pool}
        storage = RedisStorage(
            "async+redis://", wrap_exceptions=True, implementation="redispy", key_prefix=prefix, **options
        )
        self._limiter = MovingWindowRateLimiter(storage)

    async def take(self, name: str, windows: Sequence[Window]) -> float:
        """Take a turn: 0 when it was taken, else the seconds after which to try again.

        Raises:
            Unreachable: Redis doesn't answer.
        """
        try:
            async with asyncio.timeout(self._timeout):
                # The short ones first: what is taken from them in vain comes back soon.
                for item in map(_item, sorted(windows, key=lambda window: window.seconds)):
                    if not await self._limiter.hit(item, name):
                        stats = await self._limiter.get_window_stats(item, name)
                        return max(stats.reset_time - time.time(), _SHORTEST_WAIT)
        except (StorageError, TimeoutError) as error:
            raise Unreachable(str(error) or f"Redis took more than {self._timeout:g} s") from error
        return 0.0


def _item(window: Window) -> RateLimitItemPerSecond:
    if window.seconds >= _LONG:
        return RateLimitItemPerSecond(window.n, int(window.seconds) + 1)
    return RateLimitItemPerSecond(max(1, int(window.n / _MARGIN)), max(1, round(window.seconds)))
