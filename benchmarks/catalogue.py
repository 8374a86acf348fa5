"""What look-ups and searches in the catalogue cost. Run: python benchmarks/catalogue.py."""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 7
MEASURED = {
    "first look-up": (
        "from wechatpay_chain.catalogue import find as use; arguments = ('GET', '/v3/pay/transactions/id/42')"
    ),
    "first search": "from wechatpay_chain.catalogue import search as use; arguments = ('解管',)",
    "second look-up": (
        "from wechatpay_chain.catalogue import find as use; arguments = ('POST', '/v3/pay/transactions/native')"
        "; use(*arguments)"
    ),
    "second search": "from wechatpay_chain.catalogue import search as use; arguments = ('退款',); use('解管')",
}
# A call's facts by themselves: nothing of the package but the catalogue is loaded before.
MEMORY = (
    "import tracemalloc; from wechatpay_chain.catalogue import find; tracemalloc.start(); "
    "find('GET', '/v3/pay/transactions/id/42'); print(*tracemalloc.get_traced_memory())"
)
TIMED = "import time; begin = time.perf_counter(); use(*arguments); print(time.perf_counter() - begin)"


def main() -> None:
    """Each in a fresh interpreter, in turn; the median and the spread, and the memory of the facts."""
    taken: dict[str, list[float]] = {name: [] for name in MEASURED}
    for _ in range(ROUNDS):
        for name, program in MEASURED.items():
            command = [sys.executable, "-c", f"{program}; {TIMED}"]
            done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - programs of this file
            taken[name].append(float(done.stdout) * 1e3)
    for name, times in taken.items():
        print(f"{name:15} {statistics.median(times):8.3f} ms  ({min(times):.3f} to {max(times):.3f})")
    done = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True)  # noqa: S603 - the same
    held, most = (int(size) / 1e6 for size in done.stdout.split())
    print(f"{'facts':15} {held:8.3f} MB held, {most:.3f} MB at most")


if __name__ == "__main__":
    main()
