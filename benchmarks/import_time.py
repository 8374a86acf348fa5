"""What a process that only receives notifications pays for `from wechatpay_chain import Webhook`.

    python benchmarks/import_time.py

Beyond what it needs of cryptography anyhow. Each measurement is a process of its own, and both kinds take turns,
so that a busy machine slows down both. Exits with 1 when the package adds more than 40 ms.
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median, quantiles
from tempfile import TemporaryDirectory

MOST = 40.0
ROUNDS = 30
BASE = (
    "from cryptography import x509; "
    "from cryptography.hazmat.primitives.asymmetric import padding, rsa; "
    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM"
)
RECEIVER = "from wechatpay_chain import Webhook"


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


def main() -> int:
    """Measure and print."""
    with TemporaryDirectory() as cache:
        milliseconds(RECEIVER, cache)  # compiles everything, as an installer does
        milliseconds(BASE, cache)
        rounds = [(milliseconds(BASE, cache), milliseconds(RECEIVER, cache)) for _ in range(ROUNDS)]
    added = [receiver - base for base, receiver in rounds]
    base, receiver = (median(column) for column in zip(*rounds, strict=True))
    low, middle, high = quantiles(added, n=4)
    print(
        f"cryptography {base:.1f} ms, receiver {receiver:.1f} ms: {middle:.1f} ms more, "
        f"half of {ROUNDS} rounds between {low:.1f} and {high:.1f} (at most {MOST:.0f})"
    )
    return 0 if middle <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
