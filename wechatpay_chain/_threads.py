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

    Raises:
        RuntimeError: the function raised StopIteration.
    """
    context = copy_context()

    def call() -> R:
        return called(lambda: context.run(function, *args, **kwargs))

    try:
        result = asyncio.get_running_loop().run_in_executor(executor, call)
    except RuntimeError:  # raised by starting a thread, before the function is called
        return call()
    return await result


def called(function: Callable[[], R]) -> R:
    """Call a function whose result a future takes. No future takes StopIteration: whoever waited would wait for ever.

    Raises:
        RuntimeError: the function raised StopIteration, as from a coroutine that does.
    """
    try:
        return function()
    except StopIteration as error:
        raise RuntimeError("a function raised StopIteration") from error
