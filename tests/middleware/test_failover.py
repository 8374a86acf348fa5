"""Which host an attempt goes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fake_time import FakeTime
from tests.faults.proxy import FaultyProxy
from tests.known import known
from wechatpay_chain import ConnectionFailed, TimedOut, WeChatPay
from wechatpay_chain.credentials.renewal import Pace, Renewal
from wechatpay_chain.emulator import Call, Emulator
from wechatpay_chain.emulator.platform.keys import KeyPair
from wechatpay_chain.errors import Outcome, TransportError
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.middleware import Failover
from wechatpay_chain.observing import Event, FailedOver, HostProbed
from wechatpay_chain.policies.retry import RetryPolicy
from wechatpay_chain.transport.aiohttp import AiohttpTransport
from wechatpay_chain.wire.hosts import twins

NOBODY = "http://127.0.0.1:1"
GET = Request(method="GET", template="/v3/x")
POST = Request(method="POST", template="/v3/x")


class Network:
    """Hosts of which some are down, and where requests went."""

    def __init__(self, host_of: Callable[[Request], str], *down: str) -> None:
        self.down = set(down)
        self.asked: list[str] = []
        self.slow = False
        self.status = 200
        self.outcome: Outcome = "not_sent"
        self.kind: type[TransportError] = ConnectionFailed
        self._host_of = host_of

    async def __call__(self, request: Request) -> Response[Any]:
        """Answer, or not."""
        host = self._host_of(request)
        self.asked.append(host)
        if self.slow:
            await asyncio.sleep(60)
        if host in self.down:
            error = self.kind("down")
            error.outcome = self.outcome
            raise error
        return Response(status=self.status)


class World:
    """A client's Failover between official hosts."""

    def __init__(self, *down: str, share: float = 0.0, base_url: str = "https://api.mch.weixin.qq.com") -> None:
        self.time = FakeTime()
        self.events: list[Event] = []
        host_of = AiohttpTransport(base_url).base_url_of
        self.network = Network(host_of, *down)
        self.failover = Failover(host_of, twins, share=share, notify=self.events.append, monotonic=self.time)

    async def call(self, request: Request) -> str:
        """The host that a call went to, whether it was there or not."""
        try:
            await self.failover(request, self.network)
        except TransportError:
            return f"{self.network.asked[-1]} is down"
        return self.network.asked[-1]


def official(name: str) -> str:
    """The base URL of a host."""
    return f"https://{name}"


@pytest.mark.parametrize(
    ("main", "backups"),
    [
        ("api.mch.weixin.qq.com", ["api2.mch.weixin.qq.com", "api2.wechatpay.cn"]),
        ("api.wechatpay.cn", ["api2.wechatpay.cn", "api2.mch.weixin.qq.com"]),
        ("apihk.mch.weixin.qq.com", ["api.mch.weixin.qq.com"]),
        ("apius.mch.weixin.qq.com", ["api.mch.weixin.qq.com"]),
        ("apieu.mch.weixin.qq.com", ["api.mch.weixin.qq.com"]),
        ("fraud.mch.weixin.qq.com", []),
        ("payapp.weixin.qq.com", []),
        ("shop.example", []),
    ],
)
async def test_every_host_has_its_twins_or_none(main: str, backups: list[str]) -> None:
    """Both families and the access points overseas have backups; a host without a twin is called alone."""
    world = World(official(main), base_url=official(main))
    assert await world.call(POST) == f"{official(main)} is down"
    for backup in backups:
        assert await world.call(POST) == official(backup)
        world.network.down.add(official(backup))
        assert await world.call(POST) == f"{official(backup)} is down"
    if not backups:
        assert await world.call(POST) == f"{official(main)} is down"
        assert world.events == []


async def test_hosts_without_a_twin_are_not_remembered() -> None:
    """However many hosts links lead to, no memory is kept of them."""
    world = World()
    for number in range(100):
        await world.call(GET.changed(origin=f"https://bill{number}.example"))
    assert await world.call(GET) == official("api.mch.weixin.qq.com")
    assert list(world.failover._hosts) == [official("api.mch.weixin.qq.com")]


async def test_an_operation_of_another_host_has_a_health_of_its_own() -> None:
    """While the host of overseas calls is down, those of the main host stay where they are."""
    world = World(official("apihk.mch.weixin.qq.com"))
    overseas = known(method="GET", template="/global/v3/customs/orders")
    assert await world.call(overseas) == "https://apihk.mch.weixin.qq.com is down"
    assert await world.call(overseas) == official("api.mch.weixin.qq.com")
    assert await world.call(POST) == official("api.mch.weixin.qq.com")
    assert [event.left for event in world.events if isinstance(event, FailedOver)] == [
        "https://apihk.mch.weixin.qq.com"
    ]


