"""Seen stores: the same behaviour in process and in a real Redis."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import signal
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.notifications.cancelled import cancelled_while_it_claims
from tests.notifications.sender import notify, webhook
from tests.redis_server import free_port, redis_server
from tests.tcp import server
from wechatpay_chain.contrib.redis import RedisSeen
from wechatpay_chain.notifications import MemorySeen, Notification, RenewableSeen, Seen
from wechatpay_chain.notifications.seen import V2_KEYS

LEASE, KEEP = 0.3, 0.6
WAIT = 10


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis, started for these tests."""
    with redis_server(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


@asynccontextmanager
async def store_of(request: pytest.FixtureRequest, lease: float, keep: float) -> AsyncGenerator[Seen]:
    """An empty store of the kind that a fixture has as its parameter."""
    if request.param == "memory":
        yield MemorySeen(lease=lease, keep=keep)
        return
    redis = pytest.importorskip("redis.asyncio")
    url = request.getfixturevalue("redis_url")
    client = redis.Redis.from_url(url, decode_responses=request.param == "redis as text")
    # A busy machine may take long for fifty connections.
    yield RedisSeen(client, lease=lease, keep=keep, prefix=f"{request.node.name}:", timeout=10)
    await client.aclose()


every_kind = pytest.fixture(params=["memory", "redis", "redis as text"])


@every_kind
async def seen(request: pytest.FixtureRequest) -> AsyncIterator[Seen]:
    """Each kind of store, whose claims expire soon."""
    async with store_of(request, LEASE, KEEP) as store:
        yield store


@every_kind
async def lasting(request: pytest.FixtureRequest) -> AsyncIterator[Seen]:
    """Each kind of store, whose claims outlast the test."""
    async with store_of(request, 3600, 3600) as store:
        yield store


async def test_claim_and_confirm(seen: Seen) -> None:
    """One claims, others are busy until it is done, and it stays done."""
    assert await seen.claim("k", "a") == "claimed"
    assert await seen.claim("k", "a") == "claimed"
    assert await seen.claim("k", "b") == "busy"
    assert await seen.claim("other", "b") == "claimed"
    await seen.confirm("k")
    assert await seen.claim("k", "b") == "done"
    assert await seen.claim("k", "c") == "done"


async def test_release(seen: Seen) -> None:
    """A claim that is given back is free; another's claim can't be given back."""
    await seen.claim("k", "a")
    await seen.release("k", "b")
    assert await seen.claim("k", "c") == "busy"
    await seen.release("k", "a")
    assert await seen.claim("k", "c") == "claimed"


async def test_cancelled_while_it_claims(lasting: Seen) -> None:
    """A claim that was made when its caller was cancelled is given back at once; another's stays."""
    await cancelled_while_it_claims(lasting, "k")
    assert await lasting.claim("k", "next") == "claimed"
    await cancelled_while_it_claims(lasting, "k")
    assert await lasting.claim("k", "third") == "busy"


async def test_a_dead_worker(seen: Seen) -> None:
    """A claim expires by itself; the old worker can't take the new one's away, and its late success still counts."""
    await seen.claim("k", "dead")
    await asyncio.sleep(LEASE + 0.05)
    assert await seen.claim("k", "new") == "claimed"
    await seen.release("k", "dead")
    assert await seen.claim("k", "third") == "busy"
    await seen.confirm("k")
    await seen.release("k", "new")
    assert await seen.claim("k", "third") == "done"


async def test_renewal(seen: Seen) -> None:
    """A claim that is renewed in time doesn't expire; one that is lost, given back or another's can't be renewed."""
    assert isinstance(seen, RenewableSeen)
    await seen.claim("k", "a")
    for _ in range(3):
        await asyncio.sleep(LEASE / 2)
        assert await seen.renew("k", "a")
    assert await seen.claim("k", "b") == "busy"
    assert not await seen.renew("k", "b")
    await seen.release("k", "a")
    assert not await seen.renew("k", "a")
    assert await seen.claim("k", "b") == "claimed"
    await seen.confirm("k")
    assert not await seen.renew("k", "b")
    assert await seen.claim("k", "c") == "done"


class Losing(Redis):
    """A client that loses the answers to its next commands."""

    losses = 0

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        answer = await super().execute_command(*words, **options)
        if self.losses:
            self.losses -= 1
            raise RedisConnectionError("Connection closed by server.")
        return answer


@pytest.mark.parametrize("ask", ["claim", "renew", "confirm", "release"])
async def test_a_connection_that_was_lost(redis_url: str, request: pytest.FixtureRequest, ask: str) -> None:
    """Redis is asked once more: what was handled is noted, a claim is neither lost nor left. A second loss is told."""
    pool = ConnectionPool.from_url(redis_url)
    client = Losing(connection_pool=pool)
    seen = RedisSeen(client, prefix=f"{request.node.name}:", timeout=WAIT)
    arguments = ("k",) if ask == "confirm" else ("k", "a")
    if ask != "claim":
        await seen.claim("k", "a")
    client.losses = 1
    wanted = {"claim": "claimed", "renew": True}.get(ask)
    assert await getattr(seen, ask)(*arguments) == wanted
    assert await seen.claim("k", "b") == {"confirm": "done", "release": "claimed"}.get(ask, "busy")
    client.losses = 9
    with pytest.raises(RedisConnectionError):
        await getattr(seen, ask)(*arguments)
    await pool.disconnect()


async def test_apiv2_is_remembered_longer(seen: Seen) -> None:
    """What a store keeps for 60 days or more isn't forgotten with the rest."""
    await seen.confirm(V2_KEYS + "k")
    await seen.confirm("k")
    await asyncio.sleep(KEEP + 0.05)
    assert await seen.claim("k", "a") == "claimed"
    assert await seen.claim(V2_KEYS + "k", "a") == "done"


async def test_it_forgets(seen: Seen) -> None:
    """What was handled is remembered for as long as asked."""
    await seen.claim("k", "a")
    await seen.confirm("k")
    await asyncio.sleep(KEEP + 0.05)
    assert await seen.claim("k", "a") == "claimed"


async def test_one_of_many(lasting: Seen) -> None:
    """Of fifty at once, one gets the claim."""
    claims = await asyncio.gather(*(lasting.claim("k", str(number)) for number in range(50)))
    assert sorted(claims) == ["busy"] * 49 + ["claimed"]


async def test_workers_with_one_store(seen: Seen) -> None:
    """Eight workers that get a notification at once handle it once."""
    calls: list[str] = []

    others_answered = asyncio.Event()

    async def paid(notification: Notification[Any]) -> None:
        await others_answered.wait()
        calls.append(notification.id)

    hooks = [webhook(seen=seen) for _ in range(8)]
    for hook in hooks:
        hook.on("TRANSACTION.SUCCESS")(paid)
    dispatched = [asyncio.ensure_future(hook.dispatch(*notify())) for hook in hooks]
    for answered, reply in enumerate(asyncio.as_completed(dispatched), start=1):
        await reply
        if answered == len(hooks) - 1:
            others_answered.set()
    replies = [reply.result() for reply in dispatched]
    assert sorted(reply.status for reply in replies) == [200] + [503] * 7
    assert calls == ["EV-1"]


def test_threads_claim_one_after_the_other() -> None:
    """Who claims in a thread while another thread confirms learns that it was handled, and doesn't handle it again."""
    claims: list[str] = []
    other = threading.Thread(target=lambda: claims.append(asyncio.run(seen.claim("a", "other"))))

    def clock() -> float:
        if is_confirming and not other.ident:
            other.start()
            other.join(0.2)
        return 0.0

    is_confirming = False
    seen = MemorySeen(clock=clock)
    assert asyncio.run(seen.claim("a", "mine")) == "claimed"
    is_confirming = True
    asyncio.run(seen.confirm("a"))
    other.join()
    assert claims == ["done"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_off_while_a_thread_claims() -> None:
    """A process that is forked off while another thread claims can claim: that thread isn't there."""
    is_claiming = threading.Event()

    def clock() -> float:
        if threading.current_thread() is other:
            is_claiming.set()
            time.sleep(0.2)
        return 0.0

    seen = MemorySeen(clock=clock)
    other = threading.Thread(target=lambda: asyncio.run(seen.claim("a", "other")))
    other.start()
    is_claiming.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(WAIT)  # ends it
        with suppress(StopIteration):
            seen.claim("b", "mine").send(None)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    other.join()


async def test_a_copy_remembers_the_same() -> None:
    """What was handled by a webhook isn't handled again by a copy of it; another process can't have one."""
    calls: list[str] = []
    reader = webhook()

    @reader.on()
    async def handle(notification: Notification[Any]) -> None:
        calls.append(notification.id)

    message = notify()
    for each in (copy.copy(reader), copy.deepcopy(reader), reader):
        assert (await each.dispatch(*message)).ok
    assert calls == ["EV-1"]
    with pytest.raises(TypeError, match="several need a RedisSeen"):
        pickle.dumps(MemorySeen())


async def test_memory_is_bounded() -> None:
    """In process, beyond the given number the oldest are forgotten."""
    seen = MemorySeen(most=3)
    for key in "abcd":
        await seen.claim(key, "t")
        await seen.confirm(key)
    assert await seen.claim("d", "t") == "done"
    assert await seen.claim("a", "t") == "claimed"


async def test_a_redis_that_is_gone(tmp_path: Path) -> None:
    """With Redis unreachable nothing is handled, and the platform is told to come back."""
    redis = pytest.importorskip("redis.asyncio")
    client = redis.Redis.from_url(f"redis://127.0.0.1:{free_port()}/0")
    hook = webhook(seen=RedisSeen(client))
    calls: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: calls.append(notification.id))
    assert (await hook.dispatch(*notify())).status == 500
    assert calls == []
    await client.aclose()


async def test_a_claim_whose_answer_is_lost(redis_url: str) -> None:
    """Where the connection breaks between a claim and its answer, Redis's client asks again, and the claim is ours."""
    redis = pytest.importorskip("redis")
    answers: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = redis_url.removesuffix("/0").rpartition(":")[2]
        answering, asking = await asyncio.open_connection("127.0.0.1", int(port))
        while asked := await reader.read(65536):
            asking.write(asked)
            answer = await answering.read(65536)
            is_first_claim = b"NX" in asked and not answers
            if is_first_claim:
                answers.append(answer)
                break
            writer.write(answer)
        asking.close()

    async with server(talk) as breaking:
        again = redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 1)
        client = redis.asyncio.Redis.from_url(breaking.replace("http:", "redis:"), retry=again)
        hook = webhook(seen=RedisSeen(client, prefix="lost:"))
        calls: list[str] = []
        hook.on()(lambda notification: calls.append(notification.id))
        assert (await hook.dispatch(*notify())).ok
        assert (answers, calls) == ([b"+OK\r\n"], ["EV-1"])
        await client.aclose()


