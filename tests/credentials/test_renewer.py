"""How platform certificates are renewed, and that no call suffers from it."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.notifications.sender import Envelope, merchant, sign, stranger
from wechatpay_chain import (
    ConfigurationError,
    DecodeError,
    DecryptionError,
    Forbidden,
    Notification,
    Request,
    Response,
    SignatureError,
    SyncWeChatPay,
    TimedOut,
    Webhook,
    WeChatPay,
    WeChatPayError,
)
from wechatpay_chain.credentials.certificate_download import MAINLAND, OVERSEAS
from wechatpay_chain.credentials.platform_keys import PlatformKey, PlatformKeys, load_platform_keys
from wechatpay_chain.credentials.renewal import Pace, Renewal
from wechatpay_chain.credentials.trust_store import TrustStore
from wechatpay_chain.crypto import serials
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.faults import Refuse
from wechatpay_chain.policies.retry import RetryPolicy

CERTIFICATES = "/v3/certificates"
DAY = 86400.0


class World:
    """The emulator with a clock that can be put forward, and a look at what was asked of it."""

    def __init__(self, *keys: KeyPair) -> None:
        self.now = time.time()
        self.emulator = Emulator(merchant_key=merchant(), platform_keys=keys, clock=lambda: self.now)
        self.emulator.on("GET", "/v3/ping")(lambda call: {})
        self.monotonic: Callable[[], float] | None = None
        self.pauses: list[float] = []
        self.downloads = 0
        self._next = asyncio.Event()
        self.serials: list[str] = []

    async def __call__(self, request: Request) -> Response[Any]:
        """Answer, slowly enough for others to ask meanwhile."""
        await asyncio.sleep(0.002)
        if request.path == CERTIFICATES:
            self.downloads += 1
        response = await self.emulator(request)
        self.serials.append(response.headers.get("Wechatpay-Serial", ""))
        return response

    def renewal(self, **options: Any) -> Renewal:
        """Renewal without pauses between clients, whose intervals go by `monotonic`, or else by `now`."""
        own = self.monotonic
        options = {"pace": Pace(1e6), "monotonic": lambda: self.now if own is None else own(), **options}
        return Renewal(sleep=self._pause, **options)

    async def renewed(self) -> None:
        """Let the pause before the next download end, and wait for the pause that follows."""
        await until(lambda: bool(self.pauses))
        made = len(self.pauses)
        self._next.set()
        await until(lambda: len(self.pauses) > made)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self._next.wait()
        self._next.clear()

    def client(self, *certs: KeyPair, **options: Any) -> WeChatPay:
        """A client that knows only these keys."""
        given = {pair.serial: pair.public_pem for pair in certs}
        options = {"renewal": self.renewal(), "transport": self, "clock": lambda: self.now, **options}
        return WeChatPay(**self.emulator.credentials(**{"certs": given or None, **options}))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - many different things are waited for, which tell nobody
            await asyncio.sleep(0.002)


async def call(wxpay: WeChatPay) -> Response[Any]:
    """Any call."""
    return await wxpay["v3/ping"].get()


@pytest.fixture(scope="module")
def old() -> KeyPair:
    """A platform certificate with a hundred days left."""
    return KeyPair.certified(datetime.now(UTC) - timedelta(days=5 * 365 - 100))


@pytest.fixture(scope="module")
def new() -> KeyPair:
    """The certificate that follows it."""
    return KeyPair.certified()


@pytest.fixture(scope="module")
def public() -> KeyPair:
    """A WeChat Pay public key."""
    return KeyPair.wechatpay()


def keys_of(*pairs: KeyPair, **options: Any) -> PlatformKeys:
    """A snapshot of these keys."""
    return load_platform_keys({pair.serial: pair.public_pem for pair in pairs}, **options)


def files_in(folder: Path) -> list[str]:
    """The names of the files there."""
    return [path.name for path in folder.iterdir()]


def preferred(keys: PlatformKeys) -> str | None:
    """The serial that requests would name."""
    return keys.preferred.serial if keys.preferred else None


async def test_mode_is_told_to_the_platform(old: KeyPair, public: KeyPair) -> None:
    """`prefer` decides what `Wechatpay-Serial` asks for; the answer follows it; both are believed."""
    for prefer, expected in (("public_key", public), ("certificate", old)):
        world = World(old, public)
        async with world.client(old, public, prefer=prefer, renewal=None) as wxpay:
            await call(wxpay)
        assert world.serials == [expected.serial]


async def test_bootstrap_without_any_key(old: KeyPair) -> None:
    """Without any key the certificates are downloaded first, verified by what they brought, and then used."""
    world = World(old)
    async with world.client() as wxpay:
        assert wxpay.trust.keys.preferred is None
        answers = await asyncio.gather(*(call(wxpay) for _ in range(20)))
    assert all(answer.verified for answer in answers)
    assert world.downloads == 1


@pytest.mark.parametrize("options", [{"renewal": None}, {"apiv3_key": None}])
async def test_bootstrap_needs_a_key_and_renewal(old: KeyPair, options: Any) -> None:
    """Without certificates and without a way to get them nothing could be verified, and that is said at once."""
    with pytest.raises(ConfigurationError, match=r"certs|apiv3_key"):
        World(old).client(**options)


async def test_a_certificate_under_another_serial(old: KeyPair) -> None:
    """What is told is what came: nobody named it, and nobody can."""
    async with World(replace(old, serial="A" * 40)).client() as wxpay:
        with pytest.raises(DecodeError, match=rf"'A{{40}}' can't be used: a certificate with the serial {old.serial}"):
            await call(wxpay)


async def test_demand_10_wrong_apiv3_key(old: KeyPair) -> None:
    """A wrong APIv3 key is named when certificates don't open."""
    async with World(old).client(apiv3_key="x" * 32) as wxpay:
        with pytest.raises(DecryptionError, match="APIv3 key"):
            await call(wxpay)


