"""The program: its commands, its exit codes, and how it ends."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from .._version import __version__
from .commands import catalogue, demo, emulator

_COMMANDS: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("demo", "run the main job against the emulator and show every step", demo.configure),
    (
        "emulator",
        "run the emulator on a port, with fresh keys that other programs find in a folder",
        emulator.configure,
    ),
    ("search", "find operations by name, path or field", catalogue.configure_search),
    ("describe", "tell what the catalogue knows of a path", catalogue.configure_describe),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit code: 0 or 1. Wrong usage ends in argparse's `SystemExit(2)`.
    """
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    # A terminal that lacks a character shows a question mark in its place. What tests put there needs no such thing.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        code = run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:
        # The reader went away (`| head`); Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wechatpay-chain", description="WeChat Pay (微信支付) from the command line.")
    parser.add_argument("--version", action="version", version=f"wechatpay-chain {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, purpose, configure in _COMMANDS:
        configure(commands.add_parser(name, help=purpose, description=f"{purpose.capitalize()}."))
    return parser
