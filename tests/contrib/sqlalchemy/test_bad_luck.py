"""The inbox on bad days: a database that goes away, locks, deadlocks, and workers that are killed."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests import sql_servers
from tests.notifications.sender import notify, webhook
from tests.sql_engines import EFFECT, EFFECTS, KINDS, Shop, dispose, engine_of, run, url_of
from tests.sql_handlers import handled_by, inbox_of, send, writing
from wechatpay_chain import Notification
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, SqlSeen, Worker, with_session
from wechatpay_chain.contrib.sqlalchemy.database import Database
from wechatpay_chain.contrib.sqlalchemy.dialects import dialect_of
from wechatpay_chain.notifications.inbox import Message, State

SECONDS = 60.0
every_database = pytest.mark.parametrize("shop", ["sqlite", "postgresql", "mariadb"], indirect=True)


async def test_a_database_that_goes_away_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    """Meanwhile notifications are answered 503, nothing of them is logged, and the worker waits; then all goes on."""
    caplog.set_level(logging.WARNING)
    server = await asyncio.to_thread(sql_servers.postgresql, "fsync=off")
    with sql_servers.running(server):
        url = url_of("postgresql-async", server.address)
        shop = Shop("postgresql-async", engine_of(url), url)
        await shop.execute(EFFECTS)
        inbox = await inbox_of(shop)
        hook = webhook(inbox=inbox)
        worker = Worker(inbox, handled_by(writing(shop)), poll=0.02)
        working = asyncio.create_task(worker.run())
        assert (await hook.dispatch(*notify(id="EV-1"))).status == 200
        await asyncio.to_thread(server.stop)
        replies = [(await hook.dispatch(*notify(id="EV-2", resource={"out_trade_no": "A2"}))).status for _ in range(2)]
        assert replies == [503, 503]
        await asyncio.to_thread(server.start)
        assert (await hook.dispatch(*notify(id="EV-2", resource={"out_trade_no": "A2"}))).status == 200
        async with asyncio.timeout(SECONDS):
            while (await inbox.count()).by_state[State.DONE] < 2:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.05)
        worker.stop()
        await working
        assert await shop.effects() == ["EV-1", "EV-2"]
        await dispose(shop.engine)
    assert "A2" not in caplog.text


class DriverError(Exception):
    """What asyncpg raises while it connects is neither SQLAlchemy's, before its version 2.1, nor an `OSError`."""