async def test_demand_08_public_key_merchant(public: KeyPair) -> None:
    """A merchant who has no certificates is told to use the public key (404)."""
    async with World(public).client() as wxpay:
        with pytest.raises(ConfigurationError, match=r"RESOURCE_NOT_EXISTS.*PUB_KEY_ID_"):
            await call(wxpay)


@pytest.mark.parametrize(("status", "code"), [(500, "SYSTEM_ERROR"), (404, "NOT_FOUND")])
async def test_demand_08_other_forms(status: int, code: str) -> None:
    """The other answers that such a merchant gets carry the same advice."""

    async def transport(request: Request) -> Response[Any]:
        return Response(status=status, content=json.dumps({"code": code, "message": "x"}).encode(), request=request)

    arguments = {
        **Emulator(merchant_key=merchant(), platform_keys=[stranger()]).credentials(),
        "certs": None,
        "transport": transport,
        "renewal": Renewal(),
        "retry": RetryPolicy(base=0.001),
    }
    async with WeChatPay(**arguments) as wxpay:
        with pytest.raises(WeChatPayError) as caught:
            await call(wxpay)
    assert caught.value.outcome == "not_sent"
    told = [str(caught.value), *getattr(caught.value, "__notes__", [])]
    assert any("WeChat Pay public key" in text for text in told)


async def test_demand_08_public_key_and_renewal(public: KeyPair, caplog: pytest.LogCaptureFixture) -> None:
    """With a public key such a merchant's calls work; the failing download only shows in the log."""
    caplog.set_level(logging.WARNING)
    world = World(public)
    async with world.client(public) as wxpay:
        assert (await call(wxpay)).verified
        await until(lambda: "no certificates for this merchant" in caplog.text)
        assert (await call(wxpay)).verified
    assert world.downloads == 1
    assert "no certificates for this merchant" in caplog.text


async def test_demand_14_other_host(old: KeyPair) -> None:
    """The download takes the client's own way: its base URL, over a socket."""
    emulator = Emulator(merchant_key=merchant(), platform_keys=(old,))
    emulator.on("GET", "/v3/ping")(lambda call: {})
    async with emulator.listen() as base_url:
        arguments = {**emulator.credentials(), "certs": None, "base_url": base_url, "renewal": Renewal()}
        async with WeChatPay(**arguments) as wxpay:
            assert (await call(wxpay)).verified
    assert [entry.path for entry in emulator.calls] == [CERTIFICATES, "/v3/ping"]


