"""`Workers`: what a run hears of the calls that it has handed out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.punishing import PUNISH
from wechatpay_chain.batch import Item, Result, State
from wechatpay_chain.batch.journal import Entry
from wechatpay_chain.cli.fleet.connection import redis_at
from wechatpay_chain.cli.fleet.journal import FleetJournal
from wechatpay_chain.cli.fleet.notes import Call, Notes
from wechatpay_chain.cli.fleet.queue import Queue, Terms
from wechatpay_chain.cli.fleet.workers import Workers
from wechatpay_chain.errors import ConfigurationError

ITEM = Item(path=PUNISH, json={"out_request_no": "R1"})
TERMS = Terms(f"POST /{PUNISH}", "", False, 3600.0)


@asynccontextmanager
async def with_one_call(queue: Queue, notes: Notes, path: Path) -> AsyncGenerator[tuple[FleetJournal, Entry, Workers]]:
    """A run in whose journal one call waits; it stops without having handed it out."""
    journal = FleetJournal(path, notes, "a")
    await journal.begin(everything=False)
    await journal.add([ITEM.pack()])
    (entry,) = await journal.in_line(0)
    workers = Workers(queue, notes, batch="orders.csv", run="a", terms=TERMS)
    await workers.begin()
    yield journal, entry, workers
    await workers.aclose(are_taken=False)
    await queue.aclose()
    await journal.aclose()


async def write_nothing(state: State) -> None:
    """The note of a batch without a journal."""


async def test_a_result_of_an_earlier_run_is_not_taken_for_this_ones(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long Redis takes to hand a call out, what came of it before, such as an outage, doesn't end it."""
    key, packed = ITEM.pack()
    call = Call.of(packed, was_sent=True)
    looked = asyncio.Event()
    hand_out, progress = Notes.hand_out, Notes.progress

    async def hand_out_after_a_look(self: Notes, *arguments: Any) -> bool:
        looked.clear()
        await looked.wait()
        return await hand_out(self, *arguments)

    async def look(self: Notes, keys: list[str]) -> Any:
        seen = await progress(self, keys)
        looked.set()
        return seen

    monkeypatch.setattr(Notes, "hand_out", hand_out_after_a_look)
    monkeypatch.setattr(Notes, "progress", look)
    async with redis_at(url) as redis:
        queue, notes = Queue(url, redis), Notes(redis, "orders.csv")
        await notes.end(key, call, Result(key=key, state="sent", code="ServerError"))
        workers = Workers(queue, notes, batch="orders.csv", run="b", terms=TERMS)
        await workers.begin()
        calling = asyncio.create_task(workers.call(ITEM, was_sent=True, note=write_nothing))
        while await notes.begin(key, "b") is None:
            assert not calling.done(), calling.result()
            await asyncio.sleep(0.01)
        await notes.end(key, call, Result(key=key, state="done"))
        assert (await calling).state == "done"
        await workers.aclose(are_taken=True)
        await queue.aclose()


async def test_a_call_on_its_way_when_another_run_takes_over(url: str) -> None:
    """A call that was still being handed out when the run learned it ends with that error, and isn't waited for."""
    async with redis_at(url) as redis:
        queue, notes = Queue(url, redis), Notes(redis, "orders.csv")
        workers = Workers(queue, notes, batch="orders.csv", run="b", terms=TERMS)
        await workers.begin()

        async def until_it_is_known(state: State) -> None:
            await notes.begin_run("c")
            with pytest.raises(ConfigurationError, match="another run of orders"):
                await workers.call(Item(path=PUNISH, json={"out_request_no": "R2"}), was_sent=True, note=write_nothing)

        with pytest.raises(ConfigurationError, match="another run of orders"):
            async with asyncio.timeout(60):
                await workers.call(ITEM, was_sent=False, note=until_it_is_known)
        await workers.aclose(are_taken=False)
        await queue.aclose()


async def test_a_result_that_cant_be_read(url: str) -> None:
    """What is no result, such as one of another version, ends the run, which doesn't wait for another one."""
    key, _ = ITEM.pack()
    async with redis_at(url) as redis:
        queue, notes = Queue(url, redis), Notes(redis, "orders.csv")
        workers = Workers(queue, notes, batch="orders.csv", run="b", terms=TERMS)
        await workers.begin()
        calling = asyncio.create_task(workers.call(ITEM, was_sent=True, note=write_nothing))
        while await notes.begin(key, "b") is None:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
        await redis.hset("wechatpay:batch:orders.csv:results", key, "no result")
        with pytest.raises(ValueError, match="invalid literal"):
            async with asyncio.timeout(60):
                await calling
        await workers.aclose(are_taken=False)
        await queue.aclose()


