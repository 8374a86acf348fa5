"""The connection to the Redis that a run shares with its workers."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from ..._extras import extra
from ...errors import ConfigurationError

with extra("redis"):
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.exceptions import RedisError

_CONNECTIONS = 32
# Seconds that a command waits for a connection.
_TIMEOUT = 60
# Seconds after which a task that hasn't ended is cancelled again.
_AGAIN = 0.5


def redis_at(url: str) -> Redis:
    """A client of the Redis; it connects when it is first used."""
    # A command that finds no free connection waits for one, so any number of calls can be handed out at once.
    options: dict[str, Any] = {"decode_responses": True, "max_connections": _CONNECTIONS, "timeout": _TIMEOUT}
    pool = BlockingConnectionPool.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType]: redis leaves its keywords untyped
    redis: Redis = Redis.from_pool(pool)
    return redis


@contextmanager
def reaching() -> Generator[None]:
    """Turn errors of Redis into errors with a remedy.

    Raises:
        ConfigurationError: Redis can't be reached, or refuses a command.
    """
    try:
        yield
    except (RedisError, OSError) as error:
        raise ConfigurationError(
            "--workers",
            f"Redis can't be reached ({error})",
            "See that it runs there, then start again: the run goes on",
        ) from error


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task that uses Redis, again and again until it ends.

    Once isn't enough: redis sends with `asyncio.wait_for`, which on Python 3.11 loses a cancellation that comes when
    the command has just been sent.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN)