async def test_a_redis_that_hangs(tmp_path: Path) -> None:
    """A Redis that stops in the middle is given up after `timeout`: nothing is handled, nothing is left behind."""
    redis = pytest.importorskip("redis.asyncio")
    with redis_server(tmp_path) as (url, process):
        client = redis.Redis.from_url(url)
        hook = webhook(seen=RedisSeen(client, timeout=0.5), deadline=10)
        calls: list[str] = []
        hook.on()(lambda notification: calls.append(notification.id))
        assert (await hook.dispatch(*notify(id="before"))).ok
        process.send_signal(signal.SIGSTOP)
        try:
            replies = await asyncio.gather(*(hook.dispatch(*notify(id=str(number))) for number in range(20)))
            assert {reply.status for reply in replies} == {500}
            assert not hook._delivery._running
        finally:
            process.send_signal(signal.SIGCONT)
        assert (await hook.dispatch(*notify(id="after"))).ok
        assert calls == ["before", "after"]
        await client.aclose()


async def test_a_redis_that_hangs_after_the_handler(tmp_path: Path) -> None:
    """What was handled is answered with success though it can't be noted: sent again, it would be handled again."""
    redis = pytest.importorskip("redis.asyncio")
    with redis_server(tmp_path) as (url, process):
        client = redis.Redis.from_url(url)
        hook = webhook(seen=RedisSeen(client, timeout=1.0))
        hook.on()(lambda notification: process.send_signal(signal.SIGSTOP))
        try:
            assert (await hook.dispatch(*notify())).ok
        finally:
            process.send_signal(signal.SIGCONT)
        await client.aclose()
