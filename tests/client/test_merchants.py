"""Merchants of a provider, added, replaced and removed while calls are in flight."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import weakref
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.notifications.sender import Envelope, refund, sign
from wechatpay_chain import ConfigurationError, Notification, Webhook
from wechatpay_chain.client.merchants import Merchants
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.notifications import Claim, MemorySeen
from wechatpay_chain.notifications.inbox import Message
from wechatpay_chain.policies.retry import RetryPolicy

FIRST, SECOND = "1900000101", "1900000102"


@cache
def keys_of(mchid: str) -> tuple[KeyPair, KeyPair]:
    """The merchant's key and the platform's; making them takes time, so the tests share them."""
    return KeyPair.merchant(), KeyPair.wechatpay()


def platform_of(mchid: str) -> Emulator:
    """The platform of one merchant, where nothing has happened yet."""
    merchant, platform = keys_of(mchid)
    return Emulator(mchid=mchid, merchant_key=merchant, platform_keys=[platform])


class Provider:
    """Two merchants of one provider, each with the platform of its own."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, str]] = []
        self.release = asyncio.Event()
        self.entered = asyncio.Event()
        self.platforms = {mchid: platform_of(mchid) for mchid in (FIRST, SECOND)}
        for emulator in self.platforms.values():
            emulator.on("GET", "/v3/slow")(self.slow)

    async def slow(self, _call: Any) -> dict[str, Any]:
        self.entered.set()
        await self.release.wait()
        return {"done": True}

    def register(self, mchid: str, webhook: Webhook) -> None:
        @webhook.on()
        async def handle(notification: Notification[Any]) -> None:
            self.handled.append((mchid, notification.id))

    def arguments(self, mchid: str, **changes: Any) -> dict[str, Any]:
        return {**self.platforms[mchid].credentials(), "transport": self.platforms[mchid], **changes}

    def message(self, mchid: str, number: str = "1", key: KeyPair | None = None) -> tuple[dict[str, str], bytes]:
        platform = self.platforms[mchid]
        body = Envelope(id=number, apiv3_key=platform.apiv3_key).body()
        return sign(body, pair=key or platform.platform_keys[0]), body


@pytest.fixture
async def provider() -> Provider:
    """Two merchants and their platforms."""
    return Provider()


@pytest.fixture
async def merchants(provider: Provider) -> AsyncIterator[Merchants]:
    """A registry with both merchants."""
    async with Merchants(on_webhook=provider.register) as merchants:
        for mchid in (FIRST, SECOND):
            merchants.put(**provider.arguments(mchid))
        yield merchants


async def test_mapping(merchants: Merchants) -> None:
    """Merchants are found by their number."""
    assert (list(merchants), len(merchants), FIRST in merchants) == ([FIRST, SECOND], 2, True)
    merchants.remove(FIRST)
    merchants.remove(FIRST)
    assert list(merchants) == [SECOND]
    with pytest.raises(KeyError):
        merchants[FIRST]


@pytest.mark.parametrize("change", ["replace", "remove"])
async def test_demand_31_calls_in_flight(merchants: Merchants, provider: Provider, change: str) -> None:
    """A call in flight ends well though its merchant is replaced or removed meanwhile, and so does the next."""
    client = merchants[FIRST].client
    call = asyncio.create_task(client["v3/slow"].get())
    await provider.entered.wait()
    if change == "replace":
        merchants.put(**provider.arguments(FIRST))
    else:
        merchants.remove(FIRST)
    provider.release.set()
    assert (await call).json() == {"done": True}
    assert (await client["v3/slow"].get()).verified
    assert (FIRST in merchants) == (change == "replace")


