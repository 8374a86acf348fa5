"""`batch work`: what a worker keeps to of the run whose calls it makes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis import BusyLoadingError, Redis

from tests.cli.conftest import Run, Shop
from tests.cli.fleet.machines import (
    BEGUN,
    CALLS,
    HANDED_OUT,
    RUN,
    called,
    calls_in_queue,
    hand_out,
    handing_out,
    interrupted,
    seconds_left,
    working,
)
from tests.cli.test_batch import orders, until
from wechatpay_chain import ConfigurationError, Request, Response
from wechatpay_chain.cli.fleet import connection, queue, worker
from wechatpay_chain.cli.fleet.notes import Notes
from wechatpay_chain.cli.fleet.worker import work
from wechatpay_chain.cli.settings import Settings
from wechatpay_chain.emulator.server import Listening
from wechatpay_chain.http.headers import Headers


def test_the_rate_is_kept_by_the_workers(run: Run, shop: Shop, url: str) -> None:
    """`--rate` holds for them, and after Ctrl-C they give back what waits for its turn; `status` tells of no doubt."""
    table = orders(shop.folder, 3)
    with working(url), Redis.from_url(url) as redis:
        stopped = interrupted(
            run, table, url, lambda: called(shop).total() == 1 and redis.hlen(BEGUN) == 3, "--rate", "1/h"
        )
    assert (stopped.code, "1  done" in stopped.out, "2  waiting" in stopped.out) == (1, True, True), stopped
    assert called(shop).total() == 1
    assert hand_out(run, table, url, "--rate", "often").code == 2


def test_the_patience_is_kept_by_the_workers(run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an outage longer than `--patience` they end their calls, which the next run makes."""

    async def fail(request: Request) -> Response[Any]:
        return Response(status=503, headers=Headers({}), content=b"")

    table = orders(shop.folder, 3)
    with Listening(fail, "127.0.0.1", 0) as base_url:
        monkeypatch.setenv("WECHATPAY_BASE_URL", base_url)
        with working(url):
            done = hand_out(run, table, url, "--patience", "0")
    assert (done.code, "3  cut off" in done.out) == (1, True), done
    assert seconds_left(url) == [-1, -1, -1], "nobody knows yet what came of them"
    assert not called(shop)
    monkeypatch.setenv("WECHATPAY_BASE_URL", shop.base_url)
    with working(url):
        assert hand_out(run, table, url).code == 0
    assert called(shop) == dict.fromkeys("012", 1)


def test_what_a_dead_worker_held_goes_to_another_one(
    run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that a worker took, one of them begun, and never acknowledged stay in the queue: the next makes them."""
    monkeypatch.setattr(queue, "_IDLE_MS", 200)
    table = orders(shop.folder, 3)
    with handing_out(shop, table, url, 3) as running, Redis.from_url(url, decode_responses=True) as redis:
        until(lambda: calls_in_queue(redis) == 3)
        redis.xreadgroup("taskiq", "a dead worker", {queue.QUEUE: ">"})
        key = str(redis.hkeys(HANDED_OUT)[0])
        begun = f"{redis.get(RUN)}{str(redis.hget(CALLS, key))[:64]}"
        redis.hset(BEGUN, key, begun)
        with working(url):
            out, err = running.communicate(timeout=60)
    assert (running.returncode, "3  done" in out) == (0, True), out + err
    assert called(shop) == dict.fromkeys("012", 1)


def test_what_a_worker_holds_for_long_stays_with_it(
    run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that lasts longer than the time after which a worker counts as dead is made once, as long as it lives."""
    monkeypatch.setattr(queue, "_IDLE_MS", 1200)
    monkeypatch.setattr(worker, "_LOOK", 0.1)  # so that a busy machine may be late with it

    async def receive(request: Request) -> Response[Any]:
        await asyncio.sleep(2.2)
        return await shop.emulator.receive(request)

    with Listening(receive, "127.0.0.1", 0) as base_url:
        monkeypatch.setenv("WECHATPAY_BASE_URL", base_url)
        with working(url), working(url):
            assert hand_out(run, orders(shop.folder, 3), url).code == 0
    assert called(shop) == dict.fromkeys("012", 1)


@pytest.mark.parametrize("has_effect", [False, True])
@pytest.mark.parametrize("name", ["begin", "end"])
def test_a_note_that_fails(
    run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch, name: str, has_effect: bool
) -> None:
    """A worker whose Redis fails for a moment notes again what it begins and what came of it: the run learns of it."""
    monkeypatch.setattr(worker, "_LOOK", 0.05)
    note, failed = getattr(Notes, name), set[str]()

    async def fails_once(self: Notes, key: str, *arguments: Any) -> Any:
        if key in failed:
            return await note(self, key, *arguments)
        failed.add(key)
        if has_effect:
            await note(self, key, *arguments)
        raise BusyLoadingError

    monkeypatch.setattr(Notes, name, fails_once)
    with working(url):
        done = hand_out(run, orders(shop.folder, 3), url)
    assert (done.code, "3  done" in done.out, len(failed)) == (0, True, 3), done
    assert called(shop) == dict.fromkeys("012", 1)


def test_a_worker_that_ends_leaves_no_connection(
    run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its calls end before its connections do: what they note once more would open some that nobody closes."""
    monkeypatch.setattr(worker, "_LOOK", 0.2)
    note, failed, redis_at = Notes.end, set[str](), connection.redis_at

    async def fails_once(self: Notes, key: str, *arguments: Any) -> None:
        await note(self, key, *arguments)
        if key not in failed:
            failed.add(key)
            raise BusyLoadingError

    def closing_slowly(url: str) -> Any:
        redis = redis_at(url)
        close = redis.aclose

        async def aclose(*arguments: Any) -> None:
            await close(*arguments)
            await asyncio.sleep(0.3)

        monkeypatch.setattr(redis, "aclose", aclose)
        return redis

    monkeypatch.setattr(Notes, "end", fails_once)
    monkeypatch.setattr(worker, "redis_at", closing_slowly)
    with working(url):
        assert hand_out(run, orders(shop.folder, 3), url).code == 0
    with Redis.from_url(url) as redis:
        assert len(redis.client_list()) == 1, "its own"


@pytest.mark.parametrize("concurrency", [0, -1])
async def test_a_worker_of_no_calls(url: str, concurrency: int) -> None:
    """It is refused: taskiq takes no calls at once for any number of them."""
    with pytest.raises(ConfigurationError, match="concurrency"):
        await asyncio.wait_for(work(url, Settings({}), among=1, concurrency=concurrency), 5)


async def test_settings_that_make_no_client(url: str) -> None:
    """A worker that could make no call takes none: it ends at once, and says what is missing."""
    with pytest.raises(ConfigurationError, match="mchid"):
        await asyncio.wait_for(work(url, Settings({}), among=1, concurrency=1), 5)