def test_blocking_client(old: KeyPair) -> None:
    """The blocking client downloads and renews like the other, and ends it when it is closed."""
    world = World(old)
    arguments = {**world.emulator.credentials(), "certs": None, "transport": world, "renewal": Renewal(pace=Pace(1e6))}
    with SyncWeChatPay(**arguments) as wxpay:
        assert wxpay["v3/ping"].get().verified
        assert wxpay["v3/ping"].get().verified
    assert world.downloads == 1


@pytest.mark.parametrize("knows_a_key", [True, False])
async def test_a_first_call_after_renewal_was_stopped(old: KeyPair, knows_a_key: bool) -> None:
    """Nothing is renewed in the background any more; a client without any key still downloads its first ones."""
    world = World(old)
    async with world.client(*([old] if knows_a_key else [])) as wxpay:
        wxpay.stop_renewing()
        assert (await call(wxpay)).verified
        assert [task for task in asyncio.all_tasks() if "_keep_renewing()" in repr(task)] == []
    assert world.downloads == (not knows_a_key)


@pytest.mark.parametrize("has_ended", [True, False])
def test_closed_in_another_loop(old: KeyPair, has_ended: bool) -> None:
    """A client whose loop has ended, or stands still, is closed in another one, and renews no more."""
    client = World(old).client()
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        assert runner.run(call(client)).verified
        renewing = next(task for task in asyncio.all_tasks(loop) if "_keep_renewing()" in repr(task))
        if not has_ended:
            asyncio.run(client.aclose())
            runner.run(asyncio.wait([renewing], timeout=10))
            assert renewing.cancelled()
    asyncio.run(client.aclose())
    client.stop_renewing()


async def test_stopped_by_another_thread(old: KeyPair) -> None:
    """Renewal ends, and asyncio's debug mode finds nothing that another thread mustn't do."""
    asyncio.get_running_loop().set_debug(True)
    async with World(old).client(old) as wxpay:
        await call(wxpay)
        renewing = next(task for task in asyncio.all_tasks() if "_keep_renewing()" in repr(task))
        await asyncio.to_thread(wxpay.stop_renewing)
        await asyncio.wait([renewing], timeout=10)
        assert renewing.cancelled()


@pytest.mark.parametrize("stopped", [False, True])
async def test_closed_while_it_downloads(old: KeyPair, stopped: bool) -> None:
    """A client that is closed while it waits for its first certificates says so to the calls that wait."""
    entered = asyncio.Event()

    async def hangs(_request: Request) -> Response[Any]:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError("nothing wakes it")

    client = World(old).client(transport=hangs)
    if stopped:
        client.stop_renewing()
    waiting = asyncio.create_task(call(client))
    await entered.wait()
    await client.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("order", [("_keep_renewing", "_renew"), ("_renew", "_keep_renewing")])
async def test_cancelled_while_it_downloads(old: KeyPair, order: tuple[str, str]) -> None:
    """When a program ends without closing its client, renewal ends with it, in whatever order its tasks are told."""
    pace = Pace(1e6)
    world = World(old)
    async with world.client(old, renewal=Renewal(pace=pace)) as wxpay:
        pace._next = float("inf")  # the download waits for its turn
        await call(wxpay)
        tasks = [task for name in order for task in asyncio.all_tasks() if f"Renewer.{name}()" in repr(task)]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=5)
        assert [task.cancelled() for task in tasks] == [True, True]


async def test_unknown_serial_in_an_answer(old: KeyPair, new: KeyPair) -> None:
    """An answer by a certificate that came overnight is verified after one download, however many wait for it."""
    world = World(old)
    async with world.client(old) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.02)
        before, world.now = world.downloads, world.now + 3600
        world.emulator.platform_keys = (new,)
        answers = await asyncio.gather(*(call(wxpay) for _ in range(50)))
        assert all(answer.verified for answer in answers)
        assert world.downloads == before + 1
        assert preferred(wxpay.trust.keys) == new.serial
        assert wxpay.trust.keys.find(old.serial) is not None


