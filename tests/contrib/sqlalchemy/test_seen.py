"""`SqlSeen`: a `Seen` store for many workers of one database."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text

from tests.notifications.cancelled import cancelled_while_it_claims
from tests.notifications.sender import notify, webhook
from tests.sql_engines import KINDS, Shop, run
from wechatpay_chain.contrib.sqlalchemy import SqlSeen
from wechatpay_chain.contrib.sqlalchemy import seen as module
from wechatpay_chain.notifications import Claim, Reply, Seen
from wechatpay_chain.notifications.once import Once
from wechatpay_chain.notifications.seen import HandlingSeen, RenewableSeen

every_kind = pytest.mark.parametrize("shop", KINDS, indirect=True)


async def store_of(shop: Shop) -> SqlSeen:
    """An empty store."""
    seen = SqlSeen(shop.engine)
    await seen.create_tables()
    return seen


async def let_time_pass(shop: Shop, seconds: float) -> None:
    """Make everything that the store remembers older."""
    await shop.execute(f"UPDATE wechatpay_seen SET until = until - {seconds}")


@every_kind
async def test_claims(shop: Shop) -> None:
    """One gets it; the others find it busy until it is done, or given back by the one that had it."""
    seen = await store_of(shop)
    claims = await asyncio.gather(*(seen.claim("k", f"t{number}") for number in range(8)))
    assert sorted(claims) == ["busy"] * 7 + ["claimed"]
    owner = f"t{claims.index('claimed')}"
    assert await seen.claim("k", owner) == "claimed"
    await seen.release("k", "stranger")
    assert await seen.claim("k", "late") == "busy"
    await seen.release("k", owner)
    assert await seen.claim("k", "late") == "claimed"
    await seen.confirm("k")
    await seen.release("k", "late")
    assert await seen.claim("k", "later") == "done"


@every_kind
async def test_cancelled_while_it_claims(shop: Shop) -> None:
    """A claim that was made when its caller was cancelled is given back at once; another's stays."""
    seen = await store_of(shop)
    await cancelled_while_it_claims(seen, "k")
    assert await seen.claim("k", "next") == "claimed"
    await cancelled_while_it_claims(seen, "k")
    assert await seen.claim("k", "third") == "busy"


@pytest.mark.parametrize("shop", ["sqlite", "postgresql", "mariadb"], indirect=True)
async def test_cancelled_while_a_thread_claims(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that a thread has yet to commit: it is given back after that, not before."""
    seen = await store_of(shop)
    inside, go = threading.Event(), threading.Event()
    claim = seen._claim

    def slowly(connection: Connection, key: str, token: str) -> Claim:
        found = claim(connection, key, token)
        inside.set()
        assert go.wait(60)
        return found

    async def handler() -> Reply:
        raise AssertionError("it was never claimed")

    with monkeypatch.context() as patch:
        patch.setattr(seen, "_claim", slowly)
        handling = asyncio.create_task(Once(seen).handle("k", handler))
        assert await asyncio.to_thread(inside.wait, 60)
        handling.cancel()
        asyncio.get_running_loop().call_later(0.05, go.set)
        await asyncio.wait([handling])
    assert handling.cancelled()
    assert await seen.claim("k", "next") == "claimed"


@pytest.mark.parametrize("shop", ["sqlite", "postgresql-async", "mariadb"], indirect=True)
async def test_a_claim_falls_with_its_lease(shop: Shop) -> None:
    """A worker that died holds nobody up; its renewal is refused, and what it confirms still counts."""
    seen = await store_of(shop)
    assert await seen.claim("k", "died") == "claimed"
    assert await seen.renew("k", "died")
    await let_time_pass(shop, 61)
    assert await seen.claim("k", "next") == "claimed"
    assert not await seen.renew("k", "died")
    await seen.confirm("k")
    assert await seen.claim("k", "third") == "done"
    await seen.confirm("unknown")
    assert await seen.claim("unknown", "t") == "done"


async def test_what_was_handled_is_forgotten_in_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 26 hours, APIv2's after 60 days; then the row is deleted."""
    monkeypatch.setattr(module, "_CLAIMS_BETWEEN_FORGETTING", 1)
    seen = await store_of(shop)
    await seen.confirm("k")
    await seen.confirm("v2/k")
    await let_time_pass(shop, 27 * 3600)
    assert await seen.claim("v2/k", "t") == "done"
    keys = text("SELECT wechatpay_seen.key FROM wechatpay_seen")
    assert await run(shop.engine, lambda connection: list(connection.scalars(keys))) == ["v2/k"]


async def test_a_key_that_is_no_longer_remembered_is_new(shop: Shop) -> None:
    """Whether its row was deleted or not."""
    seen = await store_of(shop)
    await seen.confirm("k")
    await let_time_pass(shop, 27 * 3600)
    assert await seen.claim("k", "t") == "claimed"


@every_kind
async def test_a_plain_handler_is_noted_after_it(shop: Shop) -> None:
    """A handler without a session works as with every other store."""
    seen = await store_of(shop)
    assert isinstance(seen, RenewableSeen)
    assert isinstance(seen, HandlingSeen)
    store: Seen = seen
    hook = webhook(seen=store)
    handled: list[str] = []
    hook.on()(lambda notification: handled.append(notification.id))
    assert [(await hook.dispatch(*notify())).status for _ in range(2)] == [200, 200]
    assert handled == ["EV-1"]
