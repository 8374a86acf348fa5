"""The examples are programs, which run against the emulator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

MAIN_JOB = ["recovered as 20", "'recover_state': 'SUCCESS'"]
OUTPUT = {
    "async_chain.py": MAIN_JOB,
    "async_string.py": MAIN_JOB,
    "async_items.py": MAIN_JOB,
    "sync_chain.py": MAIN_JOB,
    "sync_string.py": MAIN_JOB,
    "sync_items.py": MAIN_JOB,
    "fastapi_service.py": ["200 {'code_url': "],
    "aiohttp_service.py": ["200 {'order': 'A1', 'state': 'SUCCESS'}"],
    "inbox.py": ["answered 200\nanswered 200\nhandled 1\npaid 29"],
    "tutorial_1_order.py": ["the order is SUCCESS"],
    "tutorial_2_notification.py": ["T2 is paid, 2900 fen"],
    "tutorial_3_refund.py": ["the refund is SUCCESS", "refused: INVALID_REQUEST rejected"],
    "tutorial_4_bill.py": ["the bill is whole: True", "it agrees with the shop: True"],
    "batch_release.py": ["100 done, 0 waiting", '"key":"P0","state":"done"'],
}


def test_every_example_is_run() -> None:
    """No example is left out, but for those that need more than a program, which have tests of their own."""
    alone = {path.name for path in EXAMPLES.glob("*.py") if not path.name.startswith("notifications")}
    assert alone - {"batch_celery.py", "batch_taskiq.py"} == OUTPUT.keys()


@pytest.mark.parametrize("name", OUTPUT)
def test_example(name: str) -> None:
    """The program exits with 0, without a warning, and prints what it is about."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for expected in OUTPUT[name]:
        assert expected in done.stdout
