"""What a caller gets to see of each fault, and what the platform gets to see: through a real TCP proxy."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.faults.proxy import Fate, FaultyProxy
from tests.punishing import PUNISH
from wechatpay_chain import (
    ConnectionFailed,
    RateLimited,
    ServerError,
    SignatureError,
    TimedOut,
    Unauthorized,
    WeChatPay,
    WeChatPayError,
)
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products.control_orders import PUNISHMENTS
from wechatpay_chain.errors import Outcome
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.observing import ClockSkewed, Event, FailedOver, HostProbed
from wechatpay_chain.policies.backoff import Backoff
from wechatpay_chain.policies.ratelimit import RateLimits
from wechatpay_chain.policies.retry import RetryPolicy

QUICK = Timeout(total=10, connect=1, read=0.5)
SOON = RetryPolicy(base=0.01, longest=0.02)


def order(number: str) -> dict[str, Any]:
    """A write that is documented as re-entrant."""
    return {"out_request_no": number, "mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}


def then_fine(*fates: Fate) -> Any:
    """These fates one after the other, and then no fault any more."""
    coming = list(fates)
    return lambda: coming.pop(0) if coming else "fine"


class Writes:
    """A route that isn't re-entrant, and counts."""

    def __init__(self, emulator: Emulator) -> None:
        self.numbers: list[str] = []
        emulator.on("POST", "/v3/new/write")(self._take)
        emulator.on("GET", "/v3/new/query")(lambda call: {"taken": len(self.numbers)})

    def _take(self, call: Any) -> dict[str, Any]:
        self.numbers.append(call.json["out_trade_no"])
        return {"taken": len(self.numbers)}


@asynccontextmanager
async def behind_proxy(
    emulator: Emulator, *fates: Fate, slow: float = 1.0, idle: float = 60.0, **options: Any
) -> AsyncIterator[tuple[WeChatPay, FaultyProxy]]:
    """A client whose requests go through the proxy."""
    async with (
        emulator.listen() as target,
        FaultyProxy(target, then_fine(*fates), slow=slow, idle=idle) as proxy,
        WeChatPay(
            **emulator.credentials(**{"base_url": proxy.base_url, "timeout": QUICK, "retry": SOON, **options})
        ) as wxpay,
    ):
        yield wxpay, proxy


FAULTS: list[tuple[Fate, type[WeChatPayError], Outcome, int]] = [
    # What becomes of it, what the caller of a write that may not be repeated sees, and how often it took effect.
    ("reset before", ConnectionFailed, "unknown", 0),
    ("reset in the middle", ConnectionFailed, "unknown", 0),
    ("reset after", ConnectionFailed, "unknown", 1),
    ("close after", ConnectionFailed, "unknown", 1),
    ("slow headers", TimedOut, "unknown", 1),
    ("slow body", TimedOut, "unknown", 1),
    ("cut body", ConnectionFailed, "unknown", 1),
    ("garbage", ConnectionFailed, "unknown", 0),
    ("503", ServerError, "unknown", 0),
]


@pytest.mark.parametrize(("fate", "kind", "outcome", "effects"), FAULTS, ids=[fault[0] for fault in FAULTS])
async def test_a_write_that_may_not_be_repeated(
    emulator: Emulator, fate: Fate, kind: type[WeChatPayError], outcome: Outcome, effects: int
) -> None:
    """The documented error after one attempt, and never a second effect."""
    writes = Writes(emulator)
    async with behind_proxy(emulator, fate) as (wxpay, _):
        with pytest.raises(kind) as caught:
            await wxpay["v3/new/write"].post(json={"out_trade_no": "1"})
    assert (caught.value.outcome, caught.value.attempts) == (outcome, 1)
    # Where the answer had begun, support can be told which one it was.
    assert bool(caught.value.request_id) == (fate in {"slow body", "cut body"})
    assert writes.numbers == ["1"] * effects


