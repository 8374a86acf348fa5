"""`SqlInbox`: messages stored once, claimed in order and one at a time, and looked after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, create_mock_engine, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.notifications.inbox.messages import message
from tests.notifications.sender import notify, webhook
from tests.sql_engines import KINDS, Shop, dispose, engine_of, run, url_of
from wechatpay_chain import ConfigurationError
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, create_tables, metadata
from wechatpay_chain.errors import DecryptionError
from wechatpay_chain.notifications.inbox import Event, Message, Patience, State
from wechatpay_chain.policies.backoff import Backoff

NUMBERS = "wechatpay_inbox_number_state"
"""The index that finds what waits of a number."""

every_kind = pytest.mark.parametrize("shop", KINDS, indirect=True)
# Each dialect once.
every_database = pytest.mark.parametrize("shop", ["sqlite", "postgresql-async", "mariadb"], indirect=True)


async def inbox_of(shop: Shop, *messages: Message, **options: Any) -> SqlInbox:
    """An inbox with these messages in it."""
    inbox = SqlInbox(shop.engine, **options)
    await inbox.create_tables()
    for each in messages:
        await inbox.store(each)
    return inbox


async def let_time_pass(shop: Shop, seconds: float = 3600) -> None:
    """Make everything that the database knows older."""
    times = ", ".join(f"{name} = {name} - {seconds}" for name in ("received", "due", "finished"))
    await shop.execute(f"UPDATE wechatpay_inbox SET {times}")


async def states(inbox: SqlInbox) -> dict[str, State]:
    """The state of each message."""
    return {record.key: record.state for record in await inbox.records()}


@every_kind
async def test_a_notification_is_stored_once(shop: Shop) -> None:
    """What comes twice is answered twice with success, and is there once, whole."""
    inbox = await inbox_of(shop)
    hook = webhook(inbox=inbox)
    sent = notify()
    replies = await asyncio.gather(*(hook.dispatch(*sent) for _ in range(4)))
    assert [reply.status for reply in replies] == [200] * 4
    claim = await inbox.claim()
    assert claim is not None
    assert inbox.message(claim).notification() == hook.open(*sent)
    assert await inbox.claim() is None


@every_kind
async def test_cancelled_while_it_claims(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is cancelled between the claim and its return leaves the message to the next, untried."""
    inbox = await inbox_of(shop, message("EV", "A1"))
    made = asyncio.Event()
    work = inbox.database.run

    async def lingering(*args: Any, **options: Any) -> Any:
        found = await work(*args, **options)
        made.set()
        await asyncio.Event().wait()
        return found

    # As if the answer to the commit were still on its way.
    monkeypatch.setattr(inbox.database, "run", lingering)
    claiming = asyncio.create_task(inbox.claim())
    await made.wait()
    monkeypatch.undo()
    claiming.cancel()
    await asyncio.wait([claiming])
    assert claiming.cancelled()
    claim = await inbox.claim()
    assert claim is not None
    assert (claim.key, claim.tries) == ("EV", 1)


@every_database
async def test_messages_of_one_number_are_handled_in_order(shop: Shop) -> None:
    """A later one of the same order waits for the earlier one, also while that waits for its next try; others don't."""
    inbox = await inbox_of(shop, message("paid", "A1"), message("refunded", "A1"), message("other", "B1"))
    paid, other = await inbox.claim(), await inbox.claim()
    assert paid is not None
    assert other is not None
    assert (paid.key, other.key, await inbox.claim()) == ("paid", "other", None)
    await inbox.settle(other, Event.HANDLED)
    await inbox.settle(paid, Event.FAILED, "KeyError")
    assert await inbox.claim() is None
    await let_time_pass(shop)
    again = await inbox.claim()
    assert again is not None
    assert (again.key, again.tries) == ("paid", 2)
    await inbox.settle(again, Event.HANDLED)
    refunded = await inbox.claim()
    assert refunded is not None
    assert refunded.key == "refunded"


