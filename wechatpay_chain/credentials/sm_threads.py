"""Threads for SM2, each operation of which would block the event loop for 0.3 ms or more."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, Protocol, TypeVar

from .._threads import in_thread_of

P = ParamSpec("P")
R = TypeVar("R")

_MOST_THREADS = 4


class Run(Protocol):
    """Calls a function in another thread."""

    def __call__(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
        """What the function returns."""
        ...


async def in_thread(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a thread of this module's own pool: the loop's threads may all be waiting for calls."""
    return await in_thread_of(_executor(), function, *args, **kwargs)


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="wechatpay_chain_sm")


if hasattr(os, "register_at_fork"):
    # A forked child has none of the parent's threads.
    os.register_at_fork(after_in_child=_executor.cache_clear)
