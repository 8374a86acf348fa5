"""Where sums are made that would hold up an event loop: those of SM2, each of which takes 0.3 ms at least."""

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
    """Call a function in a thread of this module's own: those of the loop may all be waiting for a call."""
    return await in_thread_of(_executor(), function, *args, **kwargs)


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="wechatpay_chain_sm")


if hasattr(os, "register_at_fork"):
    # The threads stay behind with the parent.
    os.register_at_fork(after_in_child=_executor.cache_clear)
