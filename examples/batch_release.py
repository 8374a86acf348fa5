"""Bulk work on one machine: thousands of calls under the platform's rate limit, with a journal that survives a crash.

Here against the emulator; the same program with `WeChatPay.from_env()` works against the platform, started again after
any crash with the same arguments.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from wechatpay_chain import WeChatPay
from wechatpay_chain.batch import Batch, Progress, read_jsonl
from wechatpay_chain.emulator import Emulator

PUNISH = "v3/aggracct-bc/wb-channel/control-orders/punish"


def show(progress: Progress) -> None:
    print(f"{progress.done} done, {progress.waiting} waiting, {progress.rate:.0f} a second, {dict(progress.codes)}")


async def work(folder: Path) -> None:
    emulator = Emulator()
    async with (
        WeChatPay(**emulator.credentials(), transport=emulator) as wxpay,
        Batch(wxpay, folder / "release.journal", concurrency=16, on_progress=show) as batch,
    ):
        await batch.run(read_jsonl(folder / "orders.jsonl", PUNISH))
        await batch.write_results(folder / "results.jsonl")


def main() -> None:
    order = {"mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}
    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = (json.dumps({"out_request_no": f"P{number}", **order}) + "\n" for number in range(100))
        (folder / "orders.jsonl").write_text("".join(lines))
        asyncio.run(work(folder))
        print((folder / "results.jsonl").read_text().splitlines()[0])


main()
