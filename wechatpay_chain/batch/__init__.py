"""Bulk work: many calls with bounded concurrency and memory, under the limits, over any number of restarts.

    async with WeChatPay(...) as wxpay, Batch(wxpay, Path("release.journal")) as batch:
        await batch.run(read_jsonl(Path("orders.jsonl"), "v3/aggracct-bc/wb-channel/control-orders/recover"))
        await batch.write_results(Path("results.jsonl"))

Started again after a crash, with the same input or with none, it goes on where it was.
"""

from __future__ import annotations

from .batch import Batch
from .caller import Caller
from .items import Item, read_jsonl
from .journal import Journal
from .lock import JournalInUseError
from .progress import Progress
from .result import Result, State
from .tables import read_csv

__all__ = [
    "Batch",
    "Caller",
    "Item",
    "Journal",
    "JournalInUseError",
    "Progress",
    "Result",
    "State",
    "read_csv",
    "read_jsonl",
]