async def test_demand_13_unknown_serials_cost_one_download(old: KeyPair) -> None:
    """Twenty answers by twenty unknown keys cost at most one download, and a failed one empties nothing."""
    world = World(old)

    async def tampered(request: Request) -> Response[Any]:
        response = await world(request)
        if request.path == CERTIFICATES:
            return response
        serial = serials.from_number(len(world.serials) + 1000)
        return replace(response, headers=response.headers.merge({"Wechatpay-Serial": serial}))

    async with world.client(old, transport=tampered) as wxpay:
        for _ in range(20):
            with pytest.raises(SignatureError, match="unknown key"):
                await call(wxpay)
        world.now += 120
        before = world.downloads
        for _ in range(20):
            with pytest.raises(SignatureError, match="unknown key"):
                await call(wxpay)
        assert world.downloads - before <= 1
        assert wxpay.trust.keys.find(old.serial) is not None


async def test_demand_13_a_missed_rotation_recovers(old: KeyPair, new: KeyPair) -> None:
    """A client that was down during the rotation, with a cache of the old certificate only, recovers by itself."""
    world = World(new)
    async with world.client(old) as wxpay:
        assert (await call(wxpay)).verified


class Fails:
    """A platform whose downloads fail after the first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.failing = False

    async def __call__(self, request: Request) -> Response[Any]:
        if request.path == CERTIFICATES and self.failing:
            self.world.downloads += 1
            return Response(status=200, content=b'{"data":[]}', request=request)
        return await self.world(request)


async def test_demand_13_failed_renewal_empties_nothing(old: KeyPair) -> None:
    """A download that fails, or that lists nothing, leaves the certificates in use alone."""
    world = World(old)
    transport = Fails(world)
    async with world.client(transport=transport) as wxpay:
        await call(wxpay)
        transport.failing = True
        world.now += 3600
        await wxpay.trust.fetch(serials.from_number(7), 5.0)
        assert world.downloads == 2
        assert (await call(wxpay)).verified


async def test_expired_ones_go(old: KeyPair, new: KeyPair) -> None:
    """An expired certificate leaves the store with the next renewal, and one still valid stays though unlisted."""
    world = World(old)
    async with world.client() as wxpay:
        await call(wxpay)
        world.emulator.platform_keys = (new,)
        world.now += 3600
        await world.renewed()
        assert {key.serial for key in wxpay.trust.keys} == {old.serial, new.serial}
        world.now += 101 * DAY
        await world.renewed()
        assert {key.serial for key in wxpay.trust.keys} == {new.serial}


async def test_renewal_on_time(old: KeyPair, new: KeyPair) -> None:
    """The background task downloads again after its interval, shortened by chance, and ends with the client."""
    world = World(old)
    before = asyncio.all_tasks()
    async with world.client(old) as wxpay:
        await call(wxpay)
        world.emulator.platform_keys = (old, new)
        for _ in range(3):
            await world.renewed()
        assert preferred(wxpay.trust.keys) == new.serial
        assert world.downloads == 4
    assert asyncio.all_tasks() == before
    assert all(0.75 * 8 * 3600 <= seconds <= 8 * 3600 for seconds in world.pauses)


async def test_expiring_is_reported(old: KeyPair, new: KeyPair, caplog: pytest.LogCaptureFixture) -> None:
    """The end of the last certificate is logged and reported well ahead; with a newer one there is nothing to say."""
    told: list[PlatformKey] = []
    renewal = Renewal(warn_before=120 * DAY, on_expiring=told.append, pace=Pace(1e6))
    async with World(old).client(renewal=renewal) as wxpay:
        await call(wxpay)
    assert {key.serial for key in told} == {old.serial}
    assert "expires at" in caplog.text
    told.clear()
    async with World(old, new).client(renewal=renewal) as wxpay:
        await call(wxpay)
    assert told == []


async def test_a_hook_that_fails(old: KeyPair, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hook that raises stands in the log; calls, cache and renewal go on."""

    def fails(_key: PlatformKey) -> None:
        raise ZeroDivisionError("the hook's own")

    cache = tmp_path / "certificates.json"
    world = World(old)
    renewal = world.renewal(warn_before=120 * DAY, on_expiring=fails, cache=cache)
    async with world.client(renewal=renewal) as wxpay:
        assert (await call(wxpay)).verified
        await world.renewed()
        assert (await call(wxpay)).verified
    assert cache.exists()
    assert "the hook's own" in caplog.text