@pytest.mark.parametrize("change", ["replace", "remove", "close"])
async def test_closing_waits_for_what_is_under_way(provider: Provider, change: str) -> None:
    """A late handler, with the call that it makes, and a client's call end before the connections are closed."""
    ended: list[str] = []

    def register(mchid: str, webhook: Webhook) -> None:
        @webhook.on()
        async def handle(_: Notification[Any]) -> None:
            handling.set()
            ended.append(f"handler {(await client['v3/slow'].get()).status}")

    handling = asyncio.Event()
    merchants = Merchants(on_webhook=register, deadline=0.01)
    async with merchants:
        provider.platforms[FIRST] = platform = platform_of(FIRST)
        platform.on("GET", "/v3/slow")(provider.slow)
        async with platform.listen() as base_url:
            given = provider.arguments(FIRST, transport=None, base_url=base_url)
            client = merchants.put(**given).client
            assert (await merchants.dispatch(*provider.message(FIRST), mchid=FIRST)).status == 500
            call = asyncio.create_task(client["v3/slow"].get())
            await asyncio.gather(handling.wait(), provider.entered.wait())
            if change == "replace":
                merchants.put(**given)
                merchants.put(**given)
            elif change == "remove":
                merchants.remove(FIRST)
            closing = asyncio.create_task(merchants.aclose())
            await asyncio.sleep(0.05)
            assert not closing.done()
            provider.release.set()
            await closing
            assert (ended, (await call).status) == (["handler 200"], 200)
    with pytest.raises(ConfigurationError, match="closed"):
        await client["v3/slow"].get()


async def test_removed_merchants_are_forgotten(merchants: Merchants, provider: Provider) -> None:
    """A registry keeps nothing of merchants that are put in anew again and again."""
    held = weakref.WeakSet[object]()
    for _ in range(5):
        merchants.put(**provider.arguments(FIRST))
        held.update((merchants[FIRST].client, *filter(None, [merchants[FIRST].webhook])))
        assert (await merchants.dispatch(*provider.message(FIRST), mchid=FIRST)).ok
    merchants.remove(SECOND)
    gc.collect()
    merchant = merchants[FIRST]
    assert set(held) == {merchant.client, merchant.webhook}


async def test_closing_that_is_cancelled_closes_all_the_same(provider: Provider, sessions: list[ClientSession]) -> None:
    """The connections that the merchants share are closed at once, though a call of one of them goes on."""
    merchants = Merchants()
    async with merchants:
        for mchid in (FIRST, SECOND):
            merchants.put(**provider.arguments(mchid))
        clients = [merchants[mchid].client for mchid in merchants]
        call = asyncio.create_task(clients[0]["v3/slow"].get())
        await provider.entered.wait()
        closing = asyncio.create_task(merchants.aclose())
        await asyncio.sleep(0.01)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert [session.closed for session in sessions] == [True]
        provider.release.set()
        assert (await call).json() == {"done": True}
        for client in clients:
            with pytest.raises(ConfigurationError, match="closed"):
                await client["v3/slow"].get()


async def test_a_mistake_leaves_the_old_one(merchants: Merchants, provider: Provider) -> None:
    """A replacement that is wrong changes nothing."""
    before = merchants[FIRST]
    with pytest.raises(ConfigurationError, match="apiv3_key"):
        merchants.put(**provider.arguments(FIRST, apiv3_key="short"))
    assert merchants[FIRST] is before


async def test_notifications_by_serial_and_by_url(merchants: Merchants, provider: Provider) -> None:
    """A notification finds its merchant by the key that it names, or by the URL's number."""
    assert (await merchants.dispatch(*provider.message(SECOND))).ok
    assert (await merchants.dispatch(*provider.message(FIRST), mchid=FIRST)).ok
    assert provider.handled == [(SECOND, "1"), (FIRST, "1")]
    assert (await merchants.dispatch(*provider.message(FIRST), mchid=SECOND)).status == 401
    assert (await merchants.dispatch(*provider.message(FIRST), mchid="0")).status == 404
    assert (await merchants.dispatch(*provider.message(FIRST, key=KeyPair.wechatpay()))).status == 404
    assert (await merchants.dispatch({}, b"")).status == 404
    assert (await merchants.dispatch(None, b"")).status == 404  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the wrong type
    assert len(provider.handled) == 2


async def test_headers_may_come_as_an_iterator(merchants: Merchants, provider: Provider) -> None:
    """Headers that can be read once find the merchant and are verified all the same."""
    headers, body = provider.message(SECOND)
    assert (await merchants.dispatch(iter(headers.items()), body)).ok
    assert provider.handled == [(SECOND, "1")]


