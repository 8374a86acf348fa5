"""`with_session`: what a handler writes commits together with the note that its notification was handled."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tests.notifications.sender import notify, webhook
from tests.sql_engines import EFFECT, KINDS, Shop, dispose, engine_of
from tests.sql_handlers import handled_by, inbox_of, send, writing
from wechatpay_chain import Notification, Reply
from wechatpay_chain.contrib.sqlalchemy import SqlSeen, Worker, with_session
from wechatpay_chain.notifications.inbox import State

every_kind = pytest.mark.parametrize("shop", KINDS, indirect=True)


def fail() -> None:
    """What a handler does that fails."""
    raise KeyError("x")


@every_kind
@pytest.mark.parametrize(("fate", "status"), [(lambda: None, 200), (fail, 500), (lambda: Reply(status=400), 400)])
async def test_effect_and_note_commit_together_or_not_at_all(shop: Shop, fate: Any, status: int) -> None:
    """Handled at once: a handler that returns has its effect and is done; one that raises or refuses has neither."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen)
    hook.on()(writing(shop, fate))
    assert (await hook.dispatch(*notify())).status == status
    succeeded = status == 200
    assert await shop.effects() == (["EV-1"] if succeeded else [])
    assert await seen.claim("EV-1", "other") == ("done" if succeeded else "claimed")


@pytest.mark.parametrize("shop", ["sqlite", "postgresql-async", "mariadb"], indirect=True)
async def test_what_comes_twice_at_once_takes_effect_once(shop: Shop) -> None:
    """One is handled; the other is told to come again, or that it was handled."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen)
    hook.on()(writing(shop))
    replies = await asyncio.gather(*(hook.dispatch(*notify()) for _ in range(4)))
    assert {reply.status for reply in replies} <= {200, 503}
    assert 200 in {reply.status for reply in replies}
    assert await shop.effects() == ["EV-1"]


@pytest.mark.parametrize("shop", ["sqlite-async", "postgresql-async"], indirect=True)
async def test_a_claim_that_fell_writes_nothing(shop: Shop) -> None:
    """A worker that slept through its lease finds its claim another's before its handler begins."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    claim = inbox.claim

    async def claim_and_sleep() -> Any:
        claimed = await claim()
        if claimed is not None:
            await shop.execute("UPDATE wechatpay_inbox SET token = 'other'")
        return claimed

    inbox.claim = claim_and_sleep  # type: ignore[method-assign]  # another worker comes between
    assert await Worker(inbox, handled_by(writing(shop))).drain() == 0
    assert await shop.effects() == []


def acting(shop: Shop, *acts: str) -> Any:
    """A handler that writes its effect, and then does something with its session."""
    if shop.is_async:

        @with_session
        async def write(notification: Notification[Any], session: AsyncSession) -> None:
            await session.run_sync(act, notification.id, acts)

        return write

    @with_session
    def write_in_thread(notification: Notification[Any], session: Session) -> None:
        act(session, notification.id, acts)

    return write_in_thread


def act(session: Session, word: str, acts: tuple[str, ...]) -> None:
    """Write an effect, and then do something with the session."""
    for name in ("write", *acts):
        match name:
            case "write":
                session.execute(text(EFFECT), {"word": word})
            case "begin":
                with session.begin():
                    session.execute(text(EFFECT), {"word": word})
            case "swallow":
                with pytest.raises(DBAPIError):
                    session.execute(text("INSERT INTO nowhere VALUES (1)"))
            case "fail":
                fail()
            case _:
                getattr(session, name)()


@every_kind
@pytest.mark.parametrize(
    ("acts", "effects"),
    [
        (("commit",), 1),
        (("commit", "begin"), 2),
        (("commit", "fail"), None),
        (("rollback",), 0),
        (("swallow", "rollback", "write"), 1),
        (("rollback", "fail"), None),
    ],
)
async def test_a_handlers_own_commit_and_rollback_end_no_transaction(
    shop: Shop, acts: tuple[str, ...], effects: int | None
) -> None:
    """What it did since its last rollback commits with the note if it returns; if it raises, neither does."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen)
    hook.on()(acting(shop, *acts))
    assert (await hook.dispatch(*notify())).status == (500 if effects is None else 200)
    assert await shop.effects() == ["EV-1"] * (effects or 0)
    assert await seen.claim("EV-1", "other") == ("claimed" if effects is None else "done")


@every_kind
async def test_a_transaction_that_the_database_undid_is_no_success(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL undoes all when a statement fails, even if its error is caught: that is a try that failed."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    is_undone = shop.kind.startswith("postgresql")
    assert await Worker(inbox, handled_by(acting(shop, "swallow"))).drain() == (not is_undone)
    assert await shop.effects() == ([] if is_undone else ["EV-1"])
    record = (await inbox.records())[0]
    assert (record.state, bool(record.error)) == (State.WAITING if is_undone else State.DONE, is_undone)
    assert ("current transaction is aborted" in caplog.text) is is_undone


async def test_a_handler_that_is_cancelled_is_undone(shop: Shop) -> None:
    """A late handler that is cancelled has no effect, its claim is given back, and a repetition is handled."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen, deadline=0.3, late="cancel")
    patience = [60.0, 0.0]

    @hook.on()
    @with_session
    async def handle(notification: Notification[Any], session: AsyncSession) -> None:
        await session.execute(text(EFFECT), {"word": notification.id})
        await asyncio.sleep(patience.pop(0))

    assert (await hook.dispatch(*notify())).status == 500
    await hook.aclose()
    assert await shop.effects() == []
    hook._delivery._deadline = 60
    assert (await hook.dispatch(*notify())).ok
    assert await shop.effects() == ["EV-1"]


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize("in_calling_thread", [False, True])
async def test_a_program_without_event_loop(shop: Shop, in_calling_thread: bool) -> None:
    """The handler has its session, whichever thread it runs in."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen)
    hook.on()(writing(shop))
    dispatching = [partial(hook.dispatch_sync, *notify(), in_calling_thread=in_calling_thread)] * 2
    assert [(await asyncio.to_thread(dispatch)).status for dispatch in dispatching] == [200, 200]
    assert await shop.effects() == ["EV-1"]


async def test_outside_of_a_claim_there_is_no_session(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A handler with a session needs a store of this package; the log says so, and the platform sends again."""
    hook = webhook()
    hook.on()(writing(shop))
    assert (await hook.dispatch(*notify())).status == 500
    assert "Webhook(seen=SqlSeen(...))" in caplog.text


