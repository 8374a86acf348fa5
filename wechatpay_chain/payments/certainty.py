"""`until_certain`: repeats a refund or a transfer whose outcome is unknown, with the same number and content.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any, Protocol, cast

from .._arguments import COUNT, SECONDS, a_function, check, instance, with_methods
from .._both_clients import for_both_clients
from ..errors import ConfigurationError, Outcome, RateLimited, WeChatPayError
from ..http.response import Response
from ..policies.backoff import Backoff
from ..policies.merchant_numbers import MERCHANT_NUMBERS, ORDER_NUMBERS, merchant_number
from ..policies.retry import worst

_BACKOFF = Backoff(1.0, 4.0, jitter=0)


class Postable(Protocol):
    """The method of a chain that is used here."""

    @property
    def post(self) -> Callable[..., Awaitable[Response[Any]]]:
        """Calls the path."""
        ...


_TAKES = {
    "chain": with_methods("post", remedy="Give the path without a verb: wxpay.v3.refund.domestic.refunds"),
    "timeout": SECONDS,
    "attempts": COUNT,
    "backoff": instance(Backoff, "Give Backoff(1, 4, jitter=0)"),
    "monotonic": a_function("Give a function that returns seconds, such as time.monotonic"),
    "sleep": a_function("Give a coroutine function that takes seconds, such as asyncio.sleep"),
}


@for_both_clients
async def until_certain(
    chain: Postable,
    /,
    *,
    timeout: float = 60.0,  # noqa: ASYNC109 - of all calls together; each gets what is left of it
    attempts: int = 4,
    backoff: Backoff = _BACKOFF,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **options: Any,
) -> Response[Any]:
    """Post a refund or a transfer, and repeat it as long as nobody knows whether it was accepted.

        await until_certain(wxpay.v3.refund.domestic.refunds, json={"out_refund_no": "R1", ...})

    With a chain of `SyncWeChatPay` it blocks. Each call may be repeated by the client's own retries. Beyond those, this
    repeats every call of unknown outcome, also after an answer that can't be trusted or has an unknown code.

    Args:
        chain: the path.
        timeout: seconds for all calls together, with the client's own repetitions and the pauses.
        attempts: how many calls to make at most.
        backoff: the pauses between them; by default 1, 2 and 4 seconds.
        monotonic: returns seconds of a clock that never goes back.
        sleep: awaited for a pause in seconds; `asyncio.sleep` outside of tests.
        options: of the verb `post`. The payload must hold the merchant's own number; it is copied once, so that every
            repetition has the same.

    Raises:
        ConfigurationError: there is no number in the payload: a repetition would pay twice; or an argument is wrong.
        WeChatPayError: it was refused, or the outcome still is open. `outcome` is the worst of all, `attempts` their
            sum.
    """
    check(_TAKES, chain=chain, timeout=timeout, attempts=attempts, backoff=backoff, monotonic=monotonic, sleep=sleep)
    payload: object = options.get("json", options.get("xml"))
    if merchant_number(payload, but=ORDER_NUMBERS) is None:
        names = ", ".join(name for name in MERCHANT_NUMBERS if name not in ORDER_NUMBERS)
        raise ConfigurationError("json", "it holds no number of the merchant's own", f"Give one: {names}")
    kept, deadline = deepcopy(options), monotonic() + timeout
    made, sent, outcome = 0, 0, cast("Outcome | None", None)
    while True:
        made += 1
        try:
            return await chain.post(**kept, timeout=max(deadline - monotonic(), 0.001))
        except WeChatPayError as error:
            sent += error.attempts
            is_open = error.outcome == "unknown" or isinstance(error, RateLimited)
            error.outcome = outcome = worst(outcome, error.outcome)
            pause = backoff.pause(made, random.random())  # noqa: S311 - spreads the load, hides nothing
            if not is_open or made >= attempts or monotonic() + pause >= deadline:
                error.attempts = sent
                raise
        await sleep(pause)
