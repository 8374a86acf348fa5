"""What a caller may add to the steps of a client, replace in them, and not take out of them by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from wechatpay_chain import (
    ConfigurationError,
    Handler,
    Middleware,
    Renewal,
    Request,
    Response,
    RetryPolicy,
    SignatureError,
    WeChatPay,
)
from wechatpay_chain.client.options import Options
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.middleware import EncodeV2, InPlaceOf, Retry, Seal, Sign, Verify, VerifyV2, standard
from wechatpay_chain.observing import CallEnded, Event

ECHO, MESSAGE = "/v3/security/echo", {"echo_message": "a"}


async def unsigned(request: Request) -> Response[Any]:
    """A forger's transport: a success without any signature."""
    return Response(status=200, content=b'{"forged": true}', request=request)


async def passing(request: Request, call_next: Handler) -> Response[Any]:
    """A step that does nothing."""
    return await call_next(request)


@pytest.mark.parametrize("given", [(), [passing], (passing, passing)])
async def test_additions_take_nothing_away(emulator: Emulator, given: Sequence[Middleware]) -> None:
    """Whatever is added, calls are signed, and an answer without a signature is refused."""
    async with WeChatPay(**emulator.credentials(), transport=unsigned, middlewares=given) as wxpay:
        with pytest.raises(SignatureError):
            await wxpay.chain(ECHO).post(json=MESSAGE)
    async with WeChatPay(**emulator.credentials(), transport=emulator, middlewares=given) as wxpay:
        answer = await wxpay.chain(ECHO).post(json=MESSAGE)
    assert answer.verified
    assert answer.request is not None
    assert "Authorization" in answer.request.headers


async def test_additions_keep_all_other_options(emulator: Emulator) -> None:
    """An added step changes neither how often calls are repeated, nor what is checked, nor who observes."""
    events: list[Event] = []
    seen: list[str] = []
    failures = iter([True, False])

    async def watch(request: Request, call_next: Handler) -> Response[Any]:
        seen.append(request.template)
        return await call_next(request)

    @emulator.on("GET", "/v3/mine")
    def mine(_call: Any) -> dict[str, Any]:
        return {"mine": 1}

    async def failing_once(request: Request) -> Response[Any]:
        if next(failures):
            return Response(status=503, request=request)
        return await emulator(request)

    options: dict[str, Any] = {"retry": RetryPolicy(base=0.001), "validate": True, "observe": events.append}
    async with WeChatPay(**emulator.credentials(), transport=failing_once, middlewares=[watch], **options) as wxpay:
        assert (await wxpay.chain("v3/mine").get()).attempts == 2
        with pytest.raises(ConfigurationError, match="required, but missing"):
            await wxpay.chain("v3/pay/transactions/native").post(json={})
    assert [event.attempts for event in events if isinstance(event, CallEnded)] == [2, 0]
    assert seen == ["/v3/mine", "/v3/pay/transactions/native"]


async def test_the_first_addition_is_outermost(emulator: Emulator) -> None:
    """Additions see a call in the order in which they were given."""
    seen: list[str] = []

    def named(name: str) -> Middleware:
        async def step(request: Request, call_next: Handler) -> Response[Any]:
            seen.append(name)
            return await call_next(request)

        return step

    async with WeChatPay(
        **emulator.credentials(), transport=emulator, middlewares=[named("outer"), named("inner")]
    ) as wxpay:
        await wxpay.chain(ECHO).post(json=MESSAGE)
    assert seen == ["outer", "inner"]


def test_standard_steps_are_no_additions(emulator: Emulator) -> None:
    """A whole pipeline given as additions would seal and sign twice: it is refused, and the remedy is named."""
    arguments = emulator.credentials()
    with pytest.raises(ConfigurationError, match="pipeline=") as caught:
        WeChatPay(**arguments, middlewares=(passing, *standard(Options(**arguments))))
    assert caught.value.argument == "middlewares"


@pytest.mark.parametrize("kind", [Seal, Sign, Verify, EncodeV2, VerifyV2])
def test_a_pipeline_without_a_safe_step_is_refused(emulator: Emulator, kind: type) -> None:
    """What signs, seals or verifies can't be left out by mistake, in either scheme."""
    arguments = emulator.credentials()
    steps = tuple(step for step in standard(Options(**arguments)) if not isinstance(step, kind))
    with pytest.raises(ConfigurationError, match=f"there is no {kind.__name__} in it"):
        WeChatPay(**arguments, pipeline=steps)
    with pytest.raises(ConfigurationError, match="pipeline"):
        WeChatPay(**arguments, pipeline=())


async def test_a_pipeline_of_ones_own(emulator: Emulator) -> None:
    """A tuple made of the standard steps, with one more between them and one less, works as it says."""
    arguments = emulator.credentials()
    seen: list[Any] = []

    async def sealed(request: Request, call_next: Handler) -> Response[Any]:
        seen.append(request.json)
        return await call_next(request)

    steps = [step for step in standard(Options(**arguments)) if not isinstance(step, Retry)]
    position = next(index for index, step in enumerate(steps) if isinstance(step, Seal)) + 1
    steps.insert(position, sealed)
    payload = {"echo_message": "a", "encrypted_echo_message": "plain"}
    async with WeChatPay(**arguments, transport=emulator, pipeline=steps) as wxpay:
        assert (await wxpay.chain(ECHO).post(json=payload)).verified
    assert seen[0]["echo_message"] == "a"
    assert "plain" not in str(seen[0])


async def test_a_verifier_elsewhere_says_so(emulator: Emulator) -> None:
    """`InPlaceOf` puts a step of one's own where Verify stood; without a step nothing verifies there."""
    arguments = emulator.credentials()
    verified: list[int] = []

    async def elsewhere(request: Request, call_next: Handler) -> Response[Any]:
        response = await call_next(request)
        verified.append(response.status)
        return response

    def steps(step: Middleware | None) -> tuple[Middleware, ...]:
        standing = standard(Options(**arguments))
        return tuple(InPlaceOf(each, step) if isinstance(each, Verify) else each for each in standing)

    for step in (elsewhere, None):
        async with WeChatPay(**arguments, transport=unsigned, pipeline=steps(step)) as wxpay:
            answer = await wxpay.chain(ECHO).post(json=MESSAGE)
        assert (answer.json(), answer.verified) == ({"forged": True}, False)
    assert verified == [200]


async def test_a_pipeline_of_ones_own_is_renewed(merchant_pair: KeyPair) -> None:
    """The certificates that are downloaded reach the steps that were given: calls are sealed and believed by them."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[KeyPair.certified()])
    arguments = {**emulator.credentials(), "certs": None, "renewal": Renewal()}
    steps = standard(Options(**arguments))
    async with WeChatPay(**arguments, transport=emulator, pipeline=(passing, *steps)) as wxpay:
        answer = await wxpay.chain(ECHO).post(json={"encrypted_echo_message": "secret", "echo_message": "a"})
        assert answer.verified
        assert answer.json()["encrypted_echo_message"] == "secret"
        assert [key.serial for key in wxpay.trust.keys] == [emulator.platform_keys[0].serial]


async def test_an_answer_may_be_replaced_by_an_addition(emulator: Emulator) -> None:
    """What an added step makes of an answer is what the caller gets: it stands outside of the verification."""

    async def stamped(request: Request, call_next: Handler) -> Response[Any]:
        return replace(await call_next(request), content=b'{"mine": 1}')

    async with WeChatPay(**emulator.credentials(), transport=emulator, middlewares=[stamped]) as wxpay:
        assert (await wxpay.chain(ECHO).post(json=MESSAGE)).content == b'{"mine": 1}'
