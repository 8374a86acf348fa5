"""Rate limits that many processes share through Redis: `pip install 'wechatpay-chain[redis]'`.

redis = redis.asyncio.Redis.from_url("redis://localhost:6379/0")
wxpay = WeChatPay(..., rate_limits=RateLimits(shared=RedisLimiter(redis, among=8)))
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .._arguments import SECONDS, TEXT, a_count, check, with_methods
from .._extras import extra
from ..policies.ratelimit import LimiterUnreachable, Window

with extra("redis"):
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

# Calls are on their way for a while, some longer than others, and the platform counts when they arrive: a long window
# is taken a second longer than it is, of a short one a tenth stays unused.
_LONG = 30.0
_MARGIN = 1.1
_SHORTEST_WAIT = 0.01

# Starts of calls, the newest first, by Redis's own clock: those of the machines may differ. Permits are granted from
# all windows at once, or from none. Where Redis's clock was put back, what it noted counts as of now.
_ACQUIRE = """
local key, time = KEYS[1], redis.call('TIME')
local now = time[1] + time[2] / 1000000
local newest = redis.call('LINDEX', key, 0)
if newest and tonumber(newest) > now then
    local count = redis.call('LLEN', key)
    redis.call('DEL', key)
    for _ = 1, count do redis.call('LPUSH', key, string.format('%.6f', now)) end
end
local wait, most, longest = 0, 0, 0
for i = 1, #ARGV, 2 do
    local n, seconds = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local oldest = redis.call('LINDEX', key, n - 1)
    if oldest then wait = math.max(wait, oldest + seconds - now) end
    most, longest = math.max(most, n), math.max(longest, seconds)
end
if wait > 0 then return string.format('%.6f', wait) end
redis.call('LPUSH', key, string.format('%.6f', now))
redis.call('LTRIM', key, 0, most - 1)
redis.call('PEXPIRE', key, math.ceil(longest * 1000))
return '0'
"""

_TAKES = {
    # The blocking client, `redis.Redis`, has all of these but `__aenter__`.
    "redis": with_methods("__aenter__", "register_script", remedy="Give redis.asyncio.Redis.from_url(...)"),
    "among": a_count(1, "Give the number of processes"),
    "prefix": TEXT,
    "timeout": SECONDS,
}


class RedisLimiter:
    """A `DistributedLimiter` with sliding windows in Redis 5 or newer.

    While Redis can't be reached, each process keeps to its share.

    Args:
        redis: a client of `redis.asyncio`; it stays open.
        among: how many processes share the limits.
        prefix: what the keys begin with; several merchants may share one.
        timeout: seconds that Redis may take.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(self, redis: Redis, *, among: int, prefix: str = "wechatpay:limits", timeout: float = 1.0) -> None:
        check(_TAKES, redis=redis, among=among, prefix=prefix, timeout=timeout)
        self.among = among
        self._prefix = prefix
        self._timeout = timeout
        # redis names no type for what a script returns.
        self._acquire: Any = redis.register_script(_ACQUIRE)

    async def acquire(self, name: str, windows: Sequence[Window]) -> float:
        """Acquire a permit for one call: 0 when it was granted, else the seconds after which to try again.

        Raises:
            LimiterUnreachable: Redis doesn't answer.
        """
        limits = [value for window in map(_with_margin, windows) for value in (window.n, window.seconds)]
        try:
            async with asyncio.timeout(self._timeout):
                wait = float(await self._acquire(keys=[f"{self._prefix}:{name}"], args=limits))
        except (RedisError, OSError, TimeoutError) as error:
            raise LimiterUnreachable(str(error) or f"Redis took more than {self._timeout:g} s") from error
        return max(wait, _SHORTEST_WAIT) if wait else 0.0


def _with_margin(window: Window) -> Window:
    if window.seconds >= _LONG:
        return Window(window.n, window.seconds + 1)
    return Window(max(1, int(window.n / _MARGIN)), window.seconds)
