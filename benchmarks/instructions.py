"""Instructions of the processor that a program takes, which are the same however busy the machine is.

Counted by valgrind (`apt-get install valgrind`): processors in virtual machines seldom let `perf` count.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")


def can_count() -> bool:
    """Whether valgrind is here."""
    return shutil.which("valgrind") is not None


@contextmanager
def counting() -> Iterator[tuple[Sequence[str], Callable[[], int]]]:
    """What to put before a command, and what tells its instructions once it has ended."""
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")

        def counted() -> int:
            return made

        yield (
            ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", f"--log-file={log}"],
            counted,
        )
        found = _COUNTED.search(log.read_text("utf-8"))
        if found is None:
            raise RuntimeError(log.read_text("utf-8"))
        made = int(found[1].replace(",", ""))


def of_program(*arguments: str, **environment: str) -> float:
    """Millions of instructions of `python ARGUMENTS`, its start included.

    Args:
        arguments: of the interpreter.
        environment: further variables of the environment.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with counting() as (tool, counted):
        subprocess.run(  # noqa: S603 - programs of this folder
            [*tool, sys.executable, *arguments],
            env={**kept, "PYTHONHASHSEED": "0", **environment},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    return counted() / 1e6
