"""Running a program in a fresh interpreter, untraced: first use costs what it costs a user."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def run(program: str) -> list[float]:
    """The numbers that a program prints as a JSON array."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True)
    numbers: list[float] = json.loads(done.stdout)
    return numbers
