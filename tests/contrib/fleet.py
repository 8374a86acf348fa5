"""A process of a fleet: acquires permits and prints between which times. `python -m tests.contrib.fleet URL COUNT`."""

from __future__ import annotations

import asyncio
import sys
import time

from redis.asyncio import Redis

from wechatpay_chain.contrib.limits import RedisLimiter
from wechatpay_chain.policies.ratelimit import Window


async def main() -> None:
    """Acquire so many permits of at most 40 in a second."""
    async with Redis.from_url(sys.argv[1]) as redis:
        limiter = RedisLimiter(redis, among=3)
        for _ in range(int(sys.argv[2])):
            asked = time.time()
            while (delay := await limiter.acquire("fleet", [Window(40, 1)])) > 0:
                await asyncio.sleep(delay)
                asked = time.time()
            print(asked, time.time(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
