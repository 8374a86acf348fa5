"""The loop over the attempts of a call."""

from __future__ import annotations

import pickle
from email.utils import formatdate
from typing import Any

import pytest

from tests.fake_time import FakeTime
from wechatpay_chain.errors import ConnectionFailed, Outcome, RateLimited, TimedOut, WeChatPayError
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.middleware import Retry
from wechatpay_chain.observing import Event, Retrying
from wechatpay_chain.pipeline import Handler, counted
from wechatpay_chain.policies.clock import PlatformClock
from wechatpay_chain.policies.retry import RetryBudget, RetryPolicy

GET = Request(method="GET", template="/v3/x")
POST = Request(method="POST", template="/v3/x", body=b"{}")
OK: Response[Any] = Response(status=200, content=b"{}")


def lost(outcome: Outcome, kind: type[WeChatPayError] = ConnectionFailed) -> WeChatPayError:
    """An error of the network."""
    error = kind("lost")
    error.outcome = outcome
    return error


class Script:
    """A transport that does what it is told, one thing after the other, and keeps what it was given."""

    def __init__(self, time: FakeTime, *steps: Response[Any] | WeChatPayError, takes: float = 0.0) -> None:
        self.requests: list[Request] = []
        self._time = time
        self._steps = list(steps)
        self._takes = takes

    async def __call__(self, request: Request) -> Response[Any]:
        self.requests.append(request)
        self._time.now += self._takes
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, WeChatPayError):
            raise step
        return step


class World:
    """A Retry with time and chance in the test's hands."""

    def __init__(self, *steps: Response[Any] | WeChatPayError, takes: float = 0.0, **options: Any) -> None:
        self.time = FakeTime(100.0)
        self.script = Script(self.time, *steps, takes=takes)
        self.events: list[Event] = []
        self.clock = PlatformClock(self.time, corrects=True)
        self.retry = Retry(
            options.pop("policy", RetryPolicy(attempts=3, base=1.0)),
            Timeout(total=30),
            notify=self.events.append,
            clock=self.clock,
            monotonic=self.time,
            sleep=self.time.sleep,
            chance=lambda: 0.5,
            **options,
        )

    async def call(self, request: Request) -> Response[Any]:
        """Make the call."""
        return await self.retry(request, counted(self.script))


async def test_a_refused_connection_is_tried_again() -> None:
    """What never left is repeated for a write too, with the same body; the answer knows of the attempts."""
    world = World(lost("not_sent"), lost("not_sent"), OK)
    answer = await world.call(POST)
    assert (answer.attempts, world.time.slept) == (3, [0.5, 1.0])
    assert [request.body for request in world.script.requests] == [b"{}"] * 3
    assert [request.attempt for request in world.script.requests] == [1, 2, 3]
    assert [type(event) for event in world.events] == [Retrying, Retrying]


async def test_a_write_that_may_have_arrived_is_not_repeated() -> None:
    """A lost answer ends the call of an operation that isn't known as re-entrant."""
    world = World(lost("unknown"), OK)
    with pytest.raises(ConnectionFailed) as caught:
        await world.call(POST)
    assert (caught.value.attempts, caught.value.outcome, len(world.script.requests)) == (1, "unknown", 1)


async def test_an_unknown_attempt_leaves_the_call_unknown() -> None:
    """A refused connection after a lost answer doesn't mean that nothing was sent, and the log tells of both."""
    world = World(lost("unknown", TimedOut), lost("not_sent"))
    with pytest.raises(ConnectionFailed) as caught:
        await world.call(GET)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.attempts, error.outcome) == (3, "unknown")
    assert error.__notes__ == ["attempt 1: lost", "attempt 2: lost"]


async def test_a_refusal_after_an_unknown_attempt_is_in_doubt() -> None:
    """A refusal of the repetition says nothing of the attempt before."""
    answer = await World(lost("unknown"), Response(status=400, content=b"{}")).call(GET)
    assert (answer.attempts, answer.in_doubt) == (2, True)