@pytest.mark.parametrize(
    ("headers", "mchid", "says"),
    [
        ({"Wechatpay-Serial": "PUB_KEY_ID_1\n"}, None, r"signed by 'PUB_KEY_ID_1\n'"),
        ({}, None, "names no key, as none of APIv2 does"),
        (None, None, "request.headers"),
        ({}, "7", "for '7'"),
    ],
)
async def test_a_notification_of_nobody_is_logged(
    merchants: Merchants, caplog: pytest.LogCaptureFixture, headers: Any, mchid: str | None, says: str
) -> None:
    """Why no merchant was found stands in the log on one line, and not in the reply."""
    reply = await merchants.dispatch(headers, b"{}", mchid=mchid)
    assert (reply.status, reply.body) == (404, b'{"code":"FAIL","message":"no such merchant"}')
    (message,) = caplog.messages
    assert says in message
    assert "\n" not in message


async def test_one_key_for_several_merchants(provider: Provider) -> None:
    """Where several merchants know a key, the notification goes to the one whose APIv3 key opens it."""
    shared = KeyPair.certified()
    async with Merchants(on_webhook=provider.register) as merchants:
        for mchid in (FIRST, SECOND):
            merchants.put(**provider.arguments(mchid, certs={shared.serial: shared.public_pem}))
        assert (await merchants.dispatch(*provider.message(SECOND, key=shared))).ok
    assert provider.handled == [(SECOND, "1")]


@pytest.mark.parametrize("name", ["mchid", "sp_mchid", "combine_mchid"])
@pytest.mark.parametrize("mchid", [FIRST, SECOND])
async def test_all_keys_for_several_merchants(provider: Provider, name: str, mchid: str) -> None:
    """Where they share the APIv3 key as well, it goes to the one that is named in it, in whatever order they came."""
    shared = KeyPair.certified()
    key = provider.platforms[FIRST].apiv3_key
    async with Merchants(on_webhook=provider.register) as merchants:
        for number in (FIRST, SECOND):
            given = provider.arguments(number, certs={shared.serial: shared.public_pem}, apiv3_key=key)
            merchants.put(**given)
        body = Envelope(resource={name: mchid, "sub_mchid": "1"}, apiv3_key=key).body()
        assert (await merchants.dispatch(sign(body, pair=shared), body)).ok
    assert provider.handled == [(mchid, "EV-1")]


@pytest.mark.parametrize("named", [SECOND, "1900000999", 5, ["x"], None])
async def test_a_name_alone_opens_nothing(provider: Provider, named: Any) -> None:
    """A merchant that is named, and has another key or isn't there, isn't handed what another one's keys open."""
    shared = KeyPair.certified()
    async with Merchants(on_webhook=provider.register) as merchants:
        for number in (FIRST, SECOND):
            merchants.put(**provider.arguments(number, certs={shared.serial: shared.public_pem}))
        body = Envelope(resource={"mchid": named}, apiv3_key=provider.platforms[FIRST].apiv3_key).body()
        assert (await merchants.dispatch(sign(body, pair=shared), body)).ok
    assert provider.handled == [(FIRST, "EV-1")]


async def test_a_forged_notification_is_verified_once_for_a_shared_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forges doesn't have as many signatures checked as there are merchants with the key."""
    shared = KeyPair.certified()
    verified = 0
    verify = rsa.verify

    def counted(*arguments: Any) -> None:
        nonlocal verified
        verified += 1
        verify(*arguments)

    monkeypatch.setattr(rsa, "verify", counted)
    counts: list[int] = []
    async with Merchants(on_webhook=provider.register) as merchants:
        for number in range(8):
            certs = {shared.serial: shared.public_pem}
            arguments: dict[str, Any] = {**provider.arguments(FIRST, certs=certs), "mchid": f"190000000{number}"}
            merchants.put(**arguments)
            headers, body = provider.message(FIRST, key=shared)
            verified = 0
            assert (await merchants.dispatch(headers, body + b" ")).status in {401, 404}
            counts.append(verified)
    assert counts[-1] == counts[1]


async def test_xml_needs_the_url(provider: Provider) -> None:
    """APIv2's notifications name no key; the URL says whose they are."""
    key = "k" * 32
    body = refund({"refund_id": "1"}, key)
    async with Merchants(on_webhook=provider.register) as merchants:
        merchants.put(**provider.arguments(FIRST, apiv2_key=key))
        assert (await merchants.dispatch({}, body)).status == 404
        assert (await merchants.dispatch({}, body, mchid=FIRST)).ok


