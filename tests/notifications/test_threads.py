"""Threads for handlers that are plain functions: claims are made when one is free, and a long queue is refused."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from typing import Any

import pytest

from tests.notifications.by_hand import ByHand
from tests.notifications.sender import Message, notify, webhook
from wechatpay_chain import Notification
from wechatpay_chain.notifications.threads import THREADS, HandlerThreads

WAIT = 30.0
BURST = 2 * THREADS


def messages() -> list[Message]:
    """More notifications than there are threads."""
    return [notify(id=str(number)) for number in range(BURST)]


class Blocked:
    """A handler that holds its thread until it is let go."""

    def __init__(self) -> None:
        self.go_on, self.all_taken = threading.Event(), threading.Event()
        self.handled: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, notification: Notification[Any]) -> None:
        with self._lock:
            self.handled[notification.id] += 1
            if len(self.handled) == THREADS:
                self.all_taken.set()
        self.go_on.wait(WAIT)


@pytest.mark.parametrize("late", ["finish", "cancel"])
async def test_no_claim_runs_out_in_the_queue(late: Any) -> None:
    """A burst with more notifications than threads, and its repetition after the lease: each is handled once."""
    blocked, seen = Blocked(), ByHand(lease=0.05)
    hook = webhook(seen=seen, deadline=0.05, late=late)
    hook.on()(blocked)
    first = await asyncio.gather(*(hook.dispatch(*message) for message in messages()))
    assert Counter(reply.status for reply in first) == {500: THREADS, 503: BURST - THREADS}
    assert await asyncio.to_thread(blocked.all_taken.wait, WAIT)
    assert len(blocked.handled) == THREADS
    for _ in range(3):
        await seen.pass_time(0.04)
    again = await asyncio.gather(*(hook.dispatch(*message) for message in messages()))
    assert {reply.status for reply in again} == {503}
    blocked.go_on.set()
    await hook.aclose()
    assert set(blocked.handled.values()) == {1}
    # Those that waited in the queue are handled from it, or come again.
    assert len(blocked.handled) == (BURST if late == "finish" else THREADS)
    last = await asyncio.gather(*(hook.dispatch(*message) for message in messages()))
    assert all(reply.ok for reply in last)
    assert set(blocked.handled.values()) == {1}
    assert len(blocked.handled) == BURST


async def test_a_queue_longer_than_the_deadline_is_refused_at_once() -> None:
    """By how long handlers took, a newcomer's turn comes too late: 503 without waiting, and nothing is claimed."""
    blocked = Blocked()
    hook = webhook(deadline=60.0)
    hook.on()(blocked)
    threads = hook._delivery._threads
    threads._average = 600.0
    running = [asyncio.create_task(hook.dispatch(*message)) for message in messages()[:THREADS]]
    await asyncio.to_thread(blocked.all_taken.wait, WAIT)
    reply = await hook.dispatch(*notify(id="late"))
    assert (reply.status, blocked.handled["late"]) == (503, 0)
    blocked.go_on.set()
    assert all(reply.ok for reply in await asyncio.gather(*running))
    assert (await hook.dispatch(*notify(id="late"))).ok


async def test_coroutine_handlers_wait_for_no_thread() -> None:
    """Handlers that are coroutine functions start at once, however many threads are taken."""
    blocked = Blocked()
    hook = webhook()
    hook.on("REFUND.SUCCESS")(blocked)

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        pass

    running = [
        asyncio.create_task(hook.dispatch(*notify(id=str(number), event_type="REFUND.SUCCESS")))
        for number in range(BURST)
    ]
    await asyncio.to_thread(blocked.all_taken.wait, WAIT)
    assert (await hook.dispatch(*notify(id="paid"))).ok
    blocked.go_on.set()
    await asyncio.gather(*running)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_delay_is_that_of_the_queue() -> None:
    """Nobody waits while threads are free; then each that waits adds its share of the average."""
    clock = Time()
    threads = HandlerThreads(2, clock)
    assert threads.delay() == 0.0

    def work() -> None:
        clock.now += 4.0

    await threads.call(work)
    assert threads.delay() == 0.0
    async with threads.turn(), threads.turn():
        assert threads.delay() == pytest.approx(2.0)
        waiting = asyncio.create_task(threads.turn().__aenter__())
        await asyncio.sleep(0)
        assert threads.delay() == pytest.approx(4.0)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert threads.delay() == pytest.approx(2.0)
    assert threads.delay() == 0.0


def test_several_loops_share_the_threads() -> None:
    """A webhook may be used in one event loop after the other, with more notifications than threads in each."""
    blocked = Blocked()
    blocked.go_on.set()
    hook = webhook()
    hook.on()(blocked)

    async def burst(first: int) -> list[int]:
        numbers = range(first, first + BURST)
        replies = await asyncio.gather(*(hook.dispatch(*notify(id=str(number))) for number in numbers))
        return [reply.status for reply in replies]

    assert set(asyncio.run(burst(0)) + asyncio.run(burst(BURST))) == {200}
    assert len(blocked.handled) == 2 * BURST


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork() -> None:
    """A worker that was forked from a process which had handled something has threads of its own."""
    hook = webhook()
    hook.on()(lambda notification: None)
    assert hook.dispatch_sync(*notify(id="1")).ok
    child = os.fork()
    if child == 0:
        os._exit(hook.dispatch_sync(*notify(id="2")).status - 200)
    until = time.monotonic() + WAIT
    ended, status = 0, 1
    while not ended and time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if not ended:
        os.kill(child, signal.SIGKILL)
    assert status == 0


def run_dry(_: object) -> None:
    """What a function raises that has nothing to give: it ends a generator, and no future takes it."""
    next(iter([]))


async def test_a_handler_that_raises_stop_iteration_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    """As any other exception: it is told at once, it comes again, and its thread is free."""
    hook = webhook(deadline=WAIT)
    hook.on()(run_dry)
    assert [(await hook.dispatch(*notify())).status for _ in range(2)] == [500, 500]
    assert "StopIteration" in caplog.text
    with pytest.raises(RuntimeError, match="StopIteration"):
        await hook.handle(webhook().open(*notify()))


@pytest.mark.parametrize("around", [None, lambda handle: handle()])
def test_a_handler_that_raises_stop_iteration_in_the_calling_thread(around: Any) -> None:
    """The same in the thread that calls, as under Django's `sync_view`."""
    hook = webhook()
    hook.on()(run_dry)
    assert hook.dispatch_sync(*notify(), in_calling_thread=True, around=around).status == 500
    with pytest.raises(RuntimeError, match="StopIteration"):
        hook.handle_sync(webhook().open(*notify()))