async def test_demand_13_renewal_survives_anything(old: KeyPair) -> None:
    """A transport that raises what no one expects delays the renewal, and the next one succeeds."""
    world, is_down = World(old), True

    async def transport(request: Request) -> Response[Any]:
        if is_down:
            raise ZeroDivisionError
        return await world(request)

    async with world.client(old, transport=transport, retry=RetryPolicy(attempts=1)) as wxpay:
        with pytest.raises(WeChatPayError):
            await call(wxpay)
        await until(lambda: bool(world.pauses))
        is_down = False
        await world.renewed()
        assert world.downloads == 1
    assert world.pauses[0] <= 60


async def test_cache(old: KeyPair, tmp_path: Path) -> None:
    """What was downloaded is kept in a file for its owner alone; after a restart the platform isn't needed."""
    world, cache = World(old), tmp_path / "certificates.json"
    renewal = Renewal(cache=cache, pace=Pace(1e6))
    async with world.client(renewal=renewal) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.05)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    assert files_in(tmp_path) == [cache.name]
    assert "BEGIN" not in cache.read_text()
    restarted = world.client(renewal=renewal)
    assert preferred(restarted.trust.keys) == old.serial


@pytest.mark.parametrize("content", [b"", b"{}", b'{"data":[{}]}', b'{"data":7}', b"\xff"])
async def test_damaged_cache(old: KeyPair, tmp_path: Path, content: bytes) -> None:
    """A damaged cache is ignored and written anew."""
    world, cache = World(old), tmp_path / "certificates.json"
    cache.write_bytes(content)
    async with world.client(renewal=Renewal(cache=cache, pace=Pace(1e6))) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.05)
    assert len(json.loads(cache.read_bytes())["data"]) == 1


async def test_planted_cache(old: KeyPair, new: KeyPair, tmp_path: Path) -> None:
    """A certificate that somebody without the APIv3 key puts into the cache isn't believed."""
    attacker, cache = World(new), tmp_path / "certificates.json"
    attacker.emulator = Emulator(merchant_key=merchant(), platform_keys=(new,), apiv3_key="a" * 32)
    attacker.emulator.on("GET", "/v3/ping")(lambda call: {})
    async with attacker.client(renewal=Renewal(cache=cache, pace=Pace(1e6))) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.05)
    victim = World(old).client(renewal=Renewal(cache=cache))
    assert list(victim.trust.keys) == []


async def test_unwritable_cache(old: KeyPair, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A cache that can't be written costs a line in the log, no call."""
    async with World(old).client(renewal=Renewal(cache=tmp_path / "missing" / "c.json", pace=Pace(1e6))) as wxpay:
        assert (await call(wxpay)).verified
        await asyncio.sleep(0.05)
    assert "can't be kept" in caplog.text


async def test_notifications_share_the_store(old: KeyPair, new: KeyPair) -> None:
    """A webhook on the client's store knows a renewed certificate at once; verification itself does no I/O."""
    world = World(old)
    async with world.client(old) as wxpay:
        webhook = Webhook(apiv3_key=world.emulator.apiv3_key, certs=wxpay.trust, clock=lambda: world.now)
        await call(wxpay)
        body = Envelope(apiv3_key=world.emulator.apiv3_key).body()
        await asyncio.sleep(0.02)
        before = world.downloads
        with pytest.raises(SignatureError, match="unknown key"):
            webhook.open(sign(body, pair=new, now=world.now), body)
        await asyncio.sleep(0.02)
        assert world.downloads == before
        world.emulator.platform_keys, world.now = (old, new), world.now + 3600
        await world.renewed()
        assert webhook.open(sign(body, pair=new, now=world.now), body).id == "EV-1"


async def test_demand_18_notifications_may_bring_renewal_forward(old: KeyPair, new: KeyPair) -> None:
    """Where the user allows it, a notification with an unknown serial brings one download forward, not a flood."""
    world = World(old, new)
    async with world.client(old, renewal=Renewal(from_notifications=True, pace=Pace(1e6))) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.02)
        wxpay.trust.keys = keys_of(old)
        webhook = Webhook(apiv3_key=world.emulator.apiv3_key, certs=wxpay.trust, clock=lambda: world.now)
        body = Envelope(apiv3_key=world.emulator.apiv3_key).body()
        before = world.downloads
        for number in range(200):
            pair = replace(new, serial=serials.from_number(number + 2**150)) if number else new
            with pytest.raises(SignatureError):
                webhook.open(sign(body, pair=pair, now=world.now), body)
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert world.downloads == before + 1
        assert webhook.open(sign(body, pair=new, now=world.now), body).id == "EV-1"


