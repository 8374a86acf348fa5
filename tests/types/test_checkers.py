"""What pyright and mypy say about calls, right and wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = [str((HERE / name).relative_to(ROOT)) for name in ("correct.py", "mistakes.py")]


def _run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_pyright():
    """Pyright accepts the correct calls and finds in every mistake the error that is noted there, and no other."""
    assert _run("pyright", "--pythonpath", sys.executable, *FILES) == ""


def test_mypy():
    """Mypy accepts the correct calls and finds in every mistake the error that is noted there, and no other."""
    assert _run("mypy", *FILES) == ""