async def test_looking_past_many_that_wait_for_one_number(shop: Shop) -> None:
    """Thousands that wait behind a message that is being handled cost a claim no minutes."""
    await inbox_of(shop)
    columns = "event_type, create_time, resource_type, summary, headers, body, resource, error, tries, received"
    await shop.execute(
        f"INSERT INTO wechatpay_inbox (key, number, notification_id, state, due, {columns}) "
        "SELECT 'K' || i, 'A1', '', "
        "CASE WHEN i = 1 THEN 'claimed' ELSE 'waiting' END, "
        "EXTRACT(EPOCH FROM now()) + CASE WHEN i = 1 THEN 60 ELSE -10 END, "
        "'', '', '', '', '', '', '', '', 0, 0 FROM generate_series(1, 50000) AS i"
    )
    await shop.execute("ANALYZE wechatpay_inbox")
    impatient = engine_of(shop.url, connect_args={"server_settings": {"statement_timeout": "8000"}})
    claim = await SqlInbox(impatient).claim()
    await dispose(impatient)
    assert claim is None


@pytest.mark.parametrize("shop", ["sqlite", "postgresql-async"], indirect=True)
async def test_a_claim_reads_nothing_that_is_handled(shop: Shop) -> None:
    """However many handled messages of its number go before, the plan finds what waits by number and state."""
    inbox = await inbox_of(shop)
    counts = {"D": ("'A1'", "done", 5000), "O": ("'O' || i", "waiting", 1000), "W": ("'A1'", "waiting", 50)}
    for prefix, (number, state, count) in counts.items():
        await put_many(shop, prefix, number, state, count)
    if shop.is_async:
        await shop.execute("ANALYZE wechatpay_inbox")
    _, plan = await plans_of(shop, inbox.claim)  # of what was claimed, and of what waits
    # PostgreSQL may find the claimed ones by their state alone: they are few.
    by_number = [line for line in plan.splitlines() if "number" in line and ("Index Cond" in line or "SEARCH" in line)]
    assert by_number, plan
    assert all("state" in line for line in by_number), plan


async def put_many(shop: Shop, prefix: str, number: str, state: str, count: int) -> None:
    """Store messages by a statement: keys begin with the prefix; `number` is SQL, in which `i` counts."""
    clock = "EXTRACT(EPOCH FROM now())" if shop.is_async else "unixepoch()"
    texts = "event_type, create_time, resource_type, summary, headers, body, resource, error"
    await shop.execute(
        f"WITH RECURSIVE turn (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM turn WHERE i < {count}) "
        f"INSERT INTO wechatpay_inbox (key, number, notification_id, state, due, {texts}, tries, received) "
        f"SELECT '{prefix}' || i, {number}, '', '{state}', {clock} - 10, '', '', '', '', '', '', '', '', 0, 0 FROM turn"
    )


async def plans_of(shop: Shop, work: Callable[[], Awaitable[object]]) -> list[str]:
    """How the database executes the queries of some work."""
    statements: list[tuple[str, Any]] = []
    engine = shop.engine.sync_engine if isinstance(shop.engine, AsyncEngine) else shop.engine

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    await work()
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN" if shop.is_async else "EXPLAIN QUERY PLAN"

    def plan(connection: Connection) -> list[str]:
        explained = [connection.exec_driver_sql(f"{explain} {text}", values) for text, values in statements]
        return ["\n".join(str(row[-1]) for row in rows) for rows in explained]

    return await run(shop.engine, plan)


@every_kind
async def test_no_message_is_claimed_twice(shop: Shop) -> None:
    """Many workers that claim at once get different messages, one of each number."""
    numbers = [f"N{number}" for number in range(4)]
    inbox = await inbox_of(shop, *(message(f"{number}-{turn}", number) for turn in range(2) for number in numbers))
    claims = await asyncio.gather(*(inbox.claim() for _ in range(12)))
    assert sorted(claim.key for claim in claims if claim is not None) == [f"{number}-0" for number in numbers]


