"""Seen notifications in Redis, for fleets of workers: `pip install 'wechatpay-chain[redis]'`.

webhook = Webhook(..., seen=RedisSeen(redis.asyncio.Redis.from_url("redis://...")))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .._arguments import FINITE_SECONDS, SECONDS, TEXT, check, with_methods
from .._extras import extra
from ..notifications.seen import KEEP, KEEP_V2, LEASE, V2_KEYS, Claim

with extra("redis"):
    from redis.asyncio import Redis
    from redis.exceptions import ConnectionError as RedisConnectionError


_DONE = "done"
# Both change a claim only if it is still the caller's.
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"

_TAKES = {
    # The blocking client, `redis.Redis`, has all of these but `__aenter__`.
    "redis": with_methods("__aenter__", "set", "get", "eval", remedy="Give redis.asyncio.Redis.from_url(...)"),
    "prefix": TEXT,
    "lease": FINITE_SECONDS,
    "keep": FINITE_SECONDS,
    "keep_v2": FINITE_SECONDS,
    "timeout": SECONDS,
}


class RedisSeen:
    """A `Seen` for many workers that share one Redis.

    A notification costs two round trips. When Redis fails, or doesn't answer in time, the notification is refused and
    the platform sends it again. Memory: one short key for each notification of the last `keep` seconds.

    Args:
        redis: a client of `redis.asyncio`; it stays open.
        prefix: what the keys begin with; several merchants may share one.
        lease: seconds after which a claim expires because its worker died; it is renewed while its handler runs.
        keep: seconds to remember what was handled.
        keep_v2: the same for APIv2's notices, 60 days by default.
        timeout: seconds that Redis may take for an answer.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        prefix: str = "wechatpay:seen:",
        lease: float = LEASE,
        keep: float = KEEP,
        keep_v2: float = KEEP_V2,
        timeout: float = 1.0,
    ) -> None:
        check(_TAKES, redis=redis, prefix=prefix, lease=lease, keep=keep, keep_v2=keep_v2, timeout=timeout)
        self.lease = lease
        self._redis = redis
        self._prefix = prefix
        self._lease = int(lease * 1000)
        self._keep = int(keep * 1000)
        self._keep_v2 = int(keep_v2 * 1000)
        self._timeout = timeout

    async def claim(self, key: str, token: str) -> Claim:
        """Try to become the one that handles `key`."""
        name = self._prefix + key

        async def ask() -> Any:
            made = await self._redis.set(name, token, nx=True, px=self._lease)
            return token if made else await self._redis.get(name)

        held = await self._answer(ask)
        if held in {token, token.encode()}:  # perhaps it was made before, and the answer lost
            return "claimed"
        return "done" if held in {_DONE, _DONE.encode()} else "busy"

    async def renew(self, key: str, token: str) -> bool:
        """Extend a claim by another lease. False if it is no longer held."""
        lease = str(self._lease)
        return bool(await self._answer(lambda: self._redis.eval(_RENEW, 1, self._prefix + key, token, lease)))

    async def confirm(self, key: str) -> None:
        """Remember that `key` was handled."""
        keep = self._keep_v2 if key.startswith(V2_KEYS) else self._keep
        await self._answer(lambda: self._redis.set(self._prefix + key, _DONE, px=keep))

    async def release(self, key: str, token: str) -> None:
        """Give a claim back, if it is still held."""
        await self._answer(lambda: self._redis.eval(_RELEASE, 1, self._prefix + key, token))

    async def _answer(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """What Redis answers in time. Where a connection was lost, it is asked again, which changes nothing."""
        async with asyncio.timeout(self._timeout):
            try:
                return await ask()
            except RedisConnectionError:
                return await ask()