@pytest.mark.parametrize(
    ("shop", "needed"), [("sqlite", "an AsyncEngine"), ("sqlite-async", "an Engine")], indirect=["shop"]
)
async def test_handler_and_engine_are_of_one_kind(shop: Shop, needed: str, caplog: pytest.LogCaptureFixture) -> None:
    """A coroutine function needs an AsyncEngine and a function an Engine: the log names which."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen)
    if shop.is_async:

        @hook.on()
        @with_session
        def handle(notification: Notification[Any], session: Session) -> None: ...
    else:

        @hook.on()
        @with_session
        async def handle_here(notification: Notification[Any], session: AsyncSession) -> None: ...

    assert (await hook.dispatch(*notify())).status == 500
    assert f"needs {needed}" in caplog.text


COLLIDE = "DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '{}'; END $$"


def colliding(shop: Shop, *codes: str) -> tuple[list[str], Any]:
    """A handler that meets these errors of PostgreSQL, one each time that it is called; and its calls."""
    calls: list[str] = []
    left = list(codes)

    def meet(session: Session, word: str) -> None:
        calls.append(word)
        session.execute(text(EFFECT), {"word": word})
        if left:
            session.execute(text(COLLIDE.format(left.pop())))

    if shop.is_async:

        @with_session
        async def write(notification: Notification[Any], session: AsyncSession) -> None:
            await session.run_sync(meet, notification.id)

        return calls, write

    @with_session
    def write_in_thread(notification: Notification[Any], session: Session) -> None:
        meet(session, notification.id)

    return calls, write_in_thread


@pytest.mark.parametrize("shop", ["postgresql", "postgresql-async"], indirect=True)
@pytest.mark.parametrize(
    ("codes", "calls", "state"),
    [
        (["40001"], 2, State.DONE),
        (["40P01", "55P03"], 3, State.DONE),
        (["40001"] * 9, 6, State.WAITING),
        (["23505"], 1, State.WAITING),
    ],
    ids=["serialization", "deadlock and lock", "always", "another error"],
)
async def test_a_transaction_that_others_were_in_the_way_of_is_made_anew(
    shop: Shop, codes: list[str], calls: int, state: State
) -> None:
    """Within the same try, up to six times; any other error of the database fails it at once."""
    inbox = await inbox_of(shop)
    await send(inbox, "EV-1")
    called, handler = colliding(shop, *codes)
    handled = await Worker(inbox, handled_by(handler)).drain()
    (record,) = await inbox.records()
    assert (called, record.state, record.tries) == (["EV-1"] * calls, state, 1)
    assert (handled, await shop.effects()) == ((1, ["EV-1"]) if state is State.DONE else (0, []))


async def test_a_transaction_is_made_anew_at_once_too(shop: Shop) -> None:
    """With `SqlSeen`: the platform is answered with success, and sends nothing again."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    hook = webhook(seen=seen)
    called, handler = colliding(shop, "40001")
    hook.on()(handler)
    assert (await hook.dispatch(*notify())).status == 200
    assert (called, await shop.effects()) == (["EV-1"] * 2, ["EV-1"])


async def test_handlers_that_are_serialized(shop: Shop) -> None:
    """Two that read what the other writes: one of them is called again, sees it, and neither has failed."""
    engine = engine_of(shop.url, isolation_level="SERIALIZABLE")
    inbox = await inbox_of(Shop(shop.kind, engine, shop.url))
    await send(inbox, "EV-1", "EV-2")
    both = asyncio.Barrier(2)
    counted: list[int] = []

    @with_session
    async def count(notification: Notification[Any], session: AsyncSession) -> None:
        counted.append((await session.execute(text("SELECT count(*) FROM effect"))).scalar_one())
        if len(counted) <= 2:
            await both.wait()
        await session.execute(text(EFFECT), {"word": notification.id})

    assert await Worker(inbox, handled_by(count), concurrency=2).drain() == 2
    assert [record.tries for record in await inbox.records()] == [1, 1]
    assert counted == [0, 0, 1]
    await dispose(engine)
