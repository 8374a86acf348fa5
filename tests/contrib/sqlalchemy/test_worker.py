"""`Worker`: stored messages are handled, each once at a time, and what fails is tried again."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import nullcontext
from typing import Any

import pytest

from tests.notifications.sender import webhook
from tests.sql_engines import KINDS, Shop
from tests.sql_handlers import handled_by, inbox_of, send, writing
from wechatpay_chain import ConfigurationError, Notification, Reply
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, Worker
from wechatpay_chain.notifications.inbox import Counts, Event, Message, Patience, Record, State
from wechatpay_chain.policies.backoff import Backoff

every_kind = pytest.mark.parametrize("shop", KINDS, indirect=True)
AT_ONCE = Patience(Backoff(0.001, 0.001), most=3)
SECONDS = 60.0


async def record_of(inbox: SqlInbox, key: str = "EV-1") -> Record:
    """A message's state."""
    found = await inbox.read(key)
    assert found is not None
    return found[0]


async def until_effects(shop: Shop, number: int) -> None:
    """Wait until handlers have written so many."""
    while len(await shop.effects()) < number:  # noqa: ASYNC110 - the database tells nobody
        await asyncio.sleep(0.02)


@every_kind
async def test_a_worker_handles_what_is_stored(shop: Shop) -> None:
    """Effect and state are there for every message, and nothing is left."""
    inbox = await inbox_of(shop)
    identifiers = [f"EV-{number}" for number in range(10)]
    await send(inbox, *identifiers)
    assert await Worker(inbox, handled_by(writing(shop))).drain() == 10
    assert await shop.effects() == identifiers
    assert (await inbox.count()).by_state[State.DONE] == 10


@pytest.mark.parametrize("shop", ["sqlite", "postgresql-async", "mariadb"], indirect=True)
async def test_what_fails_is_undone_and_tried_again(shop: Shop) -> None:
    """What a handler wrote before it raised isn't there; the next try succeeds, and the effect is there once."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    fates = [KeyError("x"), None]

    def fate() -> None:
        if error := fates.pop(0):
            raise error

    worker = Worker(inbox, handled_by(writing(shop, fate)))
    assert (await worker.drain(), await shop.effects()) == (0, [])
    await shop.execute("UPDATE wechatpay_inbox SET due = due - 3600")
    assert (await worker.drain(), await shop.effects()) == (1, ["EV-1"])
    assert (await record_of(inbox)).tries == 2


class TimeoutOfItsOwn(BaseException):
    """What a library raises that doesn't want to be caught by `except Exception`."""


def raise_in_thread(_: object) -> None:
    """A handler that raises it in a thread."""
    raise TimeoutOfItsOwn


async def raise_here(_: object) -> None:
    """A handler that raises it in the event loop."""
    raise TimeoutOfItsOwn