def test_webhook_without_keys_yet(old: KeyPair) -> None:
    """A store that renews itself may be empty at first; one that doesn't may not."""
    with pytest.raises(ConfigurationError, match="no platform key"):
        Webhook(apiv3_key="x" * 32, certs=TrustStore(PlatformKeys(())))
    client = World(old).client()
    Webhook(apiv3_key="x" * 32, certs=client.trust)


class Drill(World):
    """Traffic in both directions while the platform's keys change."""

    def __init__(self, *keys: KeyPair) -> None:
        super().__init__(*keys)
        self.handled: list[str] = []
        self.sent = 0

    @asynccontextmanager
    async def traffic(self, wxpay: WeChatPay, webhook: Webhook, senders: Sequence[KeyPair]) -> AsyncIterator[None]:
        """Fifty calls at a time, and notifications by the given keys; what fails surfaces at the end."""
        stop = asyncio.Event()

        async def calls() -> None:
            while not stop.is_set():
                assert (await call(wxpay)).verified

        async def notifications() -> None:
            while not stop.is_set():
                self.sent += 1
                body = Envelope(id=f"EV-{self.sent}", apiv3_key=self.emulator.apiv3_key).body()
                pair = senders[self.sent % len(senders)]
                reply = await webhook.dispatch(sign(body, pair=pair, now=self.now), body)
                assert reply.ok, reply
                await asyncio.sleep(0.002)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(50):
                tasks.create_task(calls())
            tasks.create_task(notifications())
            yield
            await asyncio.sleep(0.3)
            stop.set()


async def test_rotation_drill(old: KeyPair, new: KeyPair, public: KeyPair) -> None:
    """Under load a new certificate is listed, used, the old one retired, then the public key takes over by and by: no
    call fails, nothing by a stranger is believed, and a rotation costs at most one download.
    """
    drill = Drill(old)
    async with drill.client(old) as wxpay:
        webhook = Webhook(apiv3_key=drill.emulator.apiv3_key, certs=wxpay.trust, clock=lambda: drill.now)

        @webhook.on("TRANSACTION.SUCCESS")
        async def paid(notification: Notification[Any]) -> None:
            drill.handled.append(notification.id)

        await call(wxpay)
        await asyncio.sleep(0.05)
        downloads = drill.downloads

        drill.now += 3600
        drill.emulator.platform_keys = (new, old)  # listed; who asks for the old one still gets it
        async with drill.traffic(wxpay, webhook, [old]):
            pass
        async with drill.traffic(wxpay, webhook, [old]):
            drill.emulator.platform_keys = (new,)  # used; the old one is retired
        assert drill.downloads - downloads <= 1
        async with drill.traffic(wxpay, webhook, [old, new]):
            pass
        assert drill.serials[-1] == new.serial

        drill.emulator.platform_keys = (new, public)
        given = PlatformKeys((*wxpay.trust.keys, *keys_of(public)), prefer="certificate")
        wxpay.trust.keys = given
        downloads = drill.downloads
        for share in (1000, 2, 1):
            senders = [*([new] * (share - 1)), public]
            wxpay.trust.keys = PlatformKeys(given, prefer="public_key" if share == 1 else "certificate")
            async with drill.traffic(wxpay, webhook, senders):
                pass
        assert drill.serials[-1] == public.serial
        assert drill.downloads == downloads

        stranger = KeyPair.certified()
        body = Envelope(id="forged", apiv3_key=drill.emulator.apiv3_key).body()
        assert (await webhook.dispatch(sign(body, pair=stranger, now=drill.now), body)).status == 401
        forged = replace(stranger, serial=public.serial)
        assert (await webhook.dispatch(sign(body, pair=forged, now=drill.now), body)).status == 401
    assert sorted(drill.handled) == sorted({f"EV-{number + 1}" for number in range(drill.sent)})


