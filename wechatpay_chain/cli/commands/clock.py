"""`clock`: shows and moves the clock of a running emulator."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta

from ...emulator.platform.times import BEIJING
from ...errors import ConfigurationError
from ..exits import Exit
from ..inputs import seconds_of
from ..running_emulator import add_arguments, ask, show
from ..terminal import Terminal


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `clock`."""
    moves = parser.add_mutually_exclusive_group()
    moves.add_argument("--advance", metavar="TIME", help="move it on; what is due by then happens: 90s, 30m, 24h, 7d")
    moves.add_argument("--to", metavar="TIME", help="set it, in Beijing's time: '2026-12-01 09:00'")
    parser.add_argument("--speed", type=float, help="world seconds in a real second from now on; 0 stops it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_arguments(parser)
    parser.set_defaults(run=_move)


def _move(options: argparse.Namespace) -> int:
    body: dict[str, float] = {}
    if options.advance is not None:
        body["advance"] = seconds_of(options.advance, "--advance")
    if options.to is not None:
        body["time"] = _unix_time(options.to)
    if options.speed is not None:
        body["speed"] = options.speed
    status, told = ask(options, "POST", "/clock", body)
    if options.json or status >= 400:
        return show((status, told))
    terminal = Terminal.of(sys.stdout)
    time = datetime.fromtimestamp(told["time"], BEIJING)
    terminal.line(terminal.paint(f"{time:%Y-%m-%d %H:%M:%S} in Beijing", "bold"))
    terminal.table(
        [("speed", f"{told['speed']:g} world seconds in a real one"), ("moved by", _duration(round(told["offset"])))],
        indent=2,
    )
    return Exit.DONE


def _unix_time(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("--to", f"{text!r} was found", "Give a time such as '2026-12-01 09:00'") from None
    return (time if time.tzinfo else time.replace(tzinfo=BEIJING)).timestamp()


def _duration(seconds: int) -> str:
    return f"-{timedelta(seconds=-seconds)}" if seconds < 0 else str(timedelta(seconds=seconds))
