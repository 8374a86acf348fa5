"""Seen notifications in Redis, for fleets of workers: `pip install wechatpay-chain[redis]`.

webhook = Webhook(..., seen=RedisSeen(redis.asyncio.Redis.from_url("redis://...")))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..notifications.seen import KEEP, LEASE, Claim

if TYPE_CHECKING:
    from redis.asyncio import Redis

_DONE = "done"
# Deletes a claim only if it still is the caller's.
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisSeen:
    """A `Seen` for many workers that share one Redis.

    A notification costs two round trips. When Redis fails, the notification is refused and the platform sends it
    again. Memory: one short key for each notification of the last `keep` seconds.

    Args:
        redis: a client of `redis.asyncio`; it stays open.
        prefix: what the keys begin with; several merchants may share one.
        lease: seconds after which a claim falls by itself, because its worker died. Handlers must be faster.
        keep: seconds to remember what was handled.
    """

    def __init__(
        self, redis: Redis, *, prefix: str = "wechatpay:seen:", lease: float = LEASE, keep: float = KEEP
    ) -> None:
        self._redis = redis
        self._prefix = prefix
        self._lease = int(lease * 1000)
        self._keep = int(keep * 1000)

    async def claim(self, key: str, token: str) -> Claim:
        """Try to become the one that handles `key`."""
        name = self._prefix + key
        if await self._redis.set(name, token, nx=True, px=self._lease):
            return "claimed"
        held = await self._redis.get(name)
        return "done" if held in {_DONE, _DONE.encode()} else "busy"

    async def confirm(self, key: str) -> None:
        """Say that `key` was handled."""
        await self._redis.set(self._prefix + key, _DONE, px=self._keep)

    async def release(self, key: str, token: str) -> None:
        """Give a claim back, if it still is this one."""
        await self._redis.eval(_RELEASE, 1, self._prefix + key, token)
