"""The libraries that an adapter or a program needs, and the extra that brings them.

with extra("redis"):
    from redis.asyncio import Redis
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Generator[None]:
    """Say of a library that isn't installed which extra brings it.

    Args:
        name: of the extra.

    Raises:
        ImportError: the library isn't installed.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'wechatpay-chain[{name}]'", name=error.name) from error
