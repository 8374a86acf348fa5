"""Repeating a refund or a transfer whose outcome is open: with the same number and the same content, never another.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol, cast

from ..errors import ConfigurationError, Outcome, RateLimited, WeChatPayError
from ..http.response import Response
from ..policies.retry import worst

PAUSES = (1.0, 2.0, 4.0)
"""Seconds before each repetition."""

_NUMBERS = (
    "out_refund_no",
    "out_bill_no",
    "out_batch_no",
    "out_request_no",
    "out_order_no",
    "partner_trade_no",
    "mch_billno",
)


class Postable(Protocol):
    """What is needed of a chain."""

    @property
    def post(self) -> Callable[..., Awaitable[Response[Any]]]:
        """Calls the path."""
        ...


async def until_certain(
    chain: Postable,
    *,
    timeout: float = 60.0,  # noqa: ASYNC109 - of all calls together; each gets what is left of it
    pauses: Sequence[float] = PAUSES,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **options: Any,
) -> Response[Any]:
    """Post a refund or a transfer, and repeat it as long as nobody knows whether it was accepted.

        await until_certain(wxpay.v3.refund.domestic.refunds, json={"out_refund_no": "R1", ...})

    It goes further than the client's own repetitions, which each of these calls may have besides: it repeats whatever
    left the outcome open, an answer that can't be believed or a code that nobody knows too.

    Args:
        chain: the path.
        timeout: seconds for all calls together, with the client's own repetitions and the pauses.
        pauses: seconds before each repetition.
        clock: a clock that never goes back, in seconds.
        sleep: waits.
        options: of the verb `post`. The payload must hold the merchant's own number; it is copied once, so that every
            repetition has the same.

    Raises:
        ConfigurationError: there is no number in the payload: a repetition would pay twice.
        WeChatPayError: it was refused, or the outcome still is open. `outcome` is the worst of all, `attempts` their
            sum.
    """
    payload: object = options.get("json", options.get("xml"))
    if not isinstance(payload, Mapping) or not _numbered(cast("Mapping[str, object]", payload)):
        raise ConfigurationError("json", "it holds no number of the merchant's own", f"Give one: {', '.join(_NUMBERS)}")
    kept, deadline = deepcopy(options), clock() + timeout
    attempts, outcome, coming = 0, cast("Outcome | None", None), list(pauses)
    while True:
        try:
            return await chain.post(**kept, timeout=max(deadline - clock(), 0.001))
        except WeChatPayError as error:
            attempts += error.attempts
            is_open = error.outcome == "unknown" or isinstance(error, RateLimited)
            error.outcome = outcome = worst(outcome, error.outcome)
            if not is_open or not coming or clock() + coming[0] >= deadline:
                error.attempts = attempts
                raise
        await sleep(coming.pop(0))


def _numbered(payload: Mapping[str, object]) -> bool:
    return any(payload.get(name) for name in _NUMBERS)