@pytest.mark.parametrize("fate", [*(fault[0] for fault in FAULTS), "429"])
async def test_a_write_that_may_be_repeated(emulator: Emulator, fate: Fate) -> None:
    """A re-entrant operation recovers by itself: one effect, the same body twice, another nonce."""
    async with behind_proxy(emulator, fate) as (wxpay, proxy):
        started = time.perf_counter()
        answer = await wxpay.chain(PUNISH).post(json=order("F1"))
        recovered = time.perf_counter() - started
        again = await wxpay.chain(PUNISH).post(json=order("F1"))
    print(f"{fate}: recovered in {recovered:.3f} s")
    assert answer.attempts == 2
    assert answer.json()["wxpay_punish_no"] == again.json()["wxpay_punish_no"]
    # The last one is a second call, its secrets encrypted anew.
    bodies = [request.partition(b"\r\n\r\n")[2] for request in proxy.passed[:-1]]
    assert len(set(bodies)) == 1
    assert len({request.partition(b"nonce_str=")[2][:40] for request in proxy.passed}) == len(proxy.passed)


@pytest.mark.parametrize("fate", [fault[0] for fault in FAULTS])
@pytest.mark.parametrize("retry", [None, False])
async def test_a_query(emulator: Emulator, fate: Fate, retry: bool | None) -> None:
    """A GET is repeated, unless the caller forbids it; aiohttp sends nothing a second time by itself."""

    @emulator.on("GET", "/v3/new/query")
    def tell(call: Any) -> dict[str, Any]:
        return {"state": "SUCCESS"}

    async with behind_proxy(emulator, fate) as (wxpay, proxy):
        if retry is None:
            assert (await wxpay["v3/new/query"].get()).attempts == 2
        else:
            with pytest.raises(WeChatPayError) as caught:
                await wxpay["v3/new/query"].get(retry=False)
            assert caught.value.attempts == 1
            assert len(proxy.passed) <= 1


async def test_a_put_is_not_sent_twice(emulator: Emulator) -> None:
    """PUT and DELETE are writes like others, though HTTP calls them idempotent and aiohttp would repeat them."""
    seen: list[str] = []

    @emulator.on("PUT", "/v3/new/write")
    def take(call: Any) -> None:
        seen.append(call.json["out_trade_no"])

    async with behind_proxy(emulator, "fine", "close after") as (wxpay, _):
        await wxpay["v3/new/write"].put(json={"out_trade_no": "1"})
        with pytest.raises(ConnectionFailed):
            await wxpay["v3/new/write"].put(json={"out_trade_no": "2"})
    assert seen == ["1", "2"]


async def test_refused_connections(emulator: Emulator) -> None:
    """Nobody listens: not sent, after all attempts; and a write goes through once somebody does."""
    writes = Writes(emulator)
    async with behind_proxy(emulator, retry=RetryPolicy(attempts=3, base=0.01)) as (wxpay, proxy):
        await proxy.stop()
        with pytest.raises(ConnectionFailed) as caught:
            await wxpay["v3/new/write"].post(json={"out_trade_no": "1"})
        assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 3)
        await proxy.start()
        started = time.perf_counter()
        await wxpay["v3/new/write"].post(json={"out_trade_no": "1"})
        print(f"refused: recovered in {time.perf_counter() - started:.3f} s")
    assert writes.numbers == ["1"]


async def test_no_tls_and_no_such_name(emulator: Emulator) -> None:
    """A failed handshake and a name that can't be resolved: not sent, after all attempts."""
    async with behind_proxy(emulator, "garbage", "garbage", "garbage", "garbage") as (_, proxy):
        for base_url in (proxy.base_url.replace("http:", "https:"), "http://nobody.invalid"):
            timeout = Timeout(total=10, connect=0.1)
            options = {**emulator.credentials(), "base_url": base_url, "retry": SOON, "timeout": timeout}
            async with WeChatPay(**options) as wxpay:
                with pytest.raises((ConnectionFailed, TimedOut)) as caught:
                    await wxpay["v3/new/write"].post(json={"out_trade_no": "1"})
            assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 4)