@pytest.mark.parametrize("handler", [raise_in_thread, raise_here])
async def test_a_handler_that_raises_what_is_no_exception_has_failed(
    shop: Shop, handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It uses up its tries and is dead in the end; the worker goes on."""
    inbox = await inbox_of(shop, patience=AT_ONCE)
    await send(inbox, "EV-1")
    async with asyncio.timeout(SECONDS):
        for _ in range(3):
            assert await Worker(inbox, handled_by(handler)).drain() == 0
            await shop.execute("UPDATE wechatpay_inbox SET due = due - 60")
    record = await record_of(inbox)
    assert (record.state, record.tries, record.error) == (State.DEAD, 3, "TimeoutOfItsOwn")
    assert "try 3 of 3 failed" in caplog.text


async def test_messages_of_one_number_are_handled_one_by_one_in_order(shop: Shop) -> None:
    """However many are handled at once, and though the first one fails at first, those of one order keep theirs."""
    inbox = await inbox_of(shop, patience=AT_ONCE)
    await send(inbox, *(f"EV-{number}" for number in range(5)), number="A1")
    order: list[str] = []
    running = 0

    async def handle(notification: Notification[Any]) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        order.append(notification.id)
        if len(order) == 1:
            raise ValueError

    worker = Worker(inbox, handled_by(handle), concurrency=8)
    async with asyncio.timeout(SECONDS):
        while len(order) < 6:
            await worker.drain()
    assert order == ["EV-0", "EV-0", "EV-1", "EV-2", "EV-3", "EV-4"]


@pytest.mark.parametrize(
    ("answer", "error"), [(Reply(status=400), "replied 400"), (ValueError("o-Ada"), "ValueError"), (7, "TypeError")]
)
async def test_a_message_that_always_fails_is_dead(
    shop: Shop, answer: Any, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether its handler raises or replies with a failure; why is noted without the exception's text."""
    caplog.set_level(logging.CRITICAL)
    inbox = await inbox_of(shop, patience=AT_ONCE)
    await send(inbox, "EV-1")

    async def handle(notification: Notification[Any]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    worker = Worker(inbox, handled_by(handle))
    async with asyncio.timeout(SECONDS):
        while (record := await record_of(inbox)).state is not State.DEAD:
            await worker.drain()
    assert (record.tries, record.error) == (3, error)


async def test_a_message_without_handler_waits_for_one(shop: Shop) -> None:
    """A handler that was forgotten can still be deployed."""
    inbox = await inbox_of(shop, patience=AT_ONCE)
    await send(inbox, "EV-1")
    await Worker(inbox, webhook()).drain()
    record = await record_of(inbox)
    assert record.error == "replied 501"
    await inbox.retry()
    await Worker(inbox, handled_by(writing(shop))).drain()
    assert await shop.effects() == ["EV-1"]


async def test_content_that_does_not_open_is_a_failure(shop: Shop) -> None:
    """A worker with another key than the receiver's says so and handles nothing, nor what isn't sealed until it may."""
    await send(await inbox_of(shop, seal_key=b"k" * 32), "EV-1")
    await send(await inbox_of(shop), "EV-2")
    inbox = SqlInbox(shop.engine, seal_key=b"x" * 32)
    assert await Worker(inbox, handled_by(writing(shop))).drain() == 0
    rows = await inbox.records()
    assert [(row.state, row.error) for row in rows] == [(State.WAITING, "DecryptionError")] * 2
    await inbox.retry(["EV-2"])
    inbox = SqlInbox(shop.engine, seal_key=b"x" * 32, reads_unsealed=True)
    assert await Worker(inbox, handled_by(writing(shop))).drain() == 1
    assert await shop.effects() == ["EV-2"]


async def test_run_handles_what_comes_until_it_is_stopped(shop: Shop) -> None:
    """It looks again and again, and ends with the handlers that run."""
    inbox = await inbox_of(shop)
    worker = Worker(inbox, handled_by(writing(shop)), poll=0.01)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(SECONDS):
        for turn in range(2):
            await send(inbox, f"EV-{turn}")
            await until_effects(shop, turn + 1)
        worker.stop()
        await running
    assert (await inbox.count()).by_state[State.DONE] == 2


async def test_a_worker_that_is_stopped_takes_nothing_more(shop: Shop) -> None:
    """It ends with the handler that runs; what waits for that is left to others."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1", "EV-2")
    begun, gate = asyncio.Event(), asyncio.Event()

    async def handle(notification: Notification[Any]) -> None:
        begun.set()
        await gate.wait()

    worker = Worker(inbox, handled_by(handle), concurrency=1)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(SECONDS):
        await begun.wait()
        worker.stop()
        gate.set()
        await running
    assert (await record_of(inbox, "EV-1")).state is State.DONE
    assert (await record_of(inbox, "EV-2")).state is State.WAITING


async def test_a_worker_that_is_cancelled_gives_back_what_it_had(shop: Shop) -> None:
    """A coroutine function is cancelled, what it wrote is undone, and the try doesn't count."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    begun = asyncio.Event()

    async def handle(notification: Notification[Any]) -> None:
        begun.set()
        await asyncio.sleep(SECONDS)

    running = asyncio.create_task(Worker(inbox, handled_by(handle), poll=0.01).run())
    async with asyncio.timeout(SECONDS / 2):
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    record = await record_of(inbox)
    assert (record.state, record.tries) == (State.WAITING, 0)


@pytest.mark.parametrize("shop", ["sqlite", "postgresql"], indirect=True)
async def test_a_function_in_a_thread_is_finished(shop: Shop) -> None:
    """A worker that is cancelled waits for it, and notes that it was handled."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    begun, gate = threading.Event(), threading.Event()

    def fate() -> None:
        begun.set()
        assert gate.wait(SECONDS)

    running = asyncio.create_task(Worker(inbox, handled_by(writing(shop, fate)), poll=0.01).run())
    assert await asyncio.to_thread(begun.wait, SECONDS)
    running.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await shop.effects() == ["EV-1"]
    assert (await record_of(inbox)).state is State.DONE


async def test_a_handler_that_cancels_itself_has_failed(shop: Shop) -> None:
    """It is tried again like any other that fails, and the worker goes on."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1", "EV-2")

    async def handle(notification: Notification[Any]) -> None:
        if notification.id == "EV-1":
            raise asyncio.CancelledError

    assert await Worker(inbox, handled_by(handle)).drain() == 1
    record = await record_of(inbox)
    assert (record.state, record.tries, record.error) == (State.WAITING, 1, "CancelledError")


@pytest.mark.parametrize("shop", ["sqlite-async", "postgresql-async", "mariadb"], indirect=True)
async def test_a_handler_that_takes_longer_than_its_lease_keeps_its_claim(shop: Shop) -> None:
    """It is renewed while the handler runs: nobody else gets the message."""
    inbox = await inbox_of(shop, lease=0.3)
    await send(inbox, "EV-1")
    renewed = asyncio.Event()
    renew = inbox.renew

    async def renew_and_tell(claim: Any) -> bool:
        held = await renew(claim)
        renewed.set()
        return held

    inbox.renew = renew_and_tell  # type: ignore[method-assign]  # watched
    others: list[Any] = []

    async def handle(notification: Notification[Any]) -> None:
        for _ in range(3):
            renewed.clear()
            await renewed.wait()
        others.append(await SqlInbox(shop.engine).claim())

    async with asyncio.timeout(SECONDS):
        assert await Worker(inbox, handled_by(handle), concurrency=1).drain() == 1
    assert others == [None]


async def test_an_observer_sees_handlings_and_counts(shop: Shop) -> None:
    """Each handling with its try, and how much waits."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    seen: list[tuple[str, int]] = []
    counted: asyncio.Queue[Counts] = asyncio.Queue()

    class Watching:
        def handling(self, message: Message, tries: int) -> Any:
            seen.append((message.key, tries))
            return nullcontext()

        def counted(self, counts: Counts) -> None:
            counted.put_nowait(counts)

    worker = Worker(inbox, handled_by(writing(shop)), poll=0.01, observer=Watching(), count_every=0.01)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(SECONDS):
        while (await counted.get()).by_state[State.DONE] < 1:
            pass
        worker.stop()
        await running
    assert seen == [("EV-1", 1)]


@pytest.mark.parametrize("option", [{"concurrency": 0}, {"poll": 0.0}])
async def test_options_out_of_range(shop: Shop, option: dict[str, Any]) -> None:
    """A worker that could never work is refused, and the error names the option."""
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        Worker(SqlInbox(shop.engine), webhook(), **option)


async def test_only_what_a_worker_may_say_is_noted(shop: Shop) -> None:
    """An event that means nothing for a claim is a mistake, and named."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    claim = await inbox.claim()
    assert claim is not None
    with pytest.raises(ConfigurationError, match="event"):
        await inbox.settle(claim, Event.RETRIED)
