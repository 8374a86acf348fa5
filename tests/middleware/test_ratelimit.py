"""Waiting for a turn."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Generator, Sequence
from typing import Any

import pytest

from tests.fake_time import FakeTime
from tests.known import known
from wechatpay_chain._counting import Counting, EarlierCalls
from wechatpay_chain.errors import ConnectionFailed, RateLimited, TimedOut
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.middleware import RateLimit
from wechatpay_chain.observing import Event, LimiterDegraded, Waited
from wechatpay_chain.policies.ratelimit import LimiterUnreachable, RateLimits, Window

CALL = Request(method="POST", template="/v3/x", timeout=1000.0)
RECOVER = known(method="POST", template="/v3/aggracct-bc/wb-channel/control-orders/recover", timeout=1000.0)
OK: Response[Any] = Response(status=200, content=b"{}")
LIMITED: Response[Any] = Response(status=429, headers=Headers({"Retry-After": "3"}), content=b"{}")


class World:
    """A RateLimit over a transport that takes a while and keeps the times of arrival."""

    def __init__(self, limits: RateLimits, *answers: Response[Any], takes: float = 0.01) -> None:
        self.time = FakeTime(1000.0)
        self.arrived: list[tuple[float, Request]] = []
        self.events: list[Event] = []
        self._answers = list(answers)
        self._takes = takes
        self.limit = RateLimit(
            "1900000109",
            limits,
            Timeout(),
            notify=self.events.append,
            monotonic=self.time,
            time=self.time,
            sleep=self.time.sleep,
        )

    async def transport(self, request: Request) -> Response[Any]:
        """Answer after a while."""
        self.arrived.append((self.time.now - 1000, request))
        if self._takes:
            await self.time.sleep(self._takes)
        return self._answers.pop(0) if self._answers else OK

    async def call(self, request: Request = CALL) -> Response[Any]:
        """Make the call."""
        return await self.limit(request, self.transport)

    @property
    def times(self) -> list[float]:
        """When requests arrived."""
        return [time for time, _ in self.arrived]


async def test_the_documented_limit_holds_by_default() -> None:
    """The recover operation is documented with 200 a minute: 450 calls at once take more than two minutes."""
    world = World(RateLimits())
    await asyncio.gather(*(world.call(RECOVER) for _ in range(450)))
    assert all(world.times[index + 200] >= world.times[index] + 60 for index in range(250))
    assert 120 <= world.times[-1] < 125


async def test_an_operations_calls_are_counted_together() -> None:
    """A template may hold a value, or name its placeholders in its own way: the limit is the operation's."""
    paths = ["/v3/refund/domestic/refunds/{out_refund_no}", "/v3/refund/domestic/refunds/{mine}"]
    calls = [known(method="GET", template=path, timeout=1000.0) for path in (*paths, f"{paths[0][:-16]}/R1")]
    world = World(RateLimits(overrides={f"GET {paths[1]}": "1/s"}))
    await asyncio.gather(*(world.call(call) for call in calls))
    first, second, third = world.times
    assert second >= first + 1
    assert third >= second + 1


async def test_first_come_first_served_and_cancellable() -> None:
    """Turns are given in the order of arrival; who is cancelled leaves the line without holding up the others."""
    world = World(RateLimits(overrides={"POST /v3/x": "1/s"}))
    requests = [Request(method="POST", template="/v3/x", body=bytes([n]), timeout=1000.0) for n in range(6)]
    tasks = [asyncio.create_task(world.call(request)) for request in requests]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [request.body for _, request in world.arrived] == [b"\0", b"\2", b"\4", b"\5"]
    assert sum(isinstance(event, Waited) for event in world.events) == 3


async def test_who_does_not_wait_is_told_at_once() -> None:
    """`wait=False` raises RateLimited before anything is sent."""
    world = World(RateLimits(overrides={"POST /v3/x": "1/min"}, wait=False))
    await world.call()
    with pytest.raises(RateLimited, match="the next one is in") as caught:
        await world.call()
    assert (caught.value.outcome, caught.value.attempts, len(world.arrived)) == ("not_sent", 0, 1)


