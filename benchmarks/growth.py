"""What happens as things grow: calls at once, merchants, processes. `python -m benchmarks.growth`.

All figures are of calls that are sealed, signed, sent over loopback and verified.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from benchmarks.figures import save, table
from benchmarks.main_job import measure
from benchmarks.processes import Contestant, contestants

CONCURRENCIES = (1, 4, 16, 64, 256, 1024, 4096)
WAITING = 4096
MERCHANTS = ("chain", "chain-10-merchants", "chain-100-merchants", "chain-1000-merchants")
PROCESSES = (1, 2, 3, 4)
ROUNDS = 6
_CALLS = 256


def memory() -> dict[str, float]:
    """Kilobytes that each of many waiting calls takes, by contestant."""
    found: dict[str, float] = {}
    with contestants(("floor", "chain")) as (started, platform):
        for name, contestant in started.items():
            contestant.burst(64, 512)
            platform.holds.set()
            time.sleep(0.2)
            contestant.say({"waiting": WAITING})
            while platform.held.value < WAITING:
                time.sleep(0.05)
            contestant.say("all of them wait")
            found[name] = contestant.hear()["kilobytes"]
            platform.holds.clear()
            contestant.hear()
    return found


def processes() -> dict[str, float]:
    """Calls a second of several processes together, by how many there are."""
    found: dict[str, list[float]] = {str(count): [] for count in PROCESSES}
    with contestants(["chain"] * max(PROCESSES)) as (started, _), ThreadPoolExecutor() as threads:
        clients = list(started.values())

        def burst(contestant: Contestant) -> float:
            return contestant.burst(64, _CALLS)["rate"]

        list(threads.map(burst, clients))
        for _ in range(ROUNDS):
            for count in PROCESSES:
                begun = time.perf_counter()
                list(threads.map(burst, clients[:count]))
                found[str(count)].append(count * _CALLS / (time.perf_counter() - begun))
    return {count: median(rates) for count, rates in found.items()}


def main() -> None:
    """Measure, print, keep."""
    calls: dict[str, Any] = measure(("floor", "chain"), ROUNDS, CONCURRENCIES)
    merchants = measure(MERCHANTS, ROUNDS, (64,))
    together = processes()
    rows = [[count, f"{rate:,.0f}"] for count, rate in together.items()]
    print(f"\nprocesses, 64 calls at once in each\n{table(['', 'calls/s'], rows)}")
    waiting = memory()
    rows = [[name, f"{kilobytes:.1f}"] for name, kilobytes in waiting.items()]
    print(f"\n{WAITING} calls that wait for their answers\n{table(['', 'kB each'], rows)}")
    save("growth", {"calls": calls, "merchants": merchants, "processes": together, "waiting": waiting})


if __name__ == "__main__":
    main()
