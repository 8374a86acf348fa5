"""What each middleware that keeps a client up adds to a call that needs none of them.

    python benchmarks/middlewares.py

Each is measured alone, over a handler that answers at once; the bare handler in the same round is taken off. Exits with
1 when one of them takes more than 10 us.
"""

from __future__ import annotations

import asyncio
import sys
import time
from statistics import median

from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.middleware import Clock, Failover, ObserveAttempts, ObserveCalls, RateLimit, Retry
from wechatpay_chain.pipeline import Handler, Middleware, compose
from wechatpay_chain.policies.clock import PlatformClock
from wechatpay_chain.policies.ratelimit import RateLimits
from wechatpay_chain.policies.retry import RetryPolicy

MOST = 10.0
ROUNDS, CALLS = 60, 500
REQUEST = Request(method="POST", template="/v3/pay/transactions/native", body=b"{}")
RECOVER = Request(method="POST", template="/v3/aggracct-bc/wb-channel/control-orders/recover", body=b"{}")
ANSWER = Response(status=200, headers=Headers({"Date": "Tue, 24 Nov 2026 00:00:00 GMT"}), content=b"{}")
HOST = "https://api.mch.weixin.qq.com"


async def answer(_: Request) -> Response[object]:
    """The handler beneath."""
    return ANSWER


async def seconds(handler: Handler, request: Request) -> float:
    """How long one call takes, on average over some."""
    started = time.perf_counter()
    for _ in range(CALLS):
        await handler(request)
    return (time.perf_counter() - started) / CALLS


def middlewares() -> dict[str, tuple[Middleware, Request]]:
    """What is measured, and with which request."""
    timeouts = Timeout()
    wide = RateLimits(overrides={"POST " + RECOVER.template: "900000000/s"})
    return {
        "Retry": (Retry(RetryPolicy(), timeouts), REQUEST),
        "RateLimit, no limit": (RateLimit("1", RateLimits(), timeouts), REQUEST),
        "RateLimit, within its limit": (RateLimit("1", wide, timeouts), RECOVER),
        "Clock": (Clock(PlatformClock(time.time)), REQUEST),
        "Failover": (Failover(lambda _: HOST, lambda _: ("https://api2.mch.weixin.qq.com",)), REQUEST),
        "ObserveCalls, with a hook": (ObserveCalls(lambda _: None), REQUEST),
        "ObserveAttempts, with a hook": (ObserveAttempts(lambda _: None, lambda _: HOST), REQUEST),
    }


async def main() -> int:
    """Measure and print."""
    worst = 0.0
    for name, (middleware, request) in middlewares().items():
        handler = compose((middleware,), answer)
        await seconds(handler, request)
        rounds = [(await seconds(answer, request), await seconds(handler, request)) for _ in range(ROUNDS)]
        added = median(whole - bare for bare, whole in rounds) * 1e6
        print(f"{name:30} {added:6.2f} us")
        if "hook" not in name:
            worst = max(worst, added)
    return 0 if worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
