"""An event loop in a thread of its own, for threads that have none: they hand it coroutines and wait.

No lock is held during a wait. So a signal handler, a finaliser or an `atexit` function may make a call in the middle of
another call, and none of them ever waits for a thread that has ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from ._threads import called
from .errors import ConfigurationError

T = TypeVar("T")

Ending = Callable[[], Coroutine[Any, Any, None]]

Around = Callable[[Callable[[], Any]], Any]
"""Calls a function, and returns what it returned."""


class LoopEnded(asyncio.CancelledError):
    """A coroutine was cancelled because its loop ended."""


class LoopThread:
    """Runs coroutines for threads that wait for them. Each process has its own thread, started by the first coroutine.

    One that is dropped without `close` ends by itself: the thread runs `ending` and stops, and nobody waits for it.

    Args:
        owner: the class that it works for, as error messages name it.
        ending: the last coroutine to run before the thread ends. It must not refer to what owns the `LoopThread`, which
            would then never be dropped.
    """

    def __init__(self, owner: str, ending: Ending) -> None:
        self._owner = owner
        self._ending = ending
        self._closed = False
        # By process: threads don't survive a fork.
        self._threads: dict[int, _Thread] = {}
        dropped = weakref.finalize(self, _end_unattended, self._threads, ending)
        # A daemon thread ends with the program, and `atexit` functions may still make calls.
        dropped.atexit = False

    def run(self, coroutine: Coroutine[Any, Any, T], calling_thread: CallingThread | None = None) -> T:
        """The result of a coroutine. It sees the caller's context variables.

        If waiting is interrupted, such as by Ctrl-C, the coroutine is cancelled.

        Args:
            coroutine: what to run.
            calling_thread: lets the coroutine run functions in the thread that waits for it.

        Raises:
            ConfigurationError: this is the loop's own thread, which can't wait for itself, or the loop has ended.
            LoopEnded: the loop ended meanwhile.
        """
        call = _Call(coroutine, calling_thread)
        try:
            thread = self._open_thread()
            with _Waiting(thread, self._owner):
                thread.accept(call)
                task = call.wait()
        except BaseException:
            call.cancel()
            raise
        if task is None:
            raise self._closed_error()
        if task.cancelled() and thread.is_ending:
            raise LoopEnded
        return task.result()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine that nobody waits for; nothing happens when the thread has ended."""
        thread = self._threads.get(os.getpid())
        call = _Call(coroutine)
        if thread is None or sys.is_finalizing():
            call.cancel()
        else:
            thread.accept(call)

    def close(self) -> None:
        """Run the last coroutine, then end the thread; what still runs is cancelled. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        thread = self._threads.get(os.getpid())
        if thread is None or sys.is_finalizing():
            return
        if thread is threading.current_thread():
            thread.end(self._ending)
            return
        call = _Call(self._ending())
        try:
            thread.accept(call)
            task = call.wait()
        finally:
            thread.stop()
            thread.join()
        if task is not None:
            task.result()

    def _open_thread(self) -> _Thread:
        if self._closed:
            raise self._closed_error()
        if sys.is_finalizing():
            raise self._refusal("the interpreter is shutting down, and its thread is gone", "Call it before, in atexit")
        thread = self._threads.get(os.getpid())
        if thread is not None:
            return thread
        try:
            started = _Thread(self._owner)
        except OSError as error:
            raise self._refusal(f"no event loop can be made ({error})", "Close files, or raise their limit") from error
        try:
            started.start()
            # Two threads, or one and a signal handler, may start a thread at once: the first one is kept.
            return self._threads.setdefault(os.getpid(), started)
        except RuntimeError as error:
            raise self._refusal(f"no thread can be started ({error})", "Call it earlier, or free threads") from error
        finally:
            # Also where a signal handler raises here.
            if self._threads.get(os.getpid()) is not started:
                started.give_up()

    def _closed_error(self) -> ConfigurationError:
        return self._refusal("it is closed", "Call it before, or make a new one")

    def _refusal(self, found: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(self._owner, found, remedy)


class CallingThread:
    """A thread that waits for a coroutine, and runs functions for it meanwhile.

    Args:
        around: calls each of these functions, and returns what it returned.
    """

    def __init__(self, around: Around | None = None) -> None:
        self._around = around
        # Of all queues, only SimpleQueue allows `put` in a signal handler or a finaliser that interrupts its `get`.
        self._queue: SimpleQueue[asyncio.Task[Any] | Callable[[], None] | None] = SimpleQueue()

    def serve(self) -> asyncio.Task[Any] | None:
        """Run functions until the coroutine is done: its task, or None if it never ran."""
        while callable(item := self._queue.get()):
            item()
        return item

    def done(self, task: asyncio.Task[Any] | None) -> None:
        """Say that the coroutine is done."""
        self._queue.put(task)

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in the thread that waits, with the context variables of this coroutine, and wait for it."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        work = partial(copy_context().run, function, *arguments)

        def run() -> None:
            try:
                value = called(work) if self._around is None else called(partial(self._around, work))
            except BaseException as error:
                loop.call_soon_threadsafe(_settle, result, None, error)
                if not isinstance(error, Exception):
                    raise
            else:
                loop.call_soon_threadsafe(_settle, result, value, None)

        self._queue.put(run)
        return await result


def _settle(result: asyncio.Future[T], value: Any, error: BaseException | None) -> None:
    if result.done():
        return
    if error is None:
        result.set_result(value)
    elif isinstance(error, Exception):
        result.set_exception(error)
    else:
        result.cancel()


class _Call(Generic[T]):
    """A coroutine that was handed to the thread."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], calling_thread: CallingThread | None = None) -> None:
        self._coroutine = coroutine
        self._calling_thread = calling_thread or CallingThread()
        self._thread: _Thread | None = None
        self._task: asyncio.Task[T] | None = None
        self._is_cancelled = False

    def wait(self) -> asyncio.Task[T] | None:
        """Wait until it is done: its task, or None if it never ran."""
        return self._calling_thread.serve()

    def start(self, thread: _Thread) -> None:
        """Start it; in the loop's thread."""
        if thread.is_ending:
            self.abandon()
        elif not self._is_cancelled:
            self._task = thread.loop.create_task(self._coroutine)
            self._task.add_done_callback(self._done)

    def accepted(self, thread: _Thread) -> None:
        """Note which thread has it."""
        self._thread = thread

    def cancel(self) -> None:
        """Cancel it, or keep it from starting. May be called from any thread, and before it was handed over."""
        self._is_cancelled = True
        if self._thread is None or not self._thread.post(self._stop):
            self.abandon()

    def abandon(self) -> None:
        """Give it up, because the thread has ended."""
        if self._task is None:
            self._coroutine.close()
            self._calling_thread.done(None)

    def _stop(self) -> None:
        if self._task is None:
            self._coroutine.close()
            self._forget()
        else:
            self._task.cancel()

    def _done(self, task: asyncio.Task[T]) -> None:
        self._forget()
        self._calling_thread.done(task)

    def _forget(self) -> None:
        if self._thread is not None:
            self._thread.calls.discard(self)