@pytest.mark.parametrize(("idle", "kept"), [(0.1, 6.0), (60.0, 0.1)], ids=["the server closes", "the client closes"])
async def test_a_connection_that_was_idle_is_not_the_callers_problem(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, idle: float, kept: float
) -> None:
    """After an idle time the next write has a fresh connection, in one attempt, whichever side closed the old one.

    The platform does after 8 s, the client before it, after 6. Here both are shorter.
    """
    monkeypatch.setattr("wechatpay_chain.transport.aiohttp._KEEPALIVE", kept)
    writes = Writes(emulator)
    async with behind_proxy(emulator, idle=idle) as (wxpay, proxy):
        for number in ("1", "2"):
            started = time.perf_counter()
            assert (await wxpay["v3/new/write"].post(json={"out_trade_no": number})).attempts == 1
            print(f"idle connection: write {number} took {time.perf_counter() - started:.3f} s")
            await asyncio.sleep(0.25)
    assert (writes.numbers, proxy.connections) == (["1", "2"], 2)


async def test_a_429_storm(emulator: Emulator) -> None:
    """A refusal for the rate leaves nothing behind; the client slows down and says in the end what it was."""
    writes = Writes(emulator)
    async with behind_proxy(emulator, "429", "429", "429") as (wxpay, proxy):
        started = time.perf_counter()
        assert (await wxpay["v3/new/write"].post(json={"out_trade_no": "1"})).attempts == 4
        print(f"429 storm: recovered in {time.perf_counter() - started:.3f} s")
        proxy.fate = lambda: "429"
        with pytest.raises(RateLimited) as caught:
            await wxpay["v3/new/write"].post(json={"out_trade_no": "2"}, timeout=3.0)
    assert caught.value.outcome == "rejected"
    assert writes.numbers == ["1"]


async def test_a_503_storm_is_not_multiplied(emulator: Emulator) -> None:
    """In an outage of 300 queries little more than 300 requests go out, and the first one after it is answered."""
    Writes(emulator)
    async with behind_proxy(emulator, rate_limits=None, timeout=30) as (wxpay, proxy):
        requests = itertools.count()

        def unavailable() -> Fate:
            next(requests)
            return "503"

        proxy.fate = unavailable
        ended = await asyncio.gather(*(wxpay["v3/new/query"].get() for _ in range(300)), return_exceptions=True)
        proxy.fate = None
        started = time.perf_counter()
        assert (await wxpay["v3/new/query"].get()).attempts == 1
        print(f"503 storm: recovered in {time.perf_counter() - started:.3f} s")
    assert {type(error) for error in ended} == {ServerError}
    assert next(requests) <= 300 + 100 + 30 + 20


