"""A batch as a program of its own, to be killed: `python -m tests.batch.job ARGUMENTS`, which are a JSON object."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.punishing import PUNISH
from wechatpay_chain import WeChatPay
from wechatpay_chain.batch import Batch, read_jsonl


async def main() -> None:
    """Run the batch to its end."""
    arguments = json.loads(sys.argv[1])
    folder = Path(arguments["folder"])
    options = {**arguments["client"], "rate_limits": None}
    async with WeChatPay(**options) as wxpay, Batch(wxpay, folder / "journal", concurrency=8) as batch:
        progress = await batch.run(read_jsonl(folder / "orders.jsonl", PUNISH))
        await batch.write_results(folder / "results.jsonl")
    print(json.dumps({"done": progress.done, "waiting": progress.waiting, "unknown": progress.unknown}))


if __name__ == "__main__":
    asyncio.run(main())
