"""What storing a notification costs beside the work that nobody can leave out, and how a burst is answered.

    python -m benchmarks.inbox              # SQLite, and PostgreSQL and MariaDB where they are installed
    python -m benchmarks.inbox sqlite postgresql-async

The bare work is verifying, decrypting, and one insert into a table without indexes, committed, by the same engine and
in the same rounds. The burst is a thousand notifications at once; exits with 1 if one of them waits for more than the
five seconds that the platform has. A claim looks for what is due among messages of which most can't be handled yet, or
were handled long ago. Figures are of one process; the servers have their own settings, with fsync.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from sqlalchemy import Connection, insert, text

from tests import sql_servers
from tests.notifications.sender import Message, notify, webhook
from tests.sql_engines import EFFECTS, KINDS, SERVERS, Shop, dispose, engine_of, make_database, run
from tests.sql_handlers import handled_by, writing
from wechatpay_chain import Webhook
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, Worker
from wechatpay_chain.contrib.sqlalchemy.tables import inbox as table
from wechatpay_chain.notifications.inbox import State

ROUNDS, EACH, AT_ONCE = 8, 60, 16
BURST, MOST = 1000, 5.0

Receive = Callable[[Message], Awaitable[None]]


@contextmanager
def address_of(kind: str) -> Iterator[str | None]:
    """Where a kind of database is, for as long as the block lasts; None where its server isn't installed."""
    if kind not in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            yield folder
        return
    try:
        server = sql_servers.postgresql() if SERVERS[kind] == "postgresql" else sql_servers.mariadb()
    except pytest.skip.Exception as skipped:
        print(f"{kind}: {skipped}")
        yield None
        return
    with sql_servers.running(server):
        yield server.address


async def rate(receive: Receive, messages: list[Message], at_once: int) -> float:
    """Notifications a second."""
    waiting = iter(messages)

    async def take() -> None:
        for message in waiting:
            await receive(message)

    started = time.perf_counter()
    await asyncio.gather(*(take() for _ in range(at_once)))
    return len(messages) / (time.perf_counter() - started)


def bare(shop: Shop, hook: Webhook) -> Receive:
    """Verifies, and inserts one row."""
    insert = text("INSERT INTO bare (word, body) VALUES (:word, :body)")

    async def receive(message: Message) -> None:
        word = hook.open(*message).id

        def work(connection: Connection) -> None:
            connection.execute(insert, {"word": word, "body": message[1].decode("ascii", "backslashreplace")})

        await run(shop.engine, work)

    return receive


def stored(hook: Webhook) -> Receive:
    """Verifies, and stores in the inbox."""

    async def receive(message: Message) -> None:
        reply = await hook.dispatch(*message)
        if not reply.ok:
            raise RuntimeError(f"replied {reply.status}")

    return receive


async def burst(hook: Webhook, messages: list[Message]) -> tuple[float, int]:
    """Seconds that the last of them waited for its reply, and how many were told to come again."""
    refused = 0

    async def receive(message: Message) -> float:
        nonlocal refused
        started = time.perf_counter()
        refused += not (await hook.dispatch(*message)).ok
        return time.perf_counter() - started

    return max(await asyncio.gather(*map(receive, messages))), refused


async def claim(shop: Shop, inbox: SqlInbox) -> float:
    """Seconds that a claim takes where one number has 300 messages that wait for one another, and 90,000 handled ones.

    Ten thousand of other numbers wait, each for an hour.
    """
    parts = [
        ("handled", State.DONE, 90_000, 0.0),
        ("waits", State.CLAIMED, 1, 3600.0),
        ("waits", State.WAITING, 300, 0.0),
        ("other", State.WAITING, 10_000, 3600.0),
    ]
    turns = [(word, state, f"{word}-{state}-{turn}", pause) for word, state, n, pause in parts for turn in range(n)]
    texts = ("notification_id", "event_type", "create_time", "resource_type", "summary", "headers", "error")
    rows = [
        {
            **dict.fromkeys(texts, ""),
            "body": b"",
            "resource": b"",
            "tries": 0,
            "received": 0.0,
            "due": time.time() + pause,
            "key": key,
            "number": key if word == "other" else "A1",
            "state": state.value,
        }
        for word, state, key, pause in turns
    ]
    await run(shop.engine, lambda connection: connection.execute(insert(table), rows))
    await shop.execute("ANALYZE" if shop.url.get_backend_name() != "mariadb" else "ANALYZE TABLE wechatpay_inbox")
    started = time.perf_counter()
    await inbox.claim()
    return time.perf_counter() - started


async def measure(kind: str, address: str) -> bool:
    """Measure one kind of database; whether its burst was answered in time."""
    url = make_database(kind, address)
    shop = Shop(kind, engine_of(url), url)
    await shop.execute(EFFECTS)
    await shop.execute("CREATE TABLE bare (word VARCHAR(64), body VARCHAR(4000))")
    inbox = SqlInbox(shop.engine)
    await inbox.create_tables()
    hook = webhook(inbox=inbox, deadline=60)
    numbers = iter(range(10**9))

    def some(count: int) -> list[Message]:
        return [notify(id=f"EV-{(n := next(numbers))}", resource={"out_trade_no": f"A{n}"}) for _ in range(count)]

    for at_once in (1, AT_ONCE):
        rounds = [
            (await rate(bare(shop, hook), some(EACH), at_once), await rate(stored(hook), some(EACH), at_once))
            for _ in range(ROUNDS)
        ]
        floor, whole = (median(column) for column in zip(*rounds, strict=True))
        ratio = median(whole / floor for floor, whole in rounds)
        print(f"{kind}, {at_once} at once: bare {floor:.0f}/s, stored {whole:.0f}/s, {ratio:.2f} of it")
    slowest, refused = await burst(hook, some(BURST))
    print(f"{kind}: {BURST} at once, the last answered after {slowest:.2f} s, {refused} told to come again")
    waiting = (await inbox.count()).by_state[State.WAITING]
    started = time.perf_counter()
    handled = await Worker(inbox, handled_by(writing(shop)), concurrency=8).drain()
    print(f"{kind}: {handled} of {waiting} handled in a session, {handled / (time.perf_counter() - started):.0f}/s")
    print(f"{kind}: a claim behind 90,000 handled messages of its number, {1000 * await claim(shop, inbox):.0f} ms")
    await dispose(shop.engine)
    return slowest <= MOST and not refused


def main() -> int:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers end with it
    in_time = True
    for kind in sys.argv[1:] or KINDS:
        with address_of(kind) as address:
            if address is not None:
                in_time &= asyncio.run(measure(kind, address))
    return 0 if in_time else 1


if __name__ == "__main__":
    sys.exit(main())