async def test_a_worker_outlives_a_server_that_takes_no_connections(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that starts, or that has no more of them: it is asked again, and the message is handled then."""
    assert isinstance(shop.engine, AsyncEngine)
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    await shop.engine.dispose()
    refused: list[int] = []

    @event.listens_for(shop.engine.sync_engine, "do_connect")
    def refuse(*_: Any) -> None:
        if len(refused) < 2:
            refused.append(1)
            raise DriverError("sorry, too many clients already")

    worker = Worker(inbox, handled_by(writing(shop)), poll=0.02)
    working = asyncio.create_task(worker.run())
    async with asyncio.timeout(SECONDS):
        while len(refused) < 2 or not await shop.effects():
            assert not working.done(), working
            await asyncio.sleep(0.05)
    worker.stop()
    await working
    assert await shop.effects() == ["EV-1"]
    assert "the inbox can't be read" in caplog.text
    assert "too many clients" in caplog.text


async def test_seen_that_is_gone_is_answered_with_500(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A store of seen notifications that fails has the platform send again, and the handler isn't called."""
    engine = engine_of(url_of("sqlite", str(tmp_path / "nowhere" / "test.db")))
    hook = webhook(seen=SqlSeen(engine))
    called: list[Any] = []
    hook.on()(called.append)
    assert (await hook.dispatch(*notify())).status == 500
    assert called == []


def collisions_of(engine: AsyncEngine | Engine) -> threading.Event:
    """Set when a statement meets a lock."""
    met = threading.Event()
    sync = engine.sync_engine if isinstance(engine, AsyncEngine) else engine

    @event.listens_for(sync, "handle_error")
    def note(context: Any) -> None:
        met.set()

    return met


@pytest.mark.parametrize("shop", KINDS, indirect=True)
async def test_a_lock_that_takes_too_long_is_tried_again(shop: Shop) -> None:
    """A notification whose row is being written by another connection is stored when that is over."""
    await inbox_of(shop)
    timeout = {
        "sqlite": {"timeout": 0.05},
        "sqlite-async": {"timeout": 0.05},
        "postgresql": {"options": "-c lock_timeout=50"},
        "postgresql-async": {"server_settings": {"lock_timeout": "50"}},
        "mariadb": {},  # a second, as the server is set
    }[shop.kind]
    impatient = engine_of(shop.url, connect_args=timeout)
    met, written, gate = collisions_of(impatient), threading.Event(), threading.Event()
    columns = "notification_id, event_type, create_time, resource_type, summary, headers, body, resource, error"
    insert = text(
        f"INSERT INTO wechatpay_inbox ({columns}, number, state, tries, received, due, {key_of(shop)}) "
        "VALUES ('', '', '', '', '', '', '', '', '', '', 'done', 0, 0, 0, 'EV-1')"
    )

    def hold(connection: Connection) -> None:
        connection.execute(insert)
        written.set()
        assert gate.wait(SECONDS)
        connection.rollback()

    blocking = engine_of(url_of_blocking(shop))
    holding = asyncio.create_task(run(blocking, hold))
    assert await asyncio.to_thread(written.wait, SECONDS)
    hook = webhook(inbox=SqlInbox(impatient), deadline=SECONDS)
    storing = asyncio.create_task(hook.dispatch(*notify()))
    assert await asyncio.to_thread(met.wait, SECONDS)
    gate.set()
    await holding
    assert (await storing).status == 200
    await dispose(impatient)
    await dispose(blocking)


def key_of(shop: Shop) -> str:
    """The column `key` as the database quotes it."""
    return "`key`" if shop.kind == "mariadb" else '"key"'


def url_of_blocking(shop: Shop) -> Any:
    """The database's URL for a connection that blocks: one that isn't asynchronous, as it waits in its transaction."""
    drivers = {"sqlite-async": "sqlite+pysqlite", "postgresql-async": "postgresql+psycopg"}
    return shop.url.set(drivername=drivers.get(shop.kind, shop.url.drivername))


@pytest.mark.parametrize("shop", ["postgresql", "mariadb"], indirect=True)
async def test_a_deadlock_is_tried_again(shop: Shop) -> None:
    """Two transactions that wait for each other both succeed: the one that the database ended is done anew."""
    for word in ("a", "b"):
        await shop.execute(f"INSERT INTO effect (word) VALUES ('{word}')")
    database, met = Database(shop.engine), collisions_of(shop.engine)
    both = threading.Barrier(2)
    begun: dict[str, int] = {}

    def change(first: str, second: str) -> Any:
        def work(connection: Connection) -> None:
            begun[first] = begun.get(first, 0) + 1
            connection.execute(text("UPDATE effect SET word = word WHERE word = :word"), {"word": first})
            if begun[first] == 1:
                both.wait(SECONDS)
            connection.execute(text(f"UPDATE effect SET word = '{second}' WHERE word = '{second}'"))

        return work

    await shop.execute("CREATE UNIQUE INDEX effect_word ON effect (word)")
    await asyncio.gather(database.run(change("a", "b")), database.run(change("b", "a")))
    assert met.is_set()
    assert sum(begun.values()) > 2  # on a busy machine the two may meet once more


async def test_a_handler_that_meets_a_lock_is_tried_again(shop: Shop) -> None:
    """What it wrote before is undone, and when the lock is gone it takes effect once."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    await shop.execute("CREATE TABLE account (balance INTEGER)")
    await shop.execute("INSERT INTO account VALUES (0)")
    hook = webhook()

    @hook.on()
    @with_session
    async def handle(notification: Notification[Any], session: AsyncSession) -> None:
        await session.execute(text(EFFECT), {"word": notification.id})
        await session.execute(text("SET LOCAL lock_timeout = 20"))
        await session.execute(text("UPDATE account SET balance = balance + 1"))

    blocking = engine_of(shop.url)
    assert isinstance(blocking, AsyncEngine)
    async with blocking.begin() as connection:
        await connection.execute(text("UPDATE account SET balance = balance"))
        assert await Worker(inbox, hook).drain() == 0
    assert await shop.effects() == []
    await shop.execute("UPDATE wechatpay_inbox SET due = due - 3600")
    assert await Worker(inbox, hook).drain() == 1
    assert await shop.effects() == ["EV-1"]
    await dispose(blocking)


@pytest.mark.parametrize(
    ("dialect", "error", "passes"),
    [
        ("postgresql", {"sqlstate": "40P01"}, True),
        ("postgresql", {"pgcode": "40001"}, True),
        ("postgresql", {"sqlstate": "23505"}, False),
        ("mariadb", {"args": (1213, "Deadlock found")}, True),
        ("mysql", {"args": (1205,)}, True),
        ("mysql", {"args": (1062,)}, False),
        ("sqlite", {"sqlite_errorcode": 517}, True),
        ("sqlite", {"sqlite_errorcode": 19}, False),
        ("sqlite", {}, False),
    ],
)
def test_what_passes_by_itself(dialect: str, error: dict[str, Any], passes: bool) -> None:
    """Deadlocks and locks that take too long are tried again; what is wrong isn't."""
    driver = type("DriverError", (Exception,), {})()
    for name, value in error.items():
        setattr(driver, name, value)
    assert dialect_of(dialect).is_collision(driver) is passes


@every_database
async def test_what_is_wrong_is_not_tried_again(shop: Shop) -> None:
    """A table that isn't there is an error at once, whose text shows nothing of the notification."""
    hook = webhook(inbox=SqlInbox(shop.engine))
    assert (await hook.dispatch(*notify())).status == 503
    notification = hook.open(*notify())
    message = Message.of(notification, *notify(), key=lambda n: n.id)
    with pytest.raises(DBAPIError) as caught:
        await SqlInbox(shop.engine).store(message)
    assert "EV-1" not in str(caught.value)


KILLED = """
import asyncio, os, sys
from sqlalchemy import text
from tests.sql_engines import engine_of
from tests.sql_handlers import handled_by, stopping
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, Worker
engine = engine_of(__import__("sqlalchemy").make_url(sys.argv[1]))
asyncio.run(Worker(SqlInbox(engine), handled_by(stopping(engine))).run())
"""


@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
async def test_a_worker_that_is_killed_in_the_middle(shop: Shop) -> None:
    """What its handler wrote is undone, its claim expires with the lease, and another one has it take effect once."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    url = shop.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, url, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"written\n"
    process.kill()
    await process.wait()
    assert await Worker(inbox, handled_by(writing(shop))).drain() == 0
    await shop.execute("UPDATE wechatpay_inbox SET due = due - 61")
    assert await Worker(inbox, handled_by(writing(shop))).drain() == 1
    assert await shop.effects() == ["EV-1"]
    record = (await inbox.records())[0]
    assert (record.state, record.tries) == (State.DONE, 2)


EXITING = """
import asyncio, sys
from tests.sql_engines import engine_of
from tests.sql_handlers import handled_by
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, Worker

async def handle(notification):
    sys.exit(3)

engine = engine_of(__import__("sqlalchemy").make_url(sys.argv[1]))
asyncio.run(Worker(SqlInbox(engine), handled_by(handle)).run())
"""


@pytest.mark.parametrize("shop", ["postgresql-async"], indirect=True)
async def test_a_handler_that_ends_the_program_has_failed(shop: Shop) -> None:
    """It ends its worker, and the try counts: workers that are started again aren't ended by it for ever."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    url = shop.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", EXITING, url, stderr=subprocess.DEVNULL)
    assert await process.wait() == 3
    record = (await inbox.records())[0]
    assert (record.state, record.tries, record.error) == (State.WAITING, 1, "SystemExit")
