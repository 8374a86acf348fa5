"""Other people's code in a call: whatever it raises or returns, the caller learns what became of the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from wechatpay_chain import (
    ConnectionFailed,
    Handler,
    Middleware,
    NotFound,
    Request,
    Response,
    TimedOut,
    TransportError,
    WeChatPay,
)
from wechatpay_chain.client.options import Options
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.errors import Outcome
from wechatpay_chain.middleware import InPlaceOf, Retry, Sign, standard
from wechatpay_chain.pipeline import compose
from wechatpay_chain.policies.retry import RetryPolicy

WRITE = "v3/new/write"
Place = Callable[[dict[str, Any], Middleware], dict[str, Any]]


async def before(request: Request, call_next: Handler) -> Response[Any]:
    """Fails before it calls on."""
    raise KeyError("tenant")


async def after(request: Request, call_next: Handler) -> Response[Any]:
    """Fails with the answer in hand."""
    await call_next(request)
    raise KeyError("tenant")


async def in_place_of_a_refusal(request: Request, call_next: Handler) -> Response[Any]:
    """Fails while it handles an error of ours."""
    try:
        return await call_next(request)
    except ConnectionFailed as error:
        raise LookupError("no handler") from error


async def without_return(request: Request, call_next: Handler) -> Any:
    """Forgets to hand the answer on."""
    await call_next(request)


async def with_bytes(request: Request, call_next: Handler) -> Any:
    """Answers by itself, in another shape."""
    return b"{}"


def added(arguments: dict[str, Any], step: Middleware) -> dict[str, Any]:
    """As an addition."""
    return {"middlewares": [step]}


def outermost(arguments: dict[str, Any], step: Middleware) -> dict[str, Any]:
    """First in a pipeline of the caller's own."""
    return {"pipeline": (step, *standard(Options(**arguments)))}


def innermost(arguments: dict[str, Any], step: Middleware) -> dict[str, Any]:
    """Last in it, beneath Retry."""
    return {"pipeline": (*standard(Options(**arguments)), step)}


def in_place_of_retry(arguments: dict[str, Any], step: Middleware) -> dict[str, Any]:
    """In the place of a standard step."""
    return {"pipeline": tuple(InPlaceOf(each, step) if isinstance(each, Retry) else each for each in _steps(arguments))}


def _steps(arguments: dict[str, Any]) -> tuple[Middleware, ...]:
    return standard(Options(**arguments))


@pytest.mark.parametrize("place", [added, outermost, innermost, in_place_of_retry], ids=lambda place: place.__name__)
@pytest.mark.parametrize(
    ("step", "outcome", "attempts", "told"),
    [
        (before, "not_sent", 0, r"the middleware before failed \(KeyError: 'tenant'\)"),
        (after, "unknown", 1, r"the middleware after failed \(KeyError"),
        (without_return, "unknown", 1, "the middleware without_return returned None in place of a Response"),
        (with_bytes, "not_sent", 0, "returned a bytes in place of a Response"),
    ],
    ids=["before", "after", "nothing", "bytes"],
)
async def test_a33_a_middleware_that_fails(
    emulator: Emulator, place: Place, step: Middleware, outcome: Outcome, attempts: int, told: str
) -> None:
    """It ends the call with an error of ours, which says whether anything was sent; the exception is its cause."""
    emulator.on("POST", f"/{WRITE}")(lambda call: {})
    arguments = {**emulator.credentials(), "transport": emulator, "rate_limits": None}
    async with WeChatPay(**arguments, **place(arguments, step)) as wxpay:
        with pytest.raises(TransportError, match=told) as caught:
            await wxpay.chain(WRITE).post(json={})
    assert (caught.value.outcome, caught.value.attempts) == (outcome, attempts)
    assert str(caught.value.request) == f"POST /{WRITE}"
    assert isinstance(caught.value.__cause__, KeyError) == ("failed" in told)


@pytest.mark.parametrize("outcome", ["not_sent", "unknown"])
async def test_a33_a_middleware_that_replaces_an_error(emulator: Emulator, outcome: Outcome) -> None:
    """What it puts in an error's place keeps that error's outcome, and its count of attempts."""

    async def transport(request: Request) -> Response[Any]:
        error = ConnectionFailed("broken")
        error.outcome = outcome
        raise error

    options: dict[str, Any] = {"transport": transport, "retry": RetryPolicy(attempts=1)}
    async with WeChatPay(**emulator.credentials(), middlewares=[in_place_of_a_refusal], **options) as wxpay:
        with pytest.raises(TransportError, match="in_place_of_a_refusal failed") as caught:
            await wxpay.chain(WRITE).post(json={})
    assert (caught.value.outcome, caught.value.attempts) == (outcome, 1)


