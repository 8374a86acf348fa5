"""Handling a notification once: the claim, its renewal, and what is noted in the end."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

import pytest

from tests.notifications.by_hand import ByHand
from tests.notifications.sender import notify, refund, webhook, xml
from wechatpay_chain import Notification
from wechatpay_chain.notifications import Claim, MemorySeen, RenewableSeen, Reply, Seen
from wechatpay_chain.notifications.once import KeptClaims, Once
from wechatpay_chain.notifications.seen import V2_KEYS


class Failing(MemorySeen):
    """A store that fails where it is told to."""

    def __init__(self, *methods: str) -> None:
        super().__init__(lease=0.03)
        self.methods = methods

    async def renew(self, key: str, token: str) -> bool:
        if "renew" in self.methods:
            raise ConnectionError("down")
        return await super().renew(key, token)

    async def confirm(self, key: str) -> None:
        if "confirm" in self.methods:
            raise TimeoutError
        await super().confirm(key)

    async def release(self, key: str, token: str) -> None:
        if "release" in self.methods:
            raise TimeoutError
        await super().release(key, token)


class Plain:
    """A store of a user's own, from before claims could be renewed."""

    def __init__(self) -> None:
        self.done: set[str] = set()

    async def claim(self, key: str, token: str) -> Claim:
        return "done" if key in self.done else "claimed"

    async def confirm(self, key: str) -> None:
        self.done.add(key)

    async def release(self, key: str, token: str) -> None:
        pass


async def test_a_claim_is_renewed_while_its_handler_runs() -> None:
    """A handler that takes longer than the lease keeps its claim: a second worker finds it busy."""
    seen = ByHand(lease=0.03)
    found: list[Claim] = []

    async def handle() -> Reply:
        for _ in range(4):
            await seen.pass_time(0.02)
            found.append(await seen.claim("k", "second"))
        return Reply()

    assert await Once(seen).handle("k", handle) == Reply()
    assert found == ["busy"] * 4
    assert await seen.claim("k", "second") == "done"


def test_claims_of_one_loop_after_another() -> None:
    """All claims that are held are renewed, several in one loop and those of a loop that comes later."""

    class Noting(MemorySeen):
        async def renew(self, key: str, token: str) -> bool:
            renewed[key].set()
            return await super().renew(key, token)

    async def until_renewed(key: str) -> Reply:
        await asyncio.wait_for(renewed[key].wait(), 20)
        return Reply()

    async def handle(*keys: str) -> list[Reply | str]:
        renewed.update({key: asyncio.Event() for key in keys})
        return [*await asyncio.gather(*(once.handle(key, partial(until_renewed, key)) for key in keys))]

    renewed: dict[str, asyncio.Event] = {}
    once = Once(Noting(lease=0.03))
    assert asyncio.run(handle("a", "b")) == [Reply(), Reply()]
    assert asyncio.run(handle("c")) == [Reply()]


class Lingering(MemorySeen):
    """A store whose renewal takes long, and lingers where it is cancelled, as a driver may."""

    def __init__(self) -> None:
        super().__init__(lease=0.3)
        self.renewing, self.cancelled, self.goes = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def renew(self, key: str, token: str) -> bool:
        self.renewing.set()
        try:
            await asyncio.sleep(60)
        finally:
            self.cancelled.set()
            await self.goes.wait()
        return True


async def test_cancelled_after_its_handler() -> None:
    """Who cancels while the end of a renewal is waited for comes too late: what was handled isn't handled again."""
    seen = Lingering()
    once = Once(seen)

    async def handler() -> Reply:
        await seen.renewing.wait()
        return Reply()

    first = asyncio.create_task(once.handle("A", handler))
    await seen.cancelled.wait()
    first.cancel()
    seen.goes.set()
    await asyncio.wait([first])
    assert await once.handle("A", handler) == "done"


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="tasks start at once from Python 3.12 on")
async def test_claims_are_renewed_where_tasks_start_at_once() -> None:
    """A claim that is found lost within the walk over all claims doesn't end the renewal of the others."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009 - checkers for 3.11 don't know it
    renewed = asyncio.Event()

    async def lost() -> bool:
        return False

    async def kept() -> bool:
        renewed.set()
        return True

    claims = KeptClaims(0.3)
    try:
        async with claims.kept(lost), claims.kept(lost):
            await asyncio.sleep(0.2)
            async with claims.kept(kept):
                await asyncio.wait_for(renewed.wait(), 30)
    finally:
        loop.set_task_factory(before)


async def test_a_claim_that_was_lost_is_left_to_the_other() -> None:
    """A worker that slept through its lease doesn't take the claim back."""
    seen = MemorySeen(lease=0.03)

    async def handle() -> Reply:
        seen._claims["k"] = ("other", seen._clock() + 60)
        await asyncio.sleep(0.05)
        return Reply(status=500)

    await Once(seen).handle("k", handle)
    assert seen._claims["k"][0] == "other"


@pytest.mark.parametrize("failing", ["renew", "confirm", "release"])
async def test_a_store_that_fails_later(failing: str, caplog: pytest.LogCaptureFixture) -> None:
    """What was handled is handled, and what failed has failed, whatever becomes of the store: it is logged."""
    caplog.set_level(logging.ERROR)

    async def handle() -> Reply:
        await asyncio.sleep(0.03)
        return Reply(status=500 if failing == "release" else 200)

    reply = await Once(Failing(failing)).handle("k", handle)
    assert isinstance(reply, Reply)
    assert reply.ok == (failing != "release")
    assert "could not be renewed" in caplog.text if failing == "renew" else "store" in caplog.text


async def test_a_store_without_renewal() -> None:
    """A store of a user's own with the three methods works as ever."""
    plain: Seen = Plain()
    assert not isinstance(plain, RenewableSeen)
    hook = webhook(seen=plain)
    handled: list[str] = []
    hook.on()(lambda notification: handled.append(notification.id))
    assert [(await hook.dispatch(*notify())).status for _ in range(2)] == [200, 200]
    assert handled == ["EV-1"]


@pytest.mark.parametrize("after", [27 * 3600.0, 400 * 24 * 3600.0])
async def test_a_recorded_apiv2_notice_stays_out(after: float) -> None:
    """APIv2's notices carry no time that is checked: they are remembered for longer than the platform repeats them."""
    now = 0.0
    hook = webhook(seen=MemorySeen(clock=lambda: now))
    handled: list[str] = []
    hook.on()(lambda notification: handled.append(notification.event_type))
    codes = {"return_code": "SUCCESS", "result_code": "SUCCESS"}
    notices = [
        xml({**codes, "mch_id": "1", "transaction_id": "42", "time_end": "20200101000000"}),
        refund({"refund_id": "1"}),
    ]
    for _ in range(2):
        for notice in notices:
            assert (await hook.dispatch({}, notice)).ok
        now += after
    assert sorted(handled) == ["v2/refund-processed", "v2/transaction-success"]


async def test_the_versions_have_keys_apart() -> None:
    """A store sees which notices are APIv2's, by the beginning of their keys."""

    class Noting(MemorySeen):
        async def confirm(self, key: str) -> None:
            confirmed.append(key)
            await super().confirm(key)

    confirmed: list[str] = []
    hook = webhook(seen=Noting(), seen_key=lambda notification: "key")

    @hook.on()
    async def handle(notification: Notification[Any]) -> None:
        pass

    await hook.dispatch(*notify())
    await hook.dispatch({}, refund({"refund_id": "1"}))
    assert confirmed == ["key", V2_KEYS + "key"]
