"""What faults make of calls, in the same process and over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from wechatpay_chain import (
    APIError,
    ConnectionFailed,
    DecodeError,
    RateLimited,
    RetryPolicy,
    ServerError,
    SignatureError,
    SignatureProbe,
    TrustError,
    WeChatPay,
)
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.faults import (
    CutBody,
    Delay,
    Effect,
    Forge,
    LoseAnswer,
    OtherKey,
    Page,
    Refuse,
    SkewClock,
)

ORDER: dict[str, Any] = {
    "appid": "wx2421b1c4370ec43b",
    "mchid": "1900000109",
    "description": "x",
    "out_trade_no": "A1B2C3",
    "notify_url": "https://shop.example/",
    "amount": {"total": 29},
}


@pytest.fixture(params=["in process", "over a socket"])
async def client(request: pytest.FixtureRequest, both: Emulator) -> AsyncIterator[WeChatPay]:
    """A client without second attempts."""
    options: dict[str, Any] = {**both.credentials(), "clock": both.world.clock, "retry": RetryPolicy(attempts=1)}
    async with AsyncExitStack() as stack:
        if request.param == "in process":
            yield await stack.enter_async_context(WeChatPay(**options, transport=both))
        else:
            base_url = await stack.enter_async_context(both.listen())
            yield await stack.enter_async_context(WeChatPay(**options, base_url=base_url))


@pytest.mark.parametrize(
    ("effect", "raised", "made"),
    [
        (Refuse(429, "RATELIMIT_EXCEEDED"), RateLimited, False),
        (Refuse(), ServerError, False),
        (LoseAnswer(), ConnectionFailed, True),
        (CutBody(), ConnectionFailed, True),
        (Forge("altered"), SignatureError, True),
        (Forge("probe"), SignatureProbe, True),
        (Forge("stale"), SignatureError, True),
        (Forge("unsigned"), SignatureError, True),
        (Page(502), ServerError, False),
        (Page(200), TrustError, False),
        (SkewClock(400), APIError, False),
    ],
)
async def test_effects(both: Emulator, client: WeChatPay, effect: Effect, raised: type[Exception], made: bool) -> None:
    """Each fault ends in the error that it ought to, and only those that take effect make the order."""
    both.faults.add(effect, operation="POST /v3/pay/transactions/native")
    with pytest.raises(raised):
        await client["v3/pay/transactions/native"].post(json=ORDER)
    assert bool(both.orders) is made
    assert both.exchanges[-1].effects == (effect,)
    await client.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})


async def test_other_key(both: Emulator, client: WeChatPay) -> None:
    """In a gray switch, a share of the answers is signed by the other key, and believed."""
    both.faults.add(OtherKey(), times=1)
    serials = [(await client.v3.certificates.get()).headers["Wechatpay-Serial"] for _ in range(2)]
    assert sorted(serials) == sorted(key.serial for key in both.platform_keys)


async def test_delay(both: Emulator, client: WeChatPay) -> None:
    """A delayed answer comes all the same."""
    both.faults.add(Delay(0.01))
    assert (await client.v3.certificates.get()).status == 200


async def test_of_a_merchant(both: Emulator, client: WeChatPay) -> None:
    """A rule of another merchant strikes none of this one's calls."""
    both.faults.add(Refuse(), merchant="1900000110")
    await client.v3.certificates.get()
    both.faults.add(Refuse(), merchant="1900000109")
    with pytest.raises(ServerError):
        await client.v3.certificates.get()


@pytest.mark.parametrize(
    ("effect", "raised"),
    [
        (Refuse(500, "SYSTEMERROR"), APIError),
        (Forge("altered"), SignatureError),
        (Forge("probe"), SignatureError),
        (Forge("unsigned"), SignatureError),
        (LoseAnswer(), ConnectionFailed),
        (Page(200), (DecodeError, TrustError)),
    ],
)
async def test_apiv2(both: Emulator, client: WeChatPay, effect: Effect, raised: Any) -> None:
    """Faults strike calls of APIv2, by their path as the catalogue has it, and of their merchant."""
    both.faults.add(effect, operation="POST /v2/pay/*", merchant=both.mchid)
    with pytest.raises(raised):
        await client["v2/pay/orderquery"].post(xml={"out_trade_no": "A1", "appid": "wx1"})


async def test_the_server_names_itself(both: Emulator, client: WeChatPay) -> None:
    """Every answer says that it is the emulator's, and carries the time of its clock."""
    answer = await client.v3.certificates.get()
    assert answer.headers["Server"] == "wechatpay-chain-emulator"
    assert answer.headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
