"""What a process pays for the package's imports, beyond what it pays for the libraries below.

    python -m benchmarks.import_time

A receiver (`from wechatpay_chain import Webhook`) is held against cryptography, a caller (`from wechatpay_chain import
WeChatPay`) against aiohttp, cryptography and orjson. Each measurement is a process of its own, and the kinds take
turns, so that a busy machine slows down all. Where valgrind is installed, instructions are counted too. Exits with 1
when the package adds more than is allowed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import instructions

ROUNDS = 30


class Case(NamedTuple):
    """What is measured: the imports below, the package's own, and how many milliseconds they may add."""

    name: str
    base: str
    imports: str
    most: float


CASES = (
    Case(
        "receiver",
        "from cryptography import x509; "
        "from cryptography.hazmat.primitives.asymmetric import padding, rsa; "
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
        "from wechatpay_chain import Webhook",
        40.0,
    ),
    Case(
        "caller", "import aiohttp, orjson; from cryptography import x509", "from wechatpay_chain import WeChatPay", 80.0
    ),
)


def milliseconds(imports: str, cache: str) -> float:
    """The processor's time that these imports take in a fresh process, without its start."""
    program = f"import time; started = time.process_time(); {imports}; print(time.process_time() - started)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(  # noqa: S603 - programs of this file
        [sys.executable, "-c", program],
        env={**environment, "PYTHONPYCACHEPREFIX": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout) * 1000


def measure(case: Case, cache: str) -> bool:
    """Measure and print; whether it is within what is allowed."""
    for imports in (case.imports, case.base):  # compiles everything, as an installer does
        milliseconds(imports, cache)
    rounds = [(milliseconds(case.base, cache), milliseconds(case.imports, cache)) for _ in range(ROUNDS)]
    base, own = (median(column) for column in zip(*rounds, strict=True))
    low, middle, high = quantiles([own - base for base, own in rounds], n=4)
    print(
        f"{case.name}: libraries {base:.1f} ms, with the package {own:.1f} ms: {middle:.1f} ms more, "
        f"half of {ROUNDS} rounds between {low:.1f} and {high:.1f} (at most {case.most:.0f})"
    )
    if instructions.can_count():
        few, many = (
            instructions.of_program("-c", imports, PYTHONPYCACHEPREFIX=cache)
            for imports in (case.base, f"{case.base}; {case.imports}")
        )
        print(f"{case.name}: {many - few:.0f} million instructions more than the {few:.0f} of the libraries")
    return middle <= case.most


def main() -> int:
    """Measure all."""
    with TemporaryDirectory() as cache:
        results = [measure(case, cache) for case in CASES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
