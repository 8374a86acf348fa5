"""Attacks in numbers, on the client, the webhook and a batch.

    python -m benchmarks.attack [SHARE]

Forged answers in all spellings of a path, forged notifications, fuzzed answers, cancellations and kills: as many as
below, times SHARE (1). APIv3 with RSA and SM2, APIv2 and brands. Exits with 1 when something was believed, doubled or
leaked.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests import attacks

COUNTS = {
    "unsigned answers": 67_000,
    "forged notifications": 1_200,
    "fuzzed answers": 48_000,
    "points of cancellation": 120,
    "kills of a batch": 12,
}


async def main(share: float = 1.0) -> None:
    """Run and print."""
    warnings.simplefilter("ignore")  # deprecated operations are called, too
    logging.disable()  # each refused notification is logged
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "image.png").write_bytes(bytes(200_000))
        ways: dict[str, Callable[[int], Awaitable[Counter[str]]]] = {
            "unsigned answers": attacks.unsigned_answers,
            "forged notifications": attacks.forged_notifications,
            "fuzzed answers": attacks.fuzzed_answers,
            "points of cancellation": lambda count: attacks.cancellations(count, Path(folder)),
            "kills of a batch": lambda count: attacks.kills(count, Path(folder)),
        }
        for name, way in ways.items():
            started = time.perf_counter()
            found = await way(max(1, round(COUNTS[name] * share)))
            print(f"{found.pop('attempts'):,} {name}, {time.perf_counter() - started:.0f} s: {dict(found)}", flush=True)
    print("nothing was believed, doubled or leaked")


if __name__ == "__main__":
    asyncio.run(main(*(float(text) for text in sys.argv[1:2])))