@pytest.mark.parametrize("failing", [(Notes, "hand_out"), (Queue, "put")], ids=["noted", "queued"])
@pytest.mark.parametrize("is_given_again", [True, False])
async def test_a_call_that_was_not_handed_out(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: tuple[type, str], is_given_again: bool
) -> None:
    """Where Redis fails on the way, the next run knows that no worker had it: it waits, or is withheld, in no doubt."""

    async def fail(*arguments: Any, **named: Any) -> None:
        raise RedisConnectionError("gone")

    async with redis_at(url) as redis:
        notes = Notes(redis, "orders.csv")
        async with with_one_call(Queue(url, redis), notes, tmp_path / "j") as (journal, entry, workers):
            with monkeypatch.context() as patch:
                patch.setattr(*failing, fail)
                with pytest.raises(ConfigurationError, match="Redis can't be reached"):
                    await workers.call(ITEM, was_sent=False, note=lambda state: journal.note(entry, state))
        journal = FleetJournal(tmp_path / "j", notes, "b")
        await journal.begin(everything=False)
        await journal.withhold()
        if is_given_again:
            await journal.add([ITEM.pack()])
        assert await journal.counts() == {"waiting" if is_given_again else "withheld": 1}
        await journal.aclose()


async def test_a_run_that_is_killed_before_it_hands_out(url: str, tmp_path: Path) -> None:
    """A call that was noted as sent, and that the queue never named, waits in the next run."""

    class KilledError(Exception):
        """Stands for the end of the process."""

    async with redis_at(url) as redis:
        notes = Notes(redis, "orders.csv")
        async with with_one_call(Queue(url, redis), notes, tmp_path / "j") as (journal, entry, workers):

            async def be_killed(state: State) -> None:
                await journal.note(entry, state)
                raise KilledError

            with pytest.raises(KilledError):
                await workers.call(ITEM, was_sent=False, note=be_killed)
            assert await journal.cut_off() == [ITEM.pack()[0]]
        journal = FleetJournal(tmp_path / "j", notes, "b")
        await journal.begin(everything=True)
        assert await journal.counts() == {"waiting": 1}
        await journal.aclose()


async def test_a_run_that_was_taken_over_leaves_the_other_ones_calls_alone(url: str) -> None:
    """However late it notices: it neither hands out nor takes back what another run has handed out meanwhile."""
    key, packed = ITEM.pack()
    call = Call.of(packed, was_sent=False)
    noted: list[State] = []

    async def note(state: State) -> None:
        noted.append(state)

    async with redis_at(url) as redis:
        queue, notes = Queue(url, redis), Notes(redis, "orders.csv")
        workers = Workers(queue, notes, batch="orders.csv", run="a", terms=TERMS)
        await workers.begin()
        await notes.begin_run("b")
        await notes.hand_out(key, call, "b")
        assert await notes.begin(key, "b")
        with pytest.raises(ConfigurationError, match="another run of orders"):
            await workers.call(ITEM, was_sent=False, note=note)
        await notes.take_back(key, "a")
        await workers.aclose(are_taken=False)
        await queue.aclose()
        assert noted == []
        assert await notes.begin(key, "b") == (call, True)


async def test_a_cancellation_that_is_swallowed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run ends also where its look at Redis goes on, as redis does on Python 3.11 when a command was just sent."""
    looking, swallowed = asyncio.Event(), asyncio.Event()
    run = Notes.run

    async def swallow(self: Notes) -> str | None:
        looking.set()
        if not swallowed.is_set():
            with pytest.raises(asyncio.CancelledError):
                await asyncio.Event().wait()
            swallowed.set()
        return await run(self)

    monkeypatch.setattr(Notes, "run", swallow)
    async with redis_at(url) as redis:
        queue, notes = Queue(url, redis), Notes(redis, "orders.csv")
        workers = Workers(queue, notes, batch="orders.csv", run="a", terms=TERMS)
        await workers.begin()
        await looking.wait()
        async with asyncio.timeout(10):
            await workers.aclose(are_taken=True)
        await queue.aclose()
    assert swallowed.is_set()