@every_database
async def test_the_claim_of_a_worker_that_died_falls(shop: Shop) -> None:
    """Another one gets the message when the lease is over, and what the first one says later changes nothing."""
    inbox = await inbox_of(shop, message("EV"))
    first = await inbox.claim()
    assert first is not None
    assert await inbox.renew(first)
    await let_time_pass(shop)
    second = await inbox.claim()
    assert second is not None
    assert (second.key, second.tries) == ("EV", 2)
    await inbox.settle(first, Event.FAILED)
    assert not await inbox.renew(first)
    assert await states(inbox) == {"EV": State.CLAIMED}
    await inbox.settle(second, Event.HANDLED)
    await inbox.settle(first, Event.RELEASED)
    assert await states(inbox) == {"EV": State.DONE}


async def test_the_clock_of_the_database_counts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose clock is days off takes nobody's claim, and claims what is due."""
    inbox = await inbox_of(shop, message("EV"), message("EV-2"))
    assert await inbox.claim() is not None
    real = time.time
    for days in (-10, 10):
        monkeypatch.setattr(time, "time", lambda days=days: real() + days * 86400)
        claim = await inbox.claim()
        assert (claim.key if claim is not None else None) == ("EV-2" if days < 0 else None)
    record = (await inbox.records())[0]
    assert record.received == pytest.approx(real(), abs=3600)


@every_database
async def test_what_always_fails_is_dead_and_can_be_retried(shop: Shop) -> None:
    """After so many tries it is left alone, holds nobody up, and is handled again when somebody says so."""
    patience = Patience(Backoff(60, 60), most=2)
    inbox = await inbox_of(shop, message("EV", "A1"), message("later", "A1"), patience=patience)
    for _ in range(2):
        claim = await inbox.claim()
        assert claim is not None
        await inbox.settle(claim, Event.FAILED, "ValueError")
        await let_time_pass(shop)
    record, stored = await inbox.read("EV") or (None, None)
    assert record is not None
    assert stored is not None
    assert (record.state, record.tries, record.error) == (State.DEAD, 2, "ValueError")
    later = await inbox.claim()
    assert later is not None
    assert later.key == "later"
    assert (await inbox.count()).by_state[State.DEAD] == 1
    assert await inbox.retry() == 1
    assert await inbox.claim() is None  # one of its number is being handled
    await inbox.settle(later, Event.HANDLED)
    claim = await inbox.claim()
    assert claim is not None
    assert (claim.key, claim.tries) == ("EV", 1)


async def test_what_kills_its_worker_is_dead_in_the_end(shop: Shop) -> None:
    """A worker that dies says nothing, so the tries are counted when they begin."""
    inbox = await inbox_of(shop, message("EV"), patience=Patience(most=3))
    for _ in range(3):
        assert await inbox.claim() is not None
        await let_time_pass(shop)
    assert await inbox.claim() is None
    record = (await inbox.records())[0]
    assert (record.state, record.tries, record.error) == (State.DEAD, 3, "its worker died")


async def test_what_is_handled_is_not_retried(shop: Shop) -> None:
    """Nobody has a notification take effect twice by mistake; what waits is tried sooner."""
    inbox = await inbox_of(shop, message("done"), message("waits"))
    claim = await inbox.claim()
    assert claim is not None
    await inbox.settle(claim, Event.HANDLED)
    claim = await inbox.claim()
    assert claim is not None
    await inbox.settle(claim, Event.FAILED)
    assert await inbox.claim() is None
    assert await inbox.retry(["done", "waits", "unknown"]) == 1
    claim = await inbox.claim()
    assert claim is not None
    assert claim.key == "waits"


@every_database
async def test_personal_data_is_erased_by_number(shop: Shop) -> None:
    """Nothing of the content remains, a repetition isn't taken for a new notification, and what waits stays."""
    inbox = await inbox_of(shop, message("EV", "A1"), message("EV-2", "A1"), message("EV-3", "B1"))
    claim = await inbox.claim()
    assert claim is not None
    await inbox.settle(claim, Event.HANDLED)
    assert await inbox.forget("A1") == 1
    record, stored = await inbox.read("EV") or (None, None)
    assert record is not None
    assert (record.state, stored) == (State.FORGOTTEN, None)
    await inbox.store(message("EV", "A1"))
    assert (await states(inbox))["EV"] is State.FORGOTTEN
    columns = text(
        "SELECT headers, body, resource FROM wechatpay_inbox WHERE wechatpay_inbox.number = 'A1' ORDER BY id"
    )
    rows = await run(shop.engine, lambda connection: [tuple(row) for row in connection.execute(columns)])
    assert (rows[0][0], bytes(rows[0][1]), bytes(rows[0][2])) == ("{}", b"", b"")
    assert b"o-Ada" in bytes(rows[1][2])


