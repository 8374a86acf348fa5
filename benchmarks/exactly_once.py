"""Ten thousand writes under random faults: is each of them in the platform's ledger exactly once?

    python -m benchmarks.exactly_once [CALLS] [SHARE]

Through a TCP proxy that breaks a share of the requests (0.05) in all the ways that `tests/faults` knows. Exits with 1
when a write is missing or doubled.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time

from tests.faults.proxy import Fate
from tests.faults.test_faults import FAULTS, FastClock, behind_proxy, exactly_once
from wechatpay_chain.emulator import Emulator


async def main(calls: int = 10_000, share: float = 0.05) -> None:
    """Run and print."""
    clock, chance = FastClock(300), random.Random(7)  # noqa: S311 - idempotent faults
    faults: list[Fate] = [fault[0] for fault in FAULTS] + ["429"]
    broken = 0

    def fate() -> Fate:
        nonlocal broken
        if chance.random() >= share:
            return "fine"
        broken += 1
        return chance.choice(faults)

    emulator = Emulator(clock=clock)
    async with behind_proxy(emulator, clock=clock, rate_limits=None, slow=1.0) as (wxpay, proxy):
        proxy.fate = fate
        started = time.perf_counter()
        seen = await exactly_once(emulator, proxy, wxpay, calls)
        print(f"{calls} writes, {broken} requests broken, {time.perf_counter() - started:.0f} s")
        print(f"errors that reached the caller, who repeated the call: {seen}")
        print("each write is in the ledger exactly once")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(main(*(int(text) for text in arguments[:1]), *(float(text) for text in arguments[1:2])))