async def test_a_host_that_is_down(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls go to the backup at once, writes too, and come back when the main host is up again."""
    monkeypatch.setattr("wechatpay_chain.policies.failover._LEFT_ALONE", Backoff(0.1, 30.0, jitter=0))
    events: list[Event] = []
    writes = Writes(emulator)
    async with emulator.listen() as target, FaultyProxy(target) as main, FaultyProxy(target) as backup:
        options: dict[str, Any] = {
            "base_url": main.base_url,
            "backups": [backup.base_url],
            "retry": SOON,
            "timeout": QUICK,
        }
        async with WeChatPay(**emulator.credentials(), **options, observe=events.append) as wxpay:
            await main.stop()
            started = time.perf_counter()
            for number in range(20):
                assert (await wxpay["v3/new/write"].post(json={"out_trade_no": f"{number}"})).attempts <= 2
            print(f"host down: 20 writes in {time.perf_counter() - started:.3f} s")
            await main.start()
            started = time.perf_counter()
            while not any(isinstance(event, FailedOver) and event.to == main.base_url for event in events):
                await wxpay["v3/new/query"].get()
                await asyncio.sleep(0.02)
            print(f"host up: back in {time.perf_counter() - started:.3f} s")
            before = len(main.passed)
            await wxpay["v3/new/write"].post(json={"out_trade_no": "20"})
            assert len(main.passed) == before + 1
    assert writes.numbers == [f"{number}" for number in range(21)]
    assert [event.to for event in events if isinstance(event, FailedOver)] == [backup.base_url, main.base_url]
    assert any(isinstance(event, HostProbed) and event.healthy for event in events)


@pytest.mark.parametrize("off", [-600.0, 600.0])
async def test_a_clock_that_is_off(emulator: Emulator, off: float) -> None:
    """Ten minutes are refused and named; asked to correct them, the client signs anew and goes on."""
    events: list[Event] = []

    def clock() -> float:
        return time.time() + off

    async with behind_proxy(emulator, clock=clock, observe=events.append) as (wxpay, _):
        with pytest.raises((Unauthorized, SignatureError)) as caught:
            await wxpay.chain(PUNISH).post(json=order("C1"))
    assert caught.value.outcome == "rejected"
    assert f"{-off:+.0f} s" in caught.value.__notes__[-1].replace("-601", "-600").replace("+599", "+600")
    skewed = [event for event in events if isinstance(event, ClockSkewed)]
    assert skewed
    assert skewed[0].seconds == pytest.approx(-off, abs=2)
    async with behind_proxy(emulator, clock=clock, correct_clock=True) as (wxpay, _):
        with pytest.raises(Unauthorized) as refused:
            await wxpay.chain(PUNISH).post(json=order("C1"), retry=False)
        assert refused.value.attempts == 1
    async with behind_proxy(emulator, clock=clock, correct_clock=True) as (wxpay, _):
        started = time.perf_counter()
        assert (await wxpay.chain(PUNISH).post(json=order("C1"))).attempts == 2
        print(f"clock off by {off:+.0f} s: recovered in {time.perf_counter() - started:.3f} s")
        assert (await wxpay.chain(PUNISH).post(json=order("C2"))).attempts == 1


async def test_cancellation_leaves_nothing_behind(emulator: Emulator, sessions: list[ClientSession]) -> None:
    """Who is cancelled while waiting for headers, the body or a turn leaves no task and no connection in use."""
    writes = Writes(emulator)
    limits = RateLimits(overrides={"POST /v3/new/write": "1/min"})
    options: dict[str, Any] = {"rate_limits": limits, "timeout": Timeout(total=90, read=60)}
    async with behind_proxy(emulator, "slow headers", "slow body", slow=60, **options) as (wxpay, proxy):
        before = asyncio.all_tasks()
        await cancelled(wxpay.chain(PUNISH).post(json=order("X1")), lambda: len(proxy.passed) == 1)
        await cancelled(wxpay.chain(PUNISH).post(json=order("X2")), lambda: len(proxy.passed) == 2)
        await wxpay["v3/new/write"].post(json={"out_trade_no": "1"})
        await cancelled(wxpay["v3/new/write"].post(json={"out_trade_no": "2"}), lambda: True)
        (session,) = sessions
        assert session.connector is not None
        assert not session.connector._acquired
        await until(lambda: not asyncio.all_tasks() - before - proxy.talks)
        answers = await asyncio.gather(*(wxpay.chain(PUNISH).post(json=order(f"Y{n}")) for n in range(10)))
    assert [answer.json()["out_request_no"] for answer in answers] == [f"Y{n}" for n in range(10)]
    assert writes.numbers == ["1"]


async def until(happened: Callable[[], object]) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def cancelled(call: Coroutine[Any, Any, Any], arrived: Callable[[], bool]) -> None:
    """Begin a call, and cancel it a little after it has arrived where it shall wait."""
    task = asyncio.create_task(call)
    await until(arrived)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_closing_waits_for_downloads(emulator: Emulator, tmp_path: Path) -> None:
    """`aclose()` lets a download come to its end too."""
    async with behind_proxy(emulator, "fine", "slow body", slow=0.2, timeout=5) as (wxpay, proxy):
        bill = await wxpay.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"})
        downloading = asyncio.create_task(wxpay.download(bill, to=tmp_path / "bill.csv"))
        await until(lambda: len(proxy.passed) == 2)
        await asyncio.sleep(0.05)
        await wxpay.aclose()
        assert downloading.done()
        assert (await downloading).exists()
        with pytest.raises(WeChatPayError, match="closed"):
            await wxpay.download(bill, to=tmp_path / "bill.csv")


async def test_closing_waits_for_calls(emulator: Emulator) -> None:
    """`aclose()` lets a call come to its end, and takes no new one."""
    async with behind_proxy(emulator, "slow headers", slow=0.1, timeout=5) as (wxpay, _):
        call = asyncio.create_task(wxpay.chain(PUNISH).post(json=order("Z1")))
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(wxpay.aclose())
        await asyncio.sleep(0)
        with pytest.raises(WeChatPayError, match="closed"):
            await wxpay.v3.certificates.get()
        assert (await call).status == 200
        await closing


class FastClock:
    """Unix time that runs faster, so that the platform's documented rates let more calls through."""

    def __init__(self, times: float) -> None:
        self._times = times
        self._start, self._begun = time.time(), time.monotonic()

    def __call__(self) -> float:
        return self._start + (time.monotonic() - self._begun) * self._times


async def exactly_once(emulator: Emulator, proxy: FaultyProxy, wxpay: WeChatPay, calls: int) -> dict[str, int]:
    """Make the calls under random faults, repeating what is left unknown as a caller would; the errors by kind."""
    seen: dict[str, int] = {}
    answered: dict[str, str] = {}
    gate = asyncio.Semaphore(32)

    async def make(number: str) -> None:
        async with gate:
            while True:
                try:
                    answer = await wxpay.chain(PUNISH).post(json=order(number))
                except WeChatPayError as error:
                    seen[type(error).__name__] = seen.get(type(error).__name__, 0) + 1
                else:
                    answered[number] = answer.json()["wxpay_punish_no"]
                    return

    await asyncio.gather(*(make(f"E{number}") for number in range(calls)))
    proxy.fate = None
    for number, told in answered.items():
        path = "v3/aggracct-bc/wb-channel/control-orders/{out_request_no}"
        params = {"control_type": "PUNISH", "mchid": "1900000109"}
        ledger = await wxpay[path].get(out_request_no=number, params=params)
        assert ledger.json()["punish_order"]["wxpay_punish_no"] == told
    # The ledger holds as many orders as there were calls, each under the number that was answered.
    assert {order.number for order in emulator.world.of(PUNISHMENTS)} == set(answered.values())
    assert len(emulator.world.of(PUNISHMENTS)) == len(set(answered.values())) == calls
    return seen


async def test_every_write_takes_effect_exactly_once(caplog: pytest.LogCaptureFixture) -> None:
    """With 5 % of random faults, each of 300 writes is in the platform's ledger once (the full 10,000: benchmarks)."""
    caplog.set_level(logging.ERROR)
    clock, chance = FastClock(300), random.Random(7)
    emulator = Emulator(clock=clock)
    faults: list[Fate] = [*(fault[0] for fault in FAULTS), "429"]

    def fate() -> Fate:
        return chance.choice(faults) if chance.random() < 0.05 else "fine"

    async with behind_proxy(emulator, clock=clock, rate_limits=None, slow=1.0) as (wxpay, proxy):
        proxy.fate = fate
        await exactly_once(emulator, proxy, wxpay, 300)


async def test_the_port_of_a_stopped_proxy_is_refused(emulator: Emulator) -> None:
    """The proxy does what the tests believe: once it is stopped, nobody listens."""
    async with emulator.listen() as target, FaultyProxy(target) as proxy:
        port = int(proxy.base_url.rpartition(":")[2])
        await proxy.stop()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