class _Thread(threading.Thread):
    """A thread with its loop. It doesn't refer to its owner, which it would keep alive."""

    def __init__(self, owner: str) -> None:
        super().__init__(name=f"wechatpay_chain.{owner}", daemon=True)
        self.loop = asyncio.new_event_loop()
        self.calls: set[_Call[Any]] = set()
        self.waits_for: _Thread | None = None
        # Set before running tasks are cancelled: a call that started after that would never be done.
        self.is_ending = False
        # Whoever takes it closes the loop: the thread itself, or `give_up` before it runs. Nobody waits for it.
        self._loop_taken = threading.Lock()

    def run(self) -> None:
        if not self._loop_taken.acquire(blocking=False):
            return
        try:
            self._serve()
        finally:
            self.is_ending = True
            self.loop.close()
            for call in tuple(self.calls):
                call.abandon()

    def accept(self, call: _Call[Any]) -> None:
        """Start a call, or give it up if the thread has ended."""
        call.accepted(self)
        self.calls.add(call)
        # In this order: either the end of `run` sees this call, or this call sees `is_ending`.
        if self.is_ending or not self.post(call.start, self):
            call.abandon()

    def post(self, function: Callable[..., object], *arguments: Any) -> bool:
        """Have the loop call a function; False if it is closed."""
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            return False
        return True

    def give_up(self) -> None:
        """Have the thread end, whether or not it has started."""
        if self._loop_taken.acquire(blocking=False):
            self.loop.close()
        else:
            self.stop()

    def stop(self) -> None:
        """Have the thread end."""
        self.post(self.loop.stop)

    def end(self, ending: Ending) -> None:
        """Have the thread run the last coroutine and end, without waiting for it."""

        async def last() -> None:
            try:
                await ending()
            finally:
                self.loop.stop()

        self.accept(_Call(last()))

    def _serve(self) -> None:
        while True:
            with suppress(KeyboardInterrupt, SystemExit):  # raised by a call, whose caller gets it
                self.loop.run_forever()
                break
        self.is_ending = True
        self.loop.run_until_complete(_cancel_all())


async def _cancel_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class _Waiting:
    """Notes that the current thread waits for another one, and refuses a wait that would never end."""

    def __init__(self, thread: _Thread, owner: str) -> None:
        current = threading.current_thread()
        self._current = current if isinstance(current, _Thread) else None
        self._thread = thread
        self._owner = owner

    def __enter__(self) -> None:
        if self._current is None:
            return
        self._current.waits_for = self._thread
        awaited: _Thread | None = self._thread
        while awaited is not None and awaited is not self._current:
            awaited = awaited.waits_for
        if awaited is not None:
            self._current.waits_for = None
            raise ConfigurationError(
                self._owner,
                "a blocking call was made in a callback of a call, whose event loop would wait for itself",
                "Make it in another thread, or after the call (an `observe` hook can put the event into a queue)",
            )

    def __exit__(self, *error: object) -> None:
        if self._current is not None:
            self._current.waits_for = None


def _end_unattended(threads: dict[int, _Thread], ending: Ending) -> None:
    thread = threads.get(os.getpid())
    if thread is not None and not sys.is_finalizing():
        thread.end(ending)


async def nothing() -> None:
    """The last coroutine of a thread that has nothing to end."""