@every_database
async def test_content_is_kept_for_so_long(shop: Shop) -> None:
    """Old content is erased; its row goes when the platform repeats it no more, that of APIv2 after 60 days."""
    inbox = await inbox_of(shop, message("EV"), message("v2/EV"), message("waits", "W"))
    for _ in range(2):
        claim = await inbox.claim()
        assert claim is not None
        await inbox.settle(claim, Event.HANDLED)
    assert await inbox.retain(3600) == 0
    await let_time_pass(shop, 3601)
    assert await inbox.retain(3600) == 2
    assert await states(inbox) == {"EV": State.FORGOTTEN, "v2/EV": State.FORGOTTEN, "waits": State.WAITING}
    await let_time_pass(shop, 26 * 3600)
    await inbox.retain(3600)
    assert set(await states(inbox)) == {"v2/EV", "waits"}
    await let_time_pass(shop, 60 * 86400)
    await inbox.retain(3600)
    assert set(await states(inbox)) == {"waits"}


@every_database
@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "3600"])
async def test_content_is_kept_for_a_time_that_is_one(shop: Shop, seconds: Any) -> None:
    """Nothing is erased by mistake: a time that is negative, or no number, as PostgreSQL compares it, is refused."""
    inbox = await inbox_of(shop, message("EV", "A1"))
    await shop.execute("UPDATE wechatpay_inbox SET state = 'done', finished = received")
    with pytest.raises(ConfigurationError, match="seconds"):
        await inbox.retain(seconds)
    assert await states(inbox) == {"EV": State.DONE}


async def test_counts_and_lists(shop: Shop) -> None:
    """Those who look after it see how much there is in each state, how long it waits, and find messages by number."""
    inbox = await inbox_of(shop)
    assert (await inbox.count()).oldest == 0
    for key in ("EV-1", "EV-2", "EV-3"):
        await inbox.store(message(key, "A1" if key == "EV-3" else ""))
    await let_time_pass(shop)
    claim = await inbox.claim()
    assert claim is not None
    counts = await inbox.count()
    assert {state: number for state, number in counts.by_state.items() if number} == {
        State.WAITING: 2,
        State.CLAIMED: 1,
    }
    assert 3600 <= counts.oldest < 7200
    assert [record.key for record in await inbox.records(most=2)] == ["EV-3", "EV-2"]
    assert [record.key for record in await inbox.records(number="A1")] == ["EV-3"]
    assert [record.key for record in await inbox.records(state=State.CLAIMED)] == ["EV-1"]
    assert await inbox.read("unknown") is None


@every_database
async def test_content_is_sealed_at_rest(shop: Shop) -> None:
    """With a key of the shop's, nothing of the buyer can be read in the table, nor without that key."""
    inbox = await inbox_of(shop, message("EV", "A1"), seal_key=b"k" * 32)
    columns = text("SELECT body, resource FROM wechatpay_inbox")
    row = await run(shop.engine, lambda connection: connection.execute(columns).one())
    assert b"o-Ada" not in bytes(row[0]) + bytes(row[1])
    assert b'{"id"' not in bytes(row[0])
    stored = await inbox.read("EV")
    assert stored is not None
    assert stored[1] == message("EV", "A1")
    with pytest.raises(DecryptionError, match="seal_key"):
        await SqlInbox(shop.engine, seal_key=b"x" * 32).read("EV")


