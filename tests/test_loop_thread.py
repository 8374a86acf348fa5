"""An event loop in a thread: what runs in it, who may wait for it, and how it ends."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import ConfigurationError
from wechatpay_chain._loop_thread import CallingThread, LoopEnded, LoopThread, nothing

WAIT = 30.0


def new(owner: str = "Owner") -> LoopThread:
    """A thread with nothing to end."""
    return LoopThread(owner, nothing)


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    """One that is closed after the test."""
    made = new()
    yield made
    made.close()


def threads_of(owner: str) -> list[threading.Thread]:
    """Those that run for an owner."""
    return [running for running in threading.enumerate() if running.name == f"wechatpay_chain.{owner}"]


def gone(owner: str) -> bool:
    """Whether an owner's threads have ended, or end soon."""
    until = time.monotonic() + WAIT
    while threads_of(owner) and time.monotonic() < until:
        time.sleep(0.002)
    return not threads_of(owner)


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def answer() -> int:
    """Something to wait for."""
    await asyncio.sleep(0)
    return 42


def test_it_starts_with_the_first_call() -> None:
    """Made and dropped without use, it has neither thread nor descriptors."""
    made = new("unused")
    assert not threads_of("unused")
    assert made.run(answer()) == 42
    assert len(threads_of("unused")) == 1
    made.close()
    assert not threads_of("unused")


def test_context_and_errors_are_the_callers(thread: LoopThread) -> None:
    """A coroutine sees the caller's context variables, and what it raises the caller gets."""
    variable = contextvars.ContextVar("variable", default="")
    variable.set("caller's")

    async def read() -> str:
        return variable.get()

    async def fail() -> None:
        raise ZeroDivisionError

    assert thread.run(read()) == "caller's"
    with pytest.raises(ZeroDivisionError):
        thread.run(fail())


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_ends_programs_ends_the_call_alone(thread: LoopThread, error: BaseException) -> None:
    """SystemExit in a callback reaches the caller; the thread, which asyncio would end for it, goes on."""

    async def leave() -> None:
        raise error

    with pytest.raises(type(error)):
        thread.run(leave())
    assert thread.run(answer()) == 42


def test_a_call_that_is_interrupted_before_it_starts_is_forgotten(thread: LoopThread) -> None:
    """Nothing is kept of a call whose caller was interrupted while the loop was busy."""

    class Interrupted(CallingThread):
        def serve(self) -> asyncio.Task[Any] | None:
            raise KeyboardInterrupt

    goes_on = threading.Event()

    async def hold() -> None:
        goes_on.wait(WAIT)

    thread.run(answer())
    thread.spawn(hold())
    caller = Interrupted()
    kept = weakref.ref(caller)
    with pytest.raises(KeyboardInterrupt):
        thread.run(answer(), caller)
    goes_on.set()
    thread.run(answer())
    del caller
    gc.collect()
    assert kept() is None


def test_functions_run_in_the_thread_that_waits(thread: LoopThread) -> None:
    """A coroutine can have functions run by its caller, in the caller's thread; their errors come back to it."""
    here = CallingThread()

    async def ask() -> list[object]:
        told: list[object] = [await here.call(threading.get_ident)]
        try:
            await here.call(int, "no number")
        except ValueError as error:
            told.append(type(error))
        return told

    assert thread.run(ask(), here) == [threading.get_ident(), ValueError]


def test_a_call_in_its_own_thread_is_refused(thread: LoopThread) -> None:
    """A blocking call in the loop's own thread would wait for itself."""

    async def call_again() -> None:
        thread.run(answer())

    with pytest.raises(ConfigurationError, match="blocking call"):
        thread.run(call_again())
    assert thread.run(answer()) == 42


def test_calls_in_a_circle_are_refused(thread: LoopThread) -> None:
    """Two threads may call each other, but not in a circle, where each would wait for the other."""
    other = new("other")

    async def across() -> int:
        return other.run(answer())

    async def circle() -> None:
        async def back() -> None:
            thread.run(answer())

        other.run(back())

    try:
        assert thread.run(across()) == 42
        with pytest.raises(ConfigurationError, match="blocking call"):
            thread.run(circle())
        assert thread.run(across()) == 42
    finally:
        other.close()


def test_after_closing(thread: LoopThread) -> None:
    """A call says that it is closed; a coroutine that nobody waits for isn't started; closing again does nothing."""
    assert thread.run(answer()) == 42
    thread.close()
    thread.close()
    thread.spawn(nothing())
    with pytest.raises(ConfigurationError, match="Owner: it is closed"):
        thread.run(answer())


def test_closing_cancels_what_still_runs(thread: LoopThread) -> None:
    """A thread that waits when the loop ends is let go."""
    started = threading.Event()
    ended: list[str] = []

    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    def wait() -> None:
        try:
            thread.run(endless())
        except LoopEnded:
            ended.append("cancelled")

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    started.wait(WAIT)
    thread.close()
    waiting.join(WAIT)
    assert ended == ["cancelled"]