async def test_a_minute_without_the_main_host() -> None:
    """One call finds it down, the others go to the backup; queries look at it, and the first answer brings all back."""
    main, backup = official("api.mch.weixin.qq.com"), official("api2.mch.weixin.qq.com")
    world = World(main)
    went: list[str] = []
    while world.time.now < 60:
        went += [await world.call(POST), await world.call(GET)]
        world.time.now += 0.5
    # Looked at 5, 15 and 35 s later, and then every half a minute; writes are not used for it.
    assert [number for number, host in enumerate(went) if "down" in host] == [0, 21, 61, 141]
    assert set(went) == {backup, f"{main} is down"}
    world.network.down.clear()
    recovered = world.time.now
    while await world.call(POST) == backup:
        await world.call(GET)
        world.time.now += 0.5
    print(f"host down for a minute: back {world.time.now - recovered:.1f} s after it came up")
    assert [event.to for event in world.events if isinstance(event, FailedOver)] == [backup, main]
    assert [event.healthy for event in world.events if isinstance(event, HostProbed)] == [False, False, False, True]


async def test_one_in_a_hundred_looks_at_the_backup() -> None:
    """Of the calls that may be repeated a small share goes to the backup, writes never do."""
    world = World(share=0.01)
    went = [await world.call(GET) for _ in range(1000)] + [await world.call(POST) for _ in range(1000)]
    assert went.count(official("api2.mch.weixin.qq.com")) == 10
    assert went[1000:].count(official("api2.mch.weixin.qq.com")) == 0


async def test_a_look_at_a_host_that_was_cancelled() -> None:
    """Nothing is known of that host, and nothing is told."""
    world = World(share=1.0)
    world.network.slow = True
    task = asyncio.create_task(world.call(GET))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (world.network.asked, world.events) == ([official("api2.mch.weixin.qq.com")], [])
    world.network.slow = False
    await world.call(GET)
    assert [event.healthy for event in world.events if isinstance(event, HostProbed)] == [True]


async def test_calls_that_find_a_host_down_together() -> None:
    """That calls go to another host is told once, and once more when an earlier call's answer brings them back."""
    main, backup = official("api.mch.weixin.qq.com"), official("api2.mch.weixin.qq.com")
    world = World(main)
    is_answered = asyncio.Event()

    async def answers_late(request: Request) -> Response[Any]:
        await is_answered.wait()
        return Response(status=200)

    late = asyncio.ensure_future(world.failover(POST, answers_late))
    await asyncio.sleep(0)
    await asyncio.gather(*(world.call(POST) for _ in range(3)))
    assert await world.call(POST) == backup
    is_answered.set()
    await late
    world.network.down.clear()
    assert await world.call(POST) == main
    assert [(event.left, event.to) for event in world.events if isinstance(event, FailedOver)] == [
        (main, backup),
        (backup, main),
    ]


@pytest.mark.parametrize("fault", ["lost", "gateway"])
async def test_answers_that_are_lost_or_a_gateways(fault: str) -> None:
    """Three in a row are the host's fault, one is nothing yet."""
    main, backup = official("api.mch.weixin.qq.com"), official("api2.mch.weixin.qq.com")
    world = World(*([main] if fault == "lost" else []))
    world.network.outcome, world.network.kind = "unknown", TimedOut
    if fault == "gateway":
        world.network.status = 502
    went = [await world.call(POST) for _ in range(4)]
    assert [host.removesuffix(" is down") for host in went] == [main, main, main, backup]


async def test_certificates_and_downloads_go_to_the_backup_too(merchant_pair: KeyPair, tmp_path: Path) -> None:
    """With the main host down the first certificates, a call, and a bill all come from the backup."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[KeyPair.certified()])
    options: dict[str, Any] = {"base_url": NOBODY, "certs": None, "renewal": Renewal(pace=Pace(1e6))}
    async with emulator.listen() as target, FaultyProxy(target) as backup:
        async with WeChatPay(**emulator.credentials(**options, backups=[backup.base_url])) as wxpay:
            bill = await wxpay.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"})
            # The emulator's link names the host that was asked, here the backup.
            assert bill.json()["download_url"].startswith(backup.base_url)
            await wxpay.download(bill, to=tmp_path / "bill.csv")
        paths = [request.split(b" ")[1].partition(b"?")[0].decode() for request in backup.passed]
    assert paths == ["/v3/certificates", "/v3/bill/tradebill", "/v3/billdownload/file"]


async def test_without_backups_there_is_no_failover(emulator: Emulator) -> None:
    """`backups=()` keeps to the main host, for those whose firewall lets no other through."""

    @emulator.on("GET", "/v3/x")
    def answer(call: Call) -> dict[str, str]:
        return {}

    hosts: list[str] = []

    async def elsewhere(request: Request) -> Response[Any]:
        hosts.append(request.origin)
        error = ConnectionFailed("down")
        error.outcome = "not_sent"
        raise error

    for backups, origins in (((), {""}), (None, {""}), ([NOBODY], {"", NOBODY})):
        hosts.clear()
        options: dict[str, Any] = {"transport": elsewhere, "backups": backups, "retry": RetryPolicy(base=0.001)}
        async with WeChatPay(**emulator.credentials(), **options) as wxpay:
            with pytest.raises(ConnectionFailed):
                await wxpay["v3/x"].get()
        assert set(hosts) == origins
