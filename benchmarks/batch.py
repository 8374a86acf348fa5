"""A batch of many items: how fast, and whether its memory stays flat.

    python benchmarks/batch.py [ITEMS] [emulator]

By default 100,000 items with a client that answers at once, which shows the batch alone; with `emulator` signed, sealed
and verified calls in the same process. Prints the memory in use after each tenth. Exits with 1 when it grows by more
than 20 MB after the first tenth.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from wechatpay_chain import Request, Response, WeChatPay
from wechatpay_chain.batch import Batch, Item, Progress
from wechatpay_chain.batch.caller import Client
from wechatpay_chain.emulator import Call, Emulator

MOST = 20.0


class Instant:
    """A client that answers at once."""

    async def send(self, request: Request) -> Response[object]:  # noqa: ARG002 - a client's shape
        """Answer."""
        await asyncio.sleep(0)
        return Response(status=200, content=b'{"wxpay_recover_no":"2026112400000000000000000001"}')


@asynccontextmanager
async def client(kind: str) -> AsyncIterator[Client]:
    """The client that is asked for."""
    if kind != "emulator":
        yield Instant()
        return
    emulator = Emulator()

    @emulator.on("POST", "/v3/new/write")
    def write(call: Call) -> dict[str, str]:
        return {"number": str(call.json["out_request_no"])}

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        yield wxpay


def megabytes() -> float:
    """The memory in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def main(count: int, kind: str) -> int:
    """Run and print."""
    used: list[float] = []

    def show(progress: Progress) -> None:
        if progress.done >= len(used) * count // 10:
            used.append(megabytes())
            print(f"{progress.done:7} done, {progress.rate:6.0f} a second, {used[-1]:6.1f} MB", flush=True)

    items = (
        Item(path="v3/new/write", json={"out_request_no": f"B{number}", "bal_account_no": "6222 0000 1111"})
        for number in range(count)
    )
    with TemporaryDirectory() as folder:
        async with (
            client(kind) as wxpay,
            Batch(wxpay, Path(folder, "journal"), repeat=True, on_progress=show) as batch,
        ):
            started = time.perf_counter()
            progress = await batch.run(items)
            await batch.write_results(Path(folder, "results.jsonl"))
    grown = max(used) - (used[1] if len(used) > 1 else used[0])
    seconds = time.perf_counter() - started
    print(f"{progress.done} items in {seconds:.0f} s, {megabytes():.1f} MB in the end, grown by {grown:.1f} MB")
    return 0 if progress.done == count and grown <= MOST else 1


if __name__ == "__main__":
    arguments = sys.argv[1:]
    chosen = next((int(text) for text in arguments if text.isdecimal()), 100_000)
    sys.exit(asyncio.run(main(chosen, "emulator" if "emulator" in arguments else "instant")))