async def test_a_turn_that_comes_too_late_is_told_at_once() -> None:
    """A call whose time ends before its turn doesn't wait in vain."""
    world = World(RateLimits(overrides={"POST /v3/x": "1/min"}))
    await world.call()
    with pytest.raises(TimedOut, match="doesn't come within 5 s") as caught:
        await world.call(Request(method="POST", template="/v3/x", timeout=5.0))
    assert (caught.value.outcome, caught.value.attempts) == ("not_sent", 0)
    assert world.time.slept == [0.01]


async def test_a_wait_ends_with_the_call() -> None:
    """A call that waits for another one to end gives up when its own time is over."""
    world = World(RateLimits(overrides={"POST /v3/x": "1/min"}), takes=0)
    hanging = asyncio.ensure_future(world.limit(CALL, lambda request: asyncio.sleep(60, OK)))
    await asyncio.sleep(0)
    with pytest.raises(TimedOut, match=r"within 0\.01 s"):
        await world.call(Request(method="POST", template="/v3/x", timeout=0.01))
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_a_refusal_for_the_rate_slows_the_operation_down() -> None:
    """After a 429 the next call waits as long as the platform asked for, without any documented limit."""
    world = World(RateLimits(), LIMITED)
    assert (await world.call()).status == 429
    await world.call()
    assert world.times[1] == pytest.approx(3.01)


@pytest.mark.parametrize("ended", [ConnectionFailed("lost"), asyncio.CancelledError()], ids=repr)
async def test_a_call_without_an_answer_is_no_success(ended: BaseException) -> None:
    """One that was cancelled, or whose connection broke, doesn't speed an operation up that was slowed down."""
    world = World(RateLimits(), LIMITED, takes=0)
    began = list[float]()

    async def fail(request: Request) -> Response[Any]:
        began.append(world.time.now)
        raise ended

    await world.call()
    for _ in range(3):
        with pytest.raises(type(ended)):
            await world.limit(CALL, fail)
    first, second, third = began
    assert third - second == pytest.approx(second - first)


async def test_what_was_waited_is_taken_off_the_calls_time() -> None:
    """The transport gets what is left."""
    world = World(RateLimits(overrides={"POST /v3/x": "1/min"}))
    await world.call()
    await world.call()
    left = world.arrived[1][1].timeout
    assert isinstance(left, Timeout)
    assert left.total == pytest.approx(940)


class Limiter:
    """A distributed limiter that refuses, grants, and then can't be reached any more."""

    among = 2

    def __init__(self, *answers: float | None) -> None:
        self.asked: list[tuple[str, tuple[Window, ...]]] = []
        self._answers = list(answers)

    async def acquire(self, name: str, windows: Sequence[Window]) -> float:
        self.asked.append((name, tuple(windows)))
        answer = self._answers.pop(0) if self._answers else None
        if answer is None:
            raise LimiterUnreachable("connection refused")
        return answer


async def test_a_distributed_limiter_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """Permits are asked of the store; when it fails, a warning, and the process goes on with its own share."""
    limiter = Limiter(0.0, 2.5, 0.0)
    world = World(RateLimits(overrides={"POST /v3/x": "4/min"}, shared=limiter), takes=0)
    for _ in range(4):
        await world.call()
    assert limiter.asked[0] == ("1900000109 POST /v3/x", (Window(4, 60),))
    # Two permits came from the store; the share is two a minute, and they count.
    assert world.times == pytest.approx([0, 2.5, 60, 62.5])
    assert "rate limits are not shared for now" in caplog.text
    assert any(isinstance(event, LimiterDegraded) for event in world.events)


async def test_a_distributed_limiter_without_waiting() -> None:
    """`wait=False` asks the store once and raises."""
    world = World(RateLimits(overrides={"POST /v3/x": "4/min"}, shared=Limiter(7.0), wait=False))
    with pytest.raises(RateLimited, match=r"in 7\.0 s"):
        await world.call()


