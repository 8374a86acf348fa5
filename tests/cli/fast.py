"""The program with a clock that runs faster: `python -m tests.cli.fast SPEED BEGIN ARGUMENTS...`.

Its time, and that of the emulator that a test runs with `clock_of`, is BEGIN and SPEED seconds more for each real one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from selectors import DefaultSelector
from typing import Any

_time, _monotonic = time.time, time.monotonic


def clock_of(speed: float, begin: float) -> Callable[[], float]:
    """Unix time that began at `begin`, and runs faster."""
    return lambda: begin + (_time() - begin) * speed


class _Selector(DefaultSelector):
    """Waits less, by so many times as the clock runs faster."""

    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / SPEED)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_Selector())


SPEED = 1.0

if __name__ == "__main__":
    SPEED, start = float(sys.argv[1]), float(sys.argv[2])
    time.time = clock_of(SPEED, start)
    time.monotonic = lambda: _monotonic() * SPEED
    # `asyncio.run` makes its loop by this; policies, which are made for it, are deprecated from Python 3.14 on.
    asyncio.events.new_event_loop = _Loop
    from wechatpay_chain.cli import main

    raise SystemExit(main(sys.argv[3:]))
