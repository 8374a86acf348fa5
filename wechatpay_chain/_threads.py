"""Blocking functions called in a thread; where no thread can be started any more, in the current one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in one of the event loop's threads, with the caller's context variables."""
    return await in_thread_of(None, function, *args, **kwargs)


async def in_thread_of(executor: Executor | None, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a thread of an executor; without one, of the event loop's own.

    Where no thread can be started, as in `atexit` functions, it is called in this one.
    """
    context = copy_context()

    def call() -> R:
        return context.run(function, *args, **kwargs)

    try:
        result = asyncio.get_running_loop().run_in_executor(executor, call)
    except RuntimeError:  # raised by starting a thread, before the function is called
        return call()
    return await result