@every_database
async def test_large_content_and_exact_keys(shop: Shop) -> None:
    """A body as long as the platform's longest is stored, and keys that differ in case alone are two."""
    inbox = await inbox_of(shop, message("ev", body=b"x" * 1_500_000), message("EV"))
    assert len(await states(inbox)) == 2
    stored = await inbox.read("ev")
    assert stored is not None
    assert stored[1] is not None
    assert len(stored[1].body) == 1_500_000


def test_a_program_without_event_loop(tmp_path: Path) -> None:
    """Flask, or Django under WSGI, stores with an Engine: in threads, or in the thread of the request."""
    engine = engine_of(url_of("sqlite", str(tmp_path / "shop.db")))
    asyncio.run(SqlInbox(engine).create_tables())
    hook = webhook(inbox=SqlInbox(engine))
    assert hook.dispatch_sync(*notify(id="EV-1")).ok
    assert hook.dispatch_sync(*notify(id="EV-2"), in_calling_thread=True).ok
    assert set(asyncio.run(states(SqlInbox(engine)))) == {"EV-1", "EV-2"}
    asyncio.run(dispose(engine))


@every_kind
async def test_a_table_of_an_earlier_version_gets_its_index(shop: Shop) -> None:
    """Ten workers that make the tables at once add what is missing; what is stored stays."""
    inbox = await inbox_of(shop, message("EV"))
    (new,) = (index for index in metadata.tables["wechatpay_inbox"].indexes if index.name == NUMBERS)
    await run(shop.engine, new.drop)
    await shop.execute("CREATE INDEX wechatpay_inbox_number ON wechatpay_inbox (number, id)")
    engines = [engine_of(shop.url) for _ in range(10)]
    await asyncio.gather(*(run(engine, create_tables) for engine in engines))
    found = await run(shop.engine, lambda connection: inspect(connection).get_indexes("wechatpay_inbox"))
    columns = {index["name"]: index["column_names"] for index in found}
    assert columns[NUMBERS] == ["number", "state", "id"]
    assert await states(inbox) == {"EV": State.WAITING}
    for engine in engines:
        await dispose(engine)


@every_kind
async def test_ten_workers_make_the_tables_at_once(shop: Shop) -> None:
    """On an empty database they all come up, and whoever makes the tables again changes nothing."""
    engines = [engine_of(shop.url) for _ in range(10)]
    await asyncio.gather(*(run(engine, create_tables) for engine in engines))
    inbox = SqlInbox(shop.engine)
    await inbox.store(message("EV"))
    await asyncio.gather(*(SqlInbox(engine).create_tables() for engine in engines))
    assert await states(inbox) == {"EV": State.WAITING}
    for engine in engines:
        await dispose(engine)


def test_the_tables_are_handed_to_alembic() -> None:
    """Their metadata holds both, with names that nobody else's tables have."""
    assert set(metadata.tables) == {"wechatpay_inbox", "wechatpay_seen"}
    names = {index.name for table in metadata.tables.values() for index in table.indexes}
    assert all(name is not None and name.startswith("wechatpay_") for name in names)


@pytest.mark.parametrize(
    "engine", ["postgresql://", create_mock_engine("mssql://", lambda *_: None), create_engine("sqlite://")]
)
def test_what_is_no_engine_is_refused(engine: Any) -> None:
    """A URL in an engine's place is named, and a database that every thread has its own of."""
    with pytest.raises(ConfigurationError, match="engine"):
        SqlInbox(engine)


@pytest.mark.parametrize(
    "options", [{"isolation_level": "AUTOCOMMIT"}, {"execution_options": {"isolation_level": "AUTOCOMMIT"}}]
)
def test_an_engine_that_commits_each_statement_is_refused(options: dict[str, Any]) -> None:
    """What a handler that failed had written, and the note that it was handled, would stay."""
    url = "postgresql+asyncpg://shop@localhost/shop"
    for engine in (
        create_async_engine(url, **options),
        create_engine("postgresql+psycopg://shop@localhost", **options),
    ):
        with pytest.raises(ConfigurationError, match="engine: the isolation level AUTOCOMMIT"):
            SqlInbox(engine)
    SqlInbox(create_async_engine(url, isolation_level="REPEATABLE READ"))