class CancelledAt:
    """A coroutine that is cancelled where it waits for the so-many-th time."""

    def __init__(self, call: Coroutine[Any, Any, Any], at: int) -> None:
        self.was_cancelled = False
        self._steps = call.__await__()
        self._at = at

    def __await__(self) -> Generator[Any, Any, Any]:
        for step in itertools.count(1):
            try:
                waits_for = next(self._steps)
            except StopIteration as done:
                return done.value
            if step == self._at:
                self.was_cancelled = True
                return self._steps.throw(asyncio.CancelledError())
            yield waits_for
        raise AssertionError("steps never end")


async def test_wherever_one_in_line_is_cancelled_nothing_is_left_behind() -> None:
    """Neither a permit, nor the lock, nor a place in line: those behind are served, and later ones at once."""
    points = 0
    for at in range(1, 50):
        world = World(RateLimits(overrides={"POST /v3/x": "2/s"}))
        before = [asyncio.create_task(world.call()) for _ in range(2)]
        await asyncio.sleep(0)
        victim = CancelledAt(world.call(), at)

        async def cancelled(victim: CancelledAt = victim) -> None:
            await victim

        ended = asyncio.create_task(cancelled())
        behind = [asyncio.create_task(world.call()) for _ in range(3)]
        served = await asyncio.gather(*before, *behind)
        assert [answer.status for answer in served] == [200] * 5
        (result,) = await asyncio.gather(ended, return_exceptions=True)
        world.time.now += 100
        slept = len(world.time.slept)
        await asyncio.gather(*(world.call() for _ in range(2)))
        assert world.time.slept[slept:] == [0.01, 0.01]
        if not victim.was_cancelled:
            break
        points += 1
        assert isinstance(result, asyncio.CancelledError)
    assert points >= 2


async def test_what_an_earlier_process_called_counts_once() -> None:
    """Its calls of the same merchant and operation do, and those that were cut off; not what this process counted."""
    world = World(RateLimits(overrides={"POST /v3/x": "10/min"}), takes=0)
    world.time.now += 5
    ended = {"1900000109 POST /v3/x": [(50.0, 1), (20.0, 3), (3.0, 7)], "1900000109 POST /v3/y": [(1.0, 10)]}
    ended |= {"1900000108 POST /v3/x": [(1.0, 10)], "POST /v3/x": [(50.0, 1)]}
    cut_off = {"POST /v3/x": [(0.0, 2)], "GET /v3/x": [(0.0, 9)]}
    counting = Counting(EarlierCalls(ended, cut_off, world.time, world.time()), world.time)

    async def calls() -> None:
        counting.join()
        for _ in range(7):
            await world.call()

    await asyncio.create_task(calls())
    assert world.times == [5, 5, 5, 15, 15, 45, 45], "ten in a minute, with seven of before"
    assert counting.calls == [("1900000109 POST /v3/x", 1000 + at) for at in world.times]


async def test_a_process_that_is_started_at_once_knows_the_last_second() -> None:
    """Times that are rounded towards now still are of before the process began."""
    world = World(RateLimits(overrides={"POST /v3/x": "2/min"}), takes=0)
    Counting(EarlierCalls({"1900000109 POST /v3/x": [(0.0, 2)]}, {}, world.time, world.time()), world.time).join()
    world.time.now += 0.1
    await world.call()
    assert world.times == [pytest.approx(60)]


async def test_a_distributed_limiter_has_counted_itself() -> None:
    """What an earlier process called is not told to a limiter whose store outlives processes."""

    class Granting:
        among = 1

        async def acquire(self, name: str, windows: Sequence[Window]) -> float:
            return 0.0

    world = World(RateLimits(overrides={"POST /v3/x": "1/min"}, shared=Granting()), takes=0)
    Counting(EarlierCalls({"1900000109 POST /v3/x": [(1.0, 1)]}, {}, world.time, world.time()), world.time).join()
    await world.call()
    assert world.times == [0]
