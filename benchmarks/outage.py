"""A main host that is down for a real minute, and one that closes connections after a real eight seconds.

    python -m benchmarks.outage [SECONDS]

Through TCP proxies, with the settings that a client has by default. While the main host refuses connections and for
some time after, ten queries and ten writes a second are made. Prints what the callers saw, how long the slowest call
took, and when calls were back at the main host. Exits with 1 when a call failed, or a write is missing or doubled.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from typing import Any

from tests.faults.proxy import FaultyProxy
from wechatpay_chain import WeChatPay, WeChatPayError
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.observing import AttemptEnded, Event, FailedOver

_PAUSE = 0.1
# The platform closes connections that have been idle for so long.
_IDLE = 8.0
_IDLE_PAUSES = (5.0, 7.9, 8.0, 8.1, 10.0)


class Calls:
    """Queries and writes, and what became of them."""

    def __init__(self, wxpay: WeChatPay) -> None:
        self._wxpay = wxpay
        self.failed: list[WeChatPayError] = []
        self.slowest = 0.0
        self.written = 0

    async def make(self) -> None:
        """One query and one write."""
        number, self.written = self.written, self.written + 1
        await asyncio.gather(
            self._timed(self._wxpay.chain("v3/new/query").get()),
            self._timed(self._wxpay.chain("v3/new/write").post(json={"number": f"N{number}"})),
        )

    async def _timed(self, call: Any) -> None:
        started = time.monotonic()
        try:
            await call
        except WeChatPayError as error:
            self.failed.append(error)
        self.slowest = max(self.slowest, time.monotonic() - started)


def counting() -> tuple[Emulator, Counter[str]]:
    """A platform that counts writes."""
    emulator, taken = Emulator(), Counter[str]()

    @emulator.on("POST", "/v3/new/write")
    def write(call: Any) -> dict[str, str]:
        taken[call.json["number"]] += 1
        return {}

    @emulator.on("GET", "/v3/new/query")
    def query(call: Any) -> dict[str, str]:  # noqa: ARG001 - the shape of a route
        return {}

    return emulator, taken


def told(calls: Calls, taken: Counter[str]) -> bool:
    """Print what came of them; whether all is well."""
    once = len(taken) == calls.written and set(taken.values()) == {1}
    print(f"  {calls.written} queries and writes, {len(calls.failed)} failed, the slowest took {calls.slowest:.2f} s")
    for error in calls.failed[:3]:
        print(f"  {error}")
    print(f"  {'each write took effect once' if once else f'writes: {Counter(taken.values())}'}")
    return once and not calls.failed


async def outage(seconds: float) -> bool:
    """The main host refuses connections for so long."""
    emulator, taken = counting()
    started = time.monotonic()
    back = 0.0

    def observe(event: Event) -> None:
        nonlocal back
        if isinstance(event, FailedOver):
            host = "the main host" if event.to == main.base_url else "the backup"
            print(f"  {time.monotonic() - started:6.2f} s  calls go to {host}")
        if isinstance(event, AttemptEnded) and event.status == 200 and event.host == main.base_url:
            back = time.monotonic()

    async with emulator.listen() as target, FaultyProxy(target) as main, FaultyProxy(target) as backup:
        options: dict[str, Any] = {"base_url": main.base_url, "backups": [backup.base_url], "observe": observe}
        async with WeChatPay(**emulator.credentials(), **options) as wxpay:
            calls = Calls(wxpay)
            await calls.make()
            print(f"down for {seconds:.0f} s")
            await main.stop()
            while time.monotonic() - started < seconds:
                await calls.make()
                await asyncio.sleep(_PAUSE)
            await main.start()
            up = time.monotonic()
            while back < up:
                await calls.make()
                await asyncio.sleep(_PAUSE)
            print(f"  back at the main host {back - up:.1f} s after it came up")
    return told(calls, taken)


async def idle() -> bool:
    """The host closes connections that have been idle for eight seconds."""
    emulator, taken = counting()
    async with (
        emulator.listen() as target,
        FaultyProxy(target, idle=_IDLE) as proxy,
        WeChatPay(**emulator.credentials(), base_url=proxy.base_url) as wxpay,
    ):
        calls = Calls(wxpay)
        print(f"idle connections are closed after {_IDLE:.0f} s")
        for pause in _IDLE_PAUSES:
            await calls.make()
            await asyncio.sleep(pause)
        await calls.make()
    return told(calls, taken)


async def main(seconds: float) -> int:
    """Both."""
    return 0 if await outage(seconds) and await idle() else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)))
