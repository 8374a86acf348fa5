"""An error for a missing library that names the extra to install.

with extra("redis"):
    from redis.asyncio import Redis
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Generator[None]:
    """Import the libraries of an extra; the error for a missing one names the extra.

    Args:
        name: of the extra.

    Raises:
        ImportError: the library isn't installed.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'wechatpay-chain[{name}]'", name=error.name) from error
