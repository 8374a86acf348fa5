"""Repeating a refund or a transfer whose outcome is open: with the same number and the same content, never another.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol, cast

from .errors import ConfigurationError, RateLimited, WeChatPayError
from .message import Response

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


async def settle(
    chain: Postable,
    *,
    pauses: Sequence[float] = PAUSES,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **options: Any,
) -> Response[Any]:
    """Post a refund or a transfer, and repeat it as long as nobody knows whether it was accepted.

        await settle(wxpay.v3.refund.domestic.refunds, json={"out_refund_no": "R1", ...})

    Args:
        chain: the path.
        pauses: seconds before each repetition.
        sleep: waits.
        options: of the verb `post`. The payload must hold the merchant's own number; it is copied once, so that every
            repetition has the same.

    Raises:
        ConfigurationError: there is no number in the payload: a repetition would pay twice.
        WeChatPayError: it was refused, or the last repetition left the outcome open too.
    """
    payload: object = options.get("json", options.get("xml"))
    if not isinstance(payload, Mapping) or not _numbered(cast("Mapping[str, object]", payload)):
        raise ConfigurationError("json", "it holds no number of the merchant's own", f"Give one: {', '.join(_NUMBERS)}")
    kept = deepcopy(options)
    for pause in pauses:
        try:
            return await chain.post(**kept)
        except WeChatPayError as error:
            if error.outcome != "unknown" and not isinstance(error, RateLimited):
                raise
        await sleep(pause)
    return await chain.post(**kept)


def _numbered(payload: Mapping[str, object]) -> bool:
    return any(payload.get(name) for name in _NUMBERS)
