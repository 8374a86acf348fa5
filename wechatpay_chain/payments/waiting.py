"""`wait_for_payment`: queries an order until it is paid, because notifications may be late or lost.

https://pay.weixin.qq.com/doc/v3/merchant/4012791861
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Protocol, cast

from .._arguments import FLAG, TEXT, Takes, a_function, check, instance, is_number, with_methods
from .._both_clients import for_both_clients
from ..errors import APIError, RateLimited, WeChatPayError
from ..http.response import Response

ADVISED = (5, 30, 60, 180, 300, 600, 1800)
"""Seconds between two queries of an order, as the platform advises; the last number is used again and again."""

PAYMENT_CODE = (5, 10)
"""The same for a payment by code, where the payer stands at the counter."""

_DIRECT = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
_PARTNER = "/v3/pay/partner/transactions/out-trade-no/{out_trade_no}"
_SETTLED = frozenset({"SUCCESS", "REFUND", "CLOSED", "REVOKED", "PAYERROR"})


class Client(Protocol):
    """The method of a client that is used here."""

    def chain(self, path: str) -> Any:
        """The chain of a path."""
        ...


def _are_pauses(value: object) -> bool:
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(is_number(pause) and pause >= 0 for pause in cast("Sequence[Any]", value))


_TAKES = {
    "wxpay": with_methods("chain", remedy="Give a WeChatPay, or a SyncWeChatPay"),
    "out_trade_no": TEXT,
    "params": instance(Mapping, "Give a dict: {'mchid': '1900000109'}"),
    "timeout": Takes(lambda value: is_number(value) and value >= 0, "Give a number of seconds"),
    "pauses": Takes(_are_pauses, "Give the seconds before each query: (5, 30, 60)"),
    "close": FLAG,
    "sleep": a_function("Give a coroutine function that takes seconds, such as asyncio.sleep"),
    "monotonic": a_function("Give a function that returns seconds, such as time.monotonic"),
}


@for_both_clients
async def wait_for_payment(
    wxpay: Client,
    /,
    out_trade_no: str,
    params: Mapping[str, str],
    *,
    timeout: float,  # noqa: ASYNC109 - of all queries together
    pauses: Sequence[float] = ADVISED,
    close: bool = False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Response[Any]:
    """Query an order until it is paid, or settled otherwise, or `timeout` has passed.

    With a `SyncWeChatPay` it blocks. Queries that fail without an answer, or for their rate, are repeated at the next
    turn.

    Args:
        wxpay: the client.
        out_trade_no: the merchant's number of the order.
        params: `mchid`; of a service provider `sp_mchid` and `sub_mchid`.
        timeout: seconds to wait at most.
        pauses: seconds before each query; the last number is used again and again.
        close: whether to close the order at the end, so that it can't be paid any more.
        sleep: awaited for a pause in seconds; `asyncio.sleep` outside of tests.
        monotonic: returns seconds of a clock that never goes back.

    Returns:
        The answer of the last query, with the order's `trade_state`. After closing the order it is queried once more,
        as the payer may have been faster.

    Raises:
        ConfigurationError: an argument is wrong.
        WeChatPayError: a query was refused, or the last one failed.
    """
    check(
        _TAKES,
        wxpay=wxpay,
        out_trade_no=out_trade_no,
        params=params,
        timeout=timeout,
        pauses=pauses,
        close=close,
        sleep=sleep,
        monotonic=monotonic,
    )
    path = _PARTNER if "sp_mchid" in params else _DIRECT
    end = monotonic() + timeout
    for pause in chain(pauses, repeat(pauses[-1])):
        left = end - monotonic()
        if left <= 0:
            break
        await sleep(min(pause, left))
        answer = await _asked(wxpay, path, out_trade_no, params)
        if answer is not None and answer.json().get("trade_state") in _SETTLED:
            return answer
    if close:
        await _close(wxpay, path, out_trade_no, params)
    last: Response[Any] = await wxpay.chain(path).get(out_trade_no=out_trade_no, params=params)
    return last


async def _asked(wxpay: Client, path: str, out_trade_no: str, params: Mapping[str, str]) -> Response[Any] | None:
    try:
        answer: Response[Any] = await wxpay.chain(path).get(out_trade_no=out_trade_no, params=params)
    except WeChatPayError as error:
        if error.outcome == "rejected" and not isinstance(error, RateLimited):
            raise
        return None
    return answer


async def _close(wxpay: Client, path: str, out_trade_no: str, params: Mapping[str, str]) -> None:
    try:
        await wxpay.chain(f"{path}/close").post(out_trade_no=out_trade_no, json=dict(params))
    except APIError as error:
        # Paid in the meantime, or closed before: the next query shows which.
        if not error.has_code("ORDER_PAID", "ORDER_CLOSED"):
            raise