class Stalls:
    """A platform whose downloads don't come to their end until they are let."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.let = asyncio.Event()

    async def __call__(self, request: Request) -> Response[Any]:
        if request.path == CERTIFICATES:
            await self.let.wait()
        return await self.world(request)


async def test_the_first_certificates_are_awaited_in_the_calls_own_time(old: KeyPair) -> None:
    """A call whose time runs out before the certificates come ends unsent; the download goes on for the next one."""
    world = World(old)
    transport = Stalls(world)
    async with world.client(transport=transport) as wxpay:
        with pytest.raises(TimedOut, match=r"not downloaded within 0\.05 s") as caught:
            await wxpay["v3/ping"].get(timeout=0.05)
        assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 0)
        transport.let.set()
        assert (await call(wxpay)).verified
    assert world.downloads == 1


@pytest.mark.parametrize("fails", [True, False])
async def test_a_download_that_ends_as_the_calls_time_runs_out_counts(old: KeyPair, fails: bool) -> None:
    """A busy loop notices both at once: the call fails for what the download failed for, or goes on with its keys."""
    world = World(old)
    if fails:
        world.emulator.faults.add(Refuse(403, "NO_AUTH"), operation=f"GET {CERTIFICATES}")

    async def busy(request: Request) -> Response[Any]:
        if request.path != CERTIFICATES:
            return await world(request)
        answer = await world.emulator(request)
        time.sleep(0.3)  # noqa: ASYNC251 - this keeps the event loop busy
        return answer

    async with world.client(transport=busy) as wxpay:
        if fails:
            with pytest.raises(Forbidden, match="NO_AUTH") as caught:
                await wxpay["v3/ping"].get(timeout=0.1)
            assert caught.value.outcome == "not_sent"
        else:
            with suppress(TimedOut):  # of the call itself
                await wxpay["v3/ping"].get(timeout=0.1)
            assert wxpay.trust.keys.find(old.serial) is not None


async def test_an_unknown_key_is_fetched_in_the_calls_own_time(old: KeyPair, new: KeyPair) -> None:
    """An answer by a key that doesn't come in time isn't believed; the download goes on, and the next call has it."""
    world = World(old)
    transport = Stalls(world)
    transport.let.set()
    async with world.client(old, transport=transport) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.02)
        world.now += 3600
        world.emulator.platform_keys = (new,)
        transport.let.clear()
        with pytest.raises(SignatureError, match="unknown key") as caught:
            await wxpay["v3/ping"].get(timeout=0.1)
        assert caught.value.outcome == "unknown"
        before = world.downloads
        transport.let.set()
        assert (await call(wxpay)).verified
    assert world.downloads == before + 1


@pytest.mark.parametrize("days", [-3650, -30, -1, 0, 1, 30])
async def test_a_mended_clock_blocks_no_renewal(old: KeyPair, new: KeyPair, days: int) -> None:
    """Whichever way this machine's date was wrong and is mended: a certificate that is missed then is fetched."""
    world = World(old, new)
    passed = 0.0
    world.monotonic = lambda: passed
    true, world.now = world.now, world.now + days * DAY
    async with world.client(old) as wxpay:
        with suppress(WeChatPayError):  # of a clock that is off
            await call(wxpay)
        await until(lambda: bool(world.pauses))
        world.now, passed = true, 61.0
        rotated = KeyPair.certified()
        world.emulator.platform_keys = (rotated,)
        assert (await call(wxpay)).verified
        assert wxpay.trust.keys.find(rotated.serial) is not None