class Counting(MemorySeen):
    """A store that notes who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def claim(self, key: str, token: str) -> Claim:
        self.asked.append(key)
        return await super().claim(key, token)


@pytest.mark.parametrize("how", ["put anew", "removed and put in again", "put anew with a store, then without"])
async def test_a_merchant_put_anew_knows_what_was_handled(provider: Provider, how: str) -> None:
    """Another setting of the same merchant doesn't have its notifications handled again."""
    async with Merchants(on_webhook=provider.register) as merchants:
        for retry in (RetryPolicy(), RetryPolicy(attempts=2)):
            store = {"seen": Counting()} if retry.attempts != 2 and "store" in how else {}
            merchants.put(**provider.arguments(FIRST, retry=retry, **store))
            assert (await merchants.dispatch(*provider.message(FIRST))).ok
            if "removed" in how:
                merchants.remove(FIRST)
    assert provider.handled == [(FIRST, "1")]


async def test_every_option_of_a_webhook(provider: Provider) -> None:
    """What a webhook takes is handed through, from the registry or from the merchant, which wins."""
    shared, own = Counting(), Counting()
    async with Merchants(on_webhook=provider.register, seen=shared, max_body=9) as merchants:
        merchants.put(**provider.arguments(FIRST, seen_key=lambda n: "key of " + n.id, max_body=10_000))
        merchants.put(**provider.arguments(SECOND, seen=own, deadline=0.5, late="cancel", sign_reply=None))
        assert (await merchants.dispatch(*provider.message(FIRST))).ok
        assert (await merchants.dispatch(*provider.message(SECOND), mchid=SECOND)).status == 400
    assert (shared.asked, own.asked) == (["key of 1"], [])


async def test_merchants_share_an_inbox(provider: Provider) -> None:
    """The notifications of all merchants are stored in it, by the numbers that the shop knows them by."""
    stored: list[tuple[str, str]] = []

    class Inbox:
        async def store(self, message: Message) -> None:
            stored.append((message.key, message.number))

    async with Merchants(inbox=Inbox(), business_number=lambda n: f"number of {n.id}") as merchants:
        for mchid in (FIRST, SECOND):
            merchants.put(**provider.arguments(mchid))
            assert (await merchants.dispatch(*provider.message(mchid))).ok
    assert stored == [("1", "number of 1")] * 2
    assert provider.handled == []


async def test_an_unknown_option(provider: Provider) -> None:
    """A misspelt option is refused, and the merchant isn't put in."""
    async with Merchants() as merchants:
        with pytest.raises(TypeError, match="sean"):
            merchants.put(**provider.arguments(FIRST, sean=MemorySeen()))
        assert FIRST not in merchants


async def test_merchants_without_api_key(provider: Provider) -> None:
    """A merchant without API key makes calls and receives nothing."""
    async with Merchants() as merchants:
        assert merchants.put(**provider.arguments(FIRST, apiv3_key=None, apiv2_key=None)).webhook is None
        assert (await merchants.dispatch(*provider.message(FIRST), mchid=FIRST)).status == 404


async def test_one_pool(provider: Provider, sessions: list[ClientSession]) -> None:
    """Over sockets all merchants share one session; it closes with the registry, a session of the caller's doesn't."""
    async with provider.platforms[FIRST].listen() as base_url:
        provider.release.set()
        async with Merchants(base_url=base_url) as merchants:
            arguments = provider.platforms[FIRST].credentials()
            for _ in range(3):
                assert (await merchants.put(**arguments).client["v3/slow"].get()).verified
            (session,) = sessions
        assert session.closed


async def test_a_copy_is_the_registry_itself(provider: Provider) -> None:
    """Connections and keys are shared with a copy, also a deep one, and with no other process."""
    async with Merchants() as merchants:
        merchants.put(**provider.arguments(FIRST))
        assert copy.copy(merchants) is copy.deepcopy(merchants) is merchants
        with pytest.raises(TypeError, match="make one in each process"):
            pickle.dumps(merchants)


def test_outside_of_async_with(provider: Provider) -> None:
    """Without a pool there are no merchants."""
    with pytest.raises(ConfigurationError, match="async with"):
        Merchants().put(**provider.arguments(FIRST))
