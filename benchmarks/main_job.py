"""The main job beside its alternatives, in one run: `python -m benchmarks.main_job [NAME ...]`.

Each contestant is a process that is kept alive. They take turns in short bursts, in another order each round, so that
whatever else the machine does hits all of them alike; a ratio is of two bursts of the same round.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Series, save, table
from benchmarks.processes import contestants

NAMES = ("floor", "chain", "chain-in-the-loop", "wechatpayv3-async", "wechatpayv3-sync")
# concurrency -> calls in a burst: a tenth of a second to a second.
BURSTS = {1: 100, 64: 256, 512: 1024}
FIGURES = {"rate": 1.0, "cpu": 1e6, "p50": 1e3, "p99": 1e3}
# Contestants that take long take part in some of the rounds alone, with fewer calls.
_SLOW, _EACH, _FEWER = "wechatpayv3", 6, 512


def measure(names: Sequence[str], rounds: int, concurrencies: Sequence[int]) -> dict[str, Any]:
    """All figures, by concurrency and contestant."""
    found: dict[str, Any] = {}
    with contestants(names) as (started, _):
        for concurrency in concurrencies:
            series = found[str(concurrency)] = {name: Series() for name in names}
            calls = BURSTS.get(concurrency, max(256, concurrency))
            for name in names:
                started[name].burst(concurrency, min(calls, _FEWER))
            for number in range(rounds):
                watch = number % 4 == 3  # those bursts tell the stalls alone
                for name in random.sample(list(names), len(names)):
                    is_slow = name.startswith(_SLOW)
                    if is_slow and number % _EACH and number != 3:
                        continue
                    figures = started[name].burst(concurrency, min(calls, _FEWER) if is_slow else calls, watch=watch)
                    series[name].add(figures, number, only=("stall", "memory") if watch else (*FIGURES, "memory"))
            show(concurrency, series)
    return found


def show(concurrency: int, series: dict[str, Series]) -> None:
    """Print what was measured at one concurrency."""
    first = next(iter(series))
    rows = [
        [
            name,
            *(f"{got.median(figure) * scale:,.1f}" for figure, scale in FIGURES.items()),
            f"{got.median('stall') * 1e3:.1f}",
            f"{got.most('memory'):.0f}",
            f"{got.ratio(series[first], 'rate'):.2f}",
            "({:.2f} to {:.2f})".format(*got.ratio_spread(series[first], "rate")),
        ]
        for name, got in series.items()
    ]
    heads = ["", "calls/s", "CPU us", "p50 ms", "p99 ms", "stall ms", "MB", f"of {first}", "quartiles"]
    print(f"\n{concurrency} at once\n{table(heads, rows)}", flush=True)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, help="contestants; NAME+uvloop for that event loop")
    parser.add_argument("--rounds", type=int, default=36, help="how often each takes its turn (%(default)s)")
    parser.add_argument("--concurrency", type=int, action="append", help="calls at once; again for more of them")
    given = parser.parse_args()
    found = measure(given.names, given.rounds, given.concurrency or list(BURSTS))
    if given.names == NAMES and not given.concurrency:
        save("main_job", found)


if __name__ == "__main__":
    main()