async def test_a33_a_middleware_that_calls_twice(emulator: Emulator) -> None:
    """The worst of its calls counts: after one that may have taken effect, a second that wasn't sent proves nothing."""
    fates: list[Outcome] = ["unknown", "not_sent"]

    async def twice(request: Request, call_next: Handler) -> Response[Any]:
        for _ in range(2):
            try:
                await call_next(request)
            except ConnectionFailed:
                continue
        raise RuntimeError("gave up")

    async def transport(request: Request) -> Response[Any]:
        error = ConnectionFailed("broken")
        error.outcome = fates.pop(0)
        raise error

    options: dict[str, Any] = {"transport": transport, "retry": RetryPolicy(attempts=1)}
    async with WeChatPay(**emulator.credentials(), middlewares=[twice], **options) as wxpay:
        with pytest.raises(TransportError, match="gave up") as caught:
            await wxpay.chain(WRITE).post(json={})
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 2)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (TimeoutError("slow"), TimedOut),
        (ConnectionResetError("reset"), ConnectionFailed),
        (ExceptionGroup("many", [ValueError("one")]), TransportError),
        (StopIteration("empty"), TransportError),
        (RecursionError("deep"), TransportError),
    ],
)
async def test_a33_the_kind_of_the_error(emulator: Emulator, raised: Exception, kind: type[TransportError]) -> None:
    """Time-outs and lost connections keep their kind."""

    def failing(request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        raise raised

    async with WeChatPay(**emulator.credentials(), transport=emulator, middlewares=[failing]) as wxpay:
        with pytest.raises(kind) as caught:
            await wxpay.chain(WRITE).post(json={})
    assert caught.value.outcome == "not_sent"


async def test_a_refusal_passes_a_middleware(emulator: Emulator) -> None:
    """What is an error of ours stays as it is, and what a test's own function raises reaches that test."""

    async def passing(request: Request, call_next: Handler) -> Response[Any]:
        return await call_next(request)

    class Mine(Exception):
        pass

    @emulator.on("POST", f"/{WRITE}")
    def write(call: Any) -> dict[str, Any]:
        raise Mine

    async with WeChatPay(**emulator.credentials(), transport=emulator, middlewares=[passing, passing]) as wxpay:
        with pytest.raises(Mine):
            await wxpay.chain(WRITE).post(json={})
        with pytest.raises(NotFound):
            await wxpay.chain("v3/pay/transactions/out-trade-no/{n}").get(n="1", params={"mchid": emulator.mchid})


async def test_a33_a_transport_that_returns_something_else(emulator: Emulator) -> None:
    """It is an error with an unknown outcome, as one that raises."""

    async def transport(request: Request) -> Any:
        return None

    async with WeChatPay(**emulator.credentials(), transport=transport, retry=RetryPolicy(attempts=1)) as wxpay:
        with pytest.raises(TransportError, match="the transport returned None") as caught:
            await wxpay.chain(WRITE).post(json={})
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 1)


def test_what_is_replaced_is_still_known(emulator: Emulator) -> None:
    """A step in another's place is not taken for a missing one."""
    arguments = emulator.credentials()
    steps = tuple(InPlaceOf(each, before) if isinstance(each, Sign) else each for each in _steps(arguments))
    assert WeChatPay(**arguments, pipeline=steps).options.pipeline == steps


async def test_every_kind_of_callable_is_a_step() -> None:
    """A function, a method, an object, one whose `__call__` takes no `self`: each gets request and handler."""

    class Steps:
        async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
            return await call_next(request)

        async def method(self, request: Request, call_next: Handler) -> Response[Any]:
            return await call_next(request)

    class Static:
        @staticmethod
        async def __call__(request: Request, call_next: Handler) -> Response[Any]:
            return await call_next(request)

    async def function(request: Request, call_next: Handler) -> Response[Any]:
        return await call_next(request)

    async def handler(request: Request) -> Response[Any]:
        return Response(status=204, request=request)

    request = Request(method="GET", template="/v3/x")
    for step in (Steps(), Steps().method, Static(), function, partial(function)):
        assert (await compose([step], handler)(request)).request is request
