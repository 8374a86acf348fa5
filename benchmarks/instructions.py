"""Instructions of the processor that a program takes, which are the same however busy the machine is.

Counted by valgrind (`apt-get install valgrind`): processors in virtual machines seldom let `perf` count.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")


def can_count() -> bool:
    """Whether valgrind is here."""
    return shutil.which("valgrind") is not None


def of_program(*arguments: str, **environment: str) -> float:
    """Millions of instructions of `python ARGUMENTS`, its start included.

    Args:
        arguments: of the interpreter.
        environment: further variables of the environment.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={os.devnull}"]
    done = subprocess.run(  # noqa: S603 - programs of this folder
        [*tool, sys.executable, *arguments],
        env={**kept, "PYTHONHASHSEED": "0", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found = _COUNTED.search(done.stderr)
    if found is None:
        raise RuntimeError(done.stderr)
    return int(found[1].replace(",", "")) / 1e6
