"""What `SyncWeChatPay` pays for crossing into its loop's thread: `python -m benchmarks.blocking`.

The main job over loopback by `WeChatPay`, and by `SyncWeChatPay` from as many threads as calls are made at once. Both
are in one process and take turns in short bursts; the median of the ratios counts. Exits with 1 when the blocking
client makes fewer calls than it must.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import Any

from benchmarks.answering import ORDER, Answering, make_keys
from benchmarks.figures import table
from wechatpay_chain import SyncWeChatPay, WeChatPay

ROUNDS = 30
BURSTS = {1: 100, 64: 512}
LEAST = 0.9
"""Of the asyncio client's calls per second, at 64 at once."""

_order: Any = ORDER


async def rate(wxpay: WeChatPay, at_once: int, calls: int) -> float:
    """Calls per second by the asyncio client."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=_order)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return calls / (time.perf_counter() - started)


def rate_in_threads(wxpay: SyncWeChatPay, threads: ThreadPoolExecutor, at_once: int, calls: int) -> float:
    """Calls per second by the blocking one, from so many threads."""

    def work(_: int) -> None:
        for _ in range(calls // at_once):
            wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=_order)

    started = time.perf_counter()
    list(threads.map(work, range(at_once)))
    return calls / (time.perf_counter() - started)


def main() -> int:
    """Measure and print."""
    keys = make_keys()
    ratios: dict[int, list[float]] = {at_once: [] for at_once in BURSTS}
    rates: dict[int, list[float]] = {at_once: [] for at_once in BURSTS}
    with Answering(keys) as platform, asyncio.Runner() as runner, ThreadPoolExecutor(max(BURSTS)) as threads:
        arguments: dict[str, Any] = {
            "mchid": keys["mchid"],
            "serial": keys["serial"],
            "private_key": keys["private_key"],
            "certs": {keys["public_key_id"]: keys["public_key"]},
            "base_url": platform.base_url,
            "rate_limits": None,
        }
        wxpay = WeChatPay(**arguments)
        with SyncWeChatPay(**arguments) as blocking:
            for number in range(-1, ROUNDS):
                for at_once, calls in BURSTS.items():
                    asynchronous = runner.run(rate(wxpay, at_once, calls))
                    found = rate_in_threads(blocking, threads, at_once, calls)
                    if number >= 0:
                        rates[at_once].append(found)
                        ratios[at_once].append(found / asynchronous)
        runner.run(wxpay.aclose())
    rows: list[list[str]] = []
    for at_once, found in ratios.items():
        low, middle, high = quantiles(found, n=4)
        calls_per_second = f"{median(rates[at_once]):,.0f}"
        rows.append([str(at_once), calls_per_second, f"{middle:.2f}", f"({low:.2f} to {high:.2f})"])
    print(table(["threads", "calls/s", "of WeChatPay", "quartiles"], rows))
    least = median(ratios[64])
    print(f"from 64 threads {least:.2f} of WeChatPay's calls (at least {LEAST})")
    return 0 if least >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