async def test_a_mended_clock_lets_notifications_ask(old: KeyPair, new: KeyPair) -> None:
    """A notification may bring a download forward ten minutes after the last one did, whatever the date says."""
    world = World(old)
    passed = 0.0
    world.monotonic = lambda: passed
    world.now += 30 * DAY
    async with world.client(old, renewal=world.renewal(from_notifications=True)) as wxpay:
        await call(wxpay)
        await asyncio.sleep(0.02)
        wxpay.trust.report(new.serial)
        await until(lambda: world.downloads == 2)
        await asyncio.sleep(0.02)
        world.now, passed = world.now - 30 * DAY, 601.0
        wxpay.trust.report(new.serial)
        await until(lambda: world.downloads == 3)


def test_a_notification_as_the_loop_ends(old: KeyPair, new: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that reports an unknown serial while the client's loop closes has its notification refused as always."""
    world = World(old)
    wxpay = world.client(old, renewal=world.renewal(from_notifications=True))
    asyncio.run(call(wxpay))
    monkeypatch.setattr(asyncio.BaseEventLoop, "is_closed", lambda _: False)  # as it was a moment ago
    wxpay.trust.report(new.serial)


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        ("https://apihk.mch.weixin.qq.com", None, OVERSEAS),
        ("https://apius.mch.weixin.qq.com", None, OVERSEAS),
        ("https://apieu.mch.weixin.qq.com/", None, OVERSEAS),
        ("https://APIHK.mch.weixin.qq.com.", None, OVERSEAS),
        ("https://api.mch.weixin.qq.com", None, MAINLAND),
        ("https://api2.wechatpay.cn", None, MAINLAND),
        ("https://proxy.example/apihk.mch.weixin.qq.com", None, MAINLAND),
        ("https://apihk.mch.weixin.qq.com", MAINLAND, MAINLAND),
        ("https://api.mch.weixin.qq.com", OVERSEAS, OVERSEAS),
    ],
)
async def test_overseas_certificates(old: KeyPair, base_url: str, path: str | None, expected: str) -> None:
    """A client of an overseas host downloads from the global path by itself; `path` wins."""
    world, asked = World(old), list[str]()

    async def transport(request: Request) -> Response[Any]:
        asked.append(request.path)
        return Response(status=400, content=b'{"code":"INVALID_REQUEST","message":"x"}', request=request)

    async with world.client(transport=transport, base_url=base_url, renewal=world.renewal(path=path)) as wxpay:
        with pytest.raises(WeChatPayError) as caught:
            await call(wxpay)
    assert asked[0] == expected
    told = [str(caught.value), *getattr(caught.value, "__notes__", [])]
    assert any(f"Renewal(path={OVERSEAS!r})" in text for text in told) is (expected == MAINLAND)


@pytest.mark.parametrize("now", [1e12, 1e18, 1e300, -1e12, 0.0])
async def test_a_clock_of_another_age(old: KeyPair, now: float, caplog: pytest.LogCaptureFixture) -> None:
    """A machine whose clock shows a year that no calendar has gets errors of ours, from calls and from renewal."""
    world = World(old)
    async with world.client(old, clock=lambda: now) as wxpay:
        with pytest.raises(WeChatPayError):
            await call(wxpay)
        await world.renewed()
    told = [record for record in caplog.records if "could not be renewed" in record.message]
    assert len(told) == 2
    assert not any(record.exc_info for record in told)  # which an exception that isn't ours has


async def test_an_answer_of_the_far_future(old: KeyPair) -> None:
    """An answer stamped in the year 33658 is not believed, and sets no clock that would fail later on."""
    world = World(old)

    async def hostile(request: Request) -> Response[Any]:
        answer = await world(request)
        return replace(answer, headers=answer.headers.merge({"Wechatpay-Timestamp": "9" * 12}))

    async with world.client(old, transport=hostile, correct_clock=True, renewal=None) as wxpay:
        for _ in range(2):
            with pytest.raises(SignatureError) as caught:
                await call(wxpay)
            assert caught.value.outcome == "unknown"