async def test_a_local_refusal_after_an_unknown_attempt_is_unknown() -> None:
    """Nor does an error that came before the repetition was sent: the one before it is raised, and both are told."""

    async def second_has_no_turn(request: Request) -> Response[Any]:
        if request.attempt == 1:
            raise lost("unknown")
        raise lost("not_sent", RateLimited)

    world = World(OK)
    handler = counted(second_has_no_turn)

    async def uncounted(request: Request) -> Response[Any]:
        return await (handler if request.attempt == 1 else second_has_no_turn)(request)

    with pytest.raises(ConnectionFailed) as caught:
        await world.retry(GET, uncounted)
    assert (caught.value.attempts, caught.value.outcome) == (1, "unknown")
    assert caught.value.__notes__ == ["attempt 1: lost", "no attempt 2: lost"]


async def test_retry_after_is_honoured() -> None:
    """The pause is what the platform asked for, and the jitter on top."""
    limited: Response[Any] = Response(status=429, headers=Headers({"Retry-After": "7"}), content=b"{}")
    world = World(limited, OK)
    assert (await world.call(POST)).attempts == 2
    assert world.time.slept == [7.5]


async def test_one_deadline_for_all_attempts() -> None:
    """A repetition gets what is left of the call's time, and a pause beyond the deadline isn't begun."""
    world = World(lost("not_sent"), takes=6.0)
    with pytest.raises(ConnectionFailed):
        await world.call(Request(method="POST", template="/v3/x", timeout=13.0))
    left = world.script.requests[1].timeout
    assert isinstance(left, Timeout)
    assert left.total == pytest.approx(6.5)
    assert (len(world.script.requests), world.time.now) == (2, 112.5)


async def test_retry_false_makes_one_attempt() -> None:
    """The caller may forbid all repetitions."""
    world = World(lost("not_sent"), OK)
    with pytest.raises(ConnectionFailed):
        await world.call(Request(method="GET", template="/v3/x", retry=False))
    assert len(world.script.requests) == 1


async def test_the_budget_ends_repetitions() -> None:
    """In an outage a client soon makes little more than one attempt for each call."""
    world = World(lost("not_sent"), budget=RetryBudget(most=4, per_second=0))
    for _ in range(100):
        with pytest.raises(ConnectionFailed):
            await world.call(POST)
    assert len(world.script.requests) <= 100 + 4 + 10


REFUSED: Response[Any] = Response(status=401, content=b'{"code":"SIGN_ERROR"}')


def setting(world: World, *answers: Response[Any]) -> Handler:
    """A transport whose answers show one clock after another, each an hour further ahead."""
    left = list(answers)

    async def handle(request: Request) -> Response[Any]:
        world.script.requests.append(request)
        hours = len(world.script.requests)
        world.clock.measure(Headers({"Date": formatdate(1_790_000_000 + hours * 3600, usegmt=True)}))
        return left.pop(0) if len(left) > 1 else left[0]

    return counted(handle)


async def test_a_refusal_for_the_time_is_repeated_by_the_corrected_clock() -> None:
    """A write that was signed by a clock that its answer has set is made again, as an attempt like any other."""
    world = World(OK)
    answer = await world.retry(POST, setting(world, REFUSED, OK))
    assert (answer.status, answer.attempts) == (200, 2)
    assert [request.attempt for request in world.script.requests] == [1, 2]
    assert [type(event) for event in world.events] == [Retrying]


@pytest.mark.parametrize(
    ("request_", "options", "attempts"),
    [
        (POST, {}, 3),
        (POST, {"policy": RetryPolicy(attempts=1)}, 1),
        (POST, {"budget": RetryBudget(most=0, per_call=0, per_second=0)}, 1),
        (POST.changed(retry=False), {}, 1),
    ],
    ids=["a clock that never fits", "one attempt", "no budget", "retry=False"],
)
async def test_repetitions_for_the_time_are_bounded(request_: Request, options: dict[str, Any], attempts: int) -> None:
    """They count as attempts, cost the budget, and are not made where none are wanted."""
    world = World(OK, **options)
    answer = await world.retry(request_, setting(world, REFUSED))
    assert (answer.status, answer.attempts, len(world.script.requests)) == (401, attempts, attempts)


async def test_a_refusal_by_a_clock_that_was_right_is_final() -> None:
    """A 401 that has nothing to do with the time is not repeated."""
    world = World(REFUSED, OK)
    assert (await world.call(POST)).status == 401
    assert len(world.script.requests) == 1


async def test_a_plain_call_passes_untouched() -> None:
    """Without a failure the very request goes on and the very answer comes back."""
    world = World(OK)
    assert await world.call(POST) is OK
    assert world.script.requests[0] is POST