def test_what_cancels_itself_is_cancelled(thread: LoopThread) -> None:
    """A cancellation that the coroutine raises itself is the caller's, as of `asyncio.run`."""

    async def cancelled() -> None:
        other = asyncio.create_task(asyncio.sleep(60))
        other.cancel()
        await other

    with pytest.raises(asyncio.CancelledError) as caught:
        thread.run(cancelled())
    assert not isinstance(caught.value, LoopEnded)
    assert thread.run(answer()) == 42


def test_no_call_is_lost_at_the_end() -> None:
    """Whoever calls while the loop ends has an answer or an error; nobody waits for ever."""
    for _ in range(20):
        made, ended = new(), list[object]()

        def call(made: LoopThread = made, ended: list[object] = ended) -> None:
            try:
                while True:
                    made.run(answer())
            except (ConfigurationError, LoopEnded) as error:
                ended.append(error)

        callers = [threading.Thread(target=call, daemon=True) for _ in range(6)]
        for caller in callers:
            caller.start()
        made.close()
        for caller in callers:
            caller.join(WAIT)
        assert len(ended) == len(callers)


def test_a_call_that_comes_while_the_others_are_cancelled() -> None:
    """A call that found the thread open, and comes when it ends, is refused: it does not wait for ever."""
    held, cancelling, errors = threading.Event(), threading.Event(), list[Exception]()

    class Late(LoopThread):
        def _open_thread(self) -> Any:
            thread = super()._open_thread()
            if threading.current_thread() is caller:
                held.set()
                cancelling.wait(WAIT)
            return thread

    async def ends_slowly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelling.set()
            await asyncio.sleep(0.05)

    def call() -> None:
        try:
            made.run(endless())
        except ConfigurationError as error:
            errors.append(error)

    async def endless() -> None:
        await asyncio.Event().wait()

    made, caller = Late("late", nothing), threading.Thread(target=call, daemon=True)
    made.run(answer())
    made.spawn(ends_slowly())
    caller.start()
    assert held.wait(WAIT)
    made.close()
    caller.join(WAIT)
    assert [str(error) for error in errors] == ["late: it is closed. Call it before, or make a new one"]


@pytest.mark.parametrize("dropped_in", ["its caller's thread", "another thread", "its own thread"])
def test_dropped(dropped_in: str) -> None:
    """A dropped one runs its last coroutine and ends, whichever thread lets go of it last."""
    gc.collect()
    before, ended = descriptors(), threading.Event()

    async def ending() -> None:
        ended.set()

    held = [LoopThread("dropped", ending)]
    held[0].run(answer())

    async def let_go() -> None:
        held.clear()

    if dropped_in == "its own thread":
        held[0].spawn(let_go())
    elif dropped_in == "another thread":
        threading.Thread(target=held.clear).start()
    else:
        held.clear()
    assert ended.wait(WAIT)
    assert gone("dropped")
    gc.collect()
    assert descriptors() <= before


def test_interrupted(thread: LoopThread) -> None:
    """Ctrl-C while waiting cancels the coroutine and is raised."""
    started, cancelled = threading.Event(), threading.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def interrupt() -> None:
        started.wait(WAIT)
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        thread.run(endless())
    interrupting.join(WAIT)
    assert cancelled.wait(WAIT)


def test_calls_of_a_signal_handler(thread: LoopThread) -> None:
    """A handler may call at any point of a call that it interrupts: neither waits for the other."""
    handled: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: handled.append(thread.run(answer())))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0004, 0.0007)
        until = time.monotonic() + WAIT
        while len(handled) < 300 and time.monotonic() < until:
            assert thread.run(answer()) == 42
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(handled) >= 300


@pytest.mark.parametrize("runs", [True, False], ids=["it runs already", "it does not run yet"])
def test_a_signal_handler_that_raises_while_the_thread_starts(monkeypatch: pytest.MonkeyPatch, runs: bool) -> None:
    """What the handler raises in a first call reaches its caller; no thread stays, and the next call goes well."""
    made, start = new("interrupted"), threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if runs:
            start(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made.run(answer())
    assert gone("interrupted")
    assert made.run(answer()) == 42
    made.close()


def test_no_descriptor_for_its_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has no file descriptor left gets an error of ours, and can call later."""

    def exhausted() -> asyncio.AbstractEventLoop:
        raise OSError(24, "Too many open files")

    thread = new()
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "new_event_loop", exhausted)
        with pytest.raises(ConfigurationError, match="Too many open files"):
            thread.run(answer())
    assert thread.run(answer()) == 42
    thread.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork_it_starts_anew(thread: LoopThread) -> None:
    """Threads don't survive a fork: the child has one of its own."""
    assert thread.run(answer()) == 42
    child = os.fork()
    if child == 0:
        os._exit(thread.run(answer()) - 42)
    assert os.waitpid(child, 0)[1] == 0
    assert thread.run(answer()) == 42
