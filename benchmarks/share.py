"""What the package itself adds to a call over the network, RSA left out: `python -m benchmarks.share`.

The main job over loopback, where constants of the right size stand for RSA's results, in the floor and the package
alike; so any machine comes to the same answer, however fast it signs. Each contestant is a process, they take turns in
short bursts, and what counts is the median of the ratios of their processor time in the same round. Where valgrind is
installed, the instructions of a call are counted too. Exits with 1 when the package takes more than is allowed.
"""

from __future__ import annotations

import argparse
import random
import sys

from benchmarks import instructions
from benchmarks.figures import Series, save, table
from benchmarks.processes import contestants, instructions_of_a_call

FLOOR, CHAIN = "floor-without-rsa", "chain-without-rsa"
BURSTS = {1: 200, 64: 512}
COUNTED = 256
MOST = 1.25
"""At 64 calls at once, the package's processor time as a multiple of the floor's."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="how often each takes its turn (%(default)s)")
    rounds: int = parser.parse_args().rounds
    rows: list[list[str]] = []
    found: dict[str, dict[str, float]] = {}
    with contestants((FLOOR, CHAIN), with_rsa=False) as (started, _):
        for concurrency, calls in BURSTS.items():
            series = {name: Series() for name in started}
            for number in range(-2, rounds):
                for name in random.sample(list(started), len(started)):
                    figures = started[name].burst(concurrency, calls)
                    if number >= 0:
                        series[name].add(figures, number, only=("cpu", "rate"))
            floor, chain = series[FLOOR], series[CHAIN]
            ratio, (low, high) = chain.ratio(floor, "cpu"), chain.ratio_spread(floor, "cpu")
            found[str(concurrency)] = {"ratio": ratio, **{name: got.median("cpu") for name, got in series.items()}}
            times = [f"{got.median('cpu') * 1e6:.0f}" for got in (floor, chain)]
            rows.append([f"{concurrency} at once, us", *times, f"{ratio:.2f}", f"({low:.2f} to {high:.2f})"])
    if instructions.can_count():
        for concurrency in BURSTS:
            floors, chains = (instructions_of_a_call(name, concurrency, COUNTED) for name in (FLOOR, CHAIN))
            rows.append(
                [
                    f"{concurrency} at once, thousand instructions",
                    *(f"{counted:.0f}" for counted in (floors, chains)),
                    f"{chains / floors:.2f}",
                    "",
                ]
            )
            found[str(concurrency)]["instructions"] = chains / floors
    print(table(["a call without RSA", "floor", "wechatpay_chain", "times", "quartiles"], rows))
    save("share", found)
    ratio = found["64"]["ratio"]
    print(f"at 64 calls at once {ratio:.2f} times the floor's processor time (at most {MOST})")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
