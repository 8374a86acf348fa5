"""The program: its commands, its exit codes, and how it ends."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from shutil import get_terminal_size
from textwrap import wrap
from typing import NoReturn

from .._version import __version__
from ..http.names import nearest
from .parser import Parser, Verbatim
from .terminal import show_error, tell

PROGRAM = "wechatpay-chain"
_WIDEST = 100
# Of stdout when it is a file on a full disk; files that a command writes have errors of their own.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "Try it": {
        "demo": "run the main job against the emulator and show every step",
        "emulator": "run the emulator on a port",
    },
    "Calls": {
        "call": "make one call",
        "bill": "download a bill, check it and convert it",
        "certificates": "download, list and renew the platform's certificates",
        "pay-params": "make what a front end needs to open the payment, or draw a QR code",
    },
    "What there is": {
        "search": "find operations and notifications by name, path or field",
        "describe": "tell what the catalogue knows of a path or a notification",
    },
    "Setting up, and finding out what is wrong": {
        "init": "write wechatpay.toml from questions, or from the portal's zip of the certificate",
        "doctor": "check settings, keys, clock and network one by one, then make a call that changes nothing",
        "verify": "check an answer or a notification that was saved to a file, and say what is wrong with it",
        "completion": "print the completion of bash, zsh or fish",
    },
    "Notifications": {
        "listen": "receive notifications on a port, show them, keep them and forward them",
        "inbox": "list, show, retry and erase the notifications in a shop's database",
        "examine": "send copies, forgeries and probes to a shop's notify_url, and judge its answers",
    },
    "Bulk work": {
        "batch": "make many calls from a file, over any number of interruptions",
    },
    "Signatures and secrets by hand": {
        "sign": "sign a request, or any text, with the merchant's private key",
        "encrypt": "encrypt a field for the platform",
        "decrypt": "decrypt a field, a notification's resource, a refund's req_info or a part of a bill",
    },
    "A running emulator": {
        "pay": "pay an order on a running emulator, as a payer's phone does",
        "trigger": "have a running emulator send a notification",
        "faults": "let a running emulator misbehave",
        "calls": "show the calls that a running emulator got",
        "clock": "show or move the clock of a running emulator",
    },
    "Coding agents": {
        "mcp": "serve coding agents: the catalogue, what would be signed, a running emulator",
    },
}
"""The commands and their purposes by subject, in the order of `--help`."""

COMMANDS: Mapping[str, str] = {name: purpose for group in GROUPS.values() for name, purpose in group.items()}
"""All commands and their purposes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit code, see `exits.Exit`. Wrong usage ends in argparse's `SystemExit(2)`.
    """
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal's encoding lacks is printed as a question mark.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:
        # The reader has closed the pipe (`| head`); else Python would report it again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        show_error(f"the output can't be written: {error.strerror}")
        return 1
    return code


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning without the line of code that raised it."""
    tell(f"warning: {message}")


def parser_of(command: str, words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of a command.

    Args:
        command: one of `COMMANDS`.
        words: its arguments, for a command whose options depend on them; it finds them as the default `words`.
    """
    purpose = COMMANDS[command]
    parser = Parser(prog=f"{PROGRAM} {command}", description=f"{purpose[0].upper()}{purpose[1:]}.")
    parser.set_defaults(words=words)
    module = import_module(f".commands.{command.replace('-', '_')}", __package__)
    configure: Callable[[argparse.ArgumentParser], None] = module.configure
    configure(parser)
    return parser


def _overview() -> argparse.ArgumentParser:
    """The parser of the program itself, with only the names and purposes of the commands."""
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND ...",
        description="WeChat Pay (微信支付) from the command line.\n\n" + _commands_told(),
        epilog=f"{PROGRAM} COMMAND --help tells the arguments of a command.",
        formatter_class=Verbatim,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", help=argparse.SUPPRESS)
    for name in COMMANDS:
        commands.add_parser(name)
    return parser


def _commands_told() -> str:
    """The commands by subject, as wide as the terminal."""
    width = min(get_terminal_size().columns, _WIDEST)
    indent = " " * (max(map(len, COMMANDS)) + 4)
    lines: list[str] = []
    for subject, commands in GROUPS.items():
        lines += ["", f"{subject}:"]
        for name, purpose in commands.items():
            first = f"  {name}".ljust(len(indent))
            lines += wrap(purpose, width, initial_indent=first, subsequent_indent=indent)
    return "\n".join(lines[1:])


def _other_than_a_command(arguments: Sequence[str]) -> NoReturn:
    """End the program: by `--help` or `--version`, or because there is no such command."""
    overview, name = _overview(), arguments[0]
    if name.startswith("-"):
        overview.parse_args(arguments)
    close = nearest(name, COMMANDS)
    overview.error(f"there is no command {name!r}" + (f": {close!r} may be meant" if close else ""))


def _run(arguments: Sequence[str]) -> int:
    from ..errors import WeChatPayError

    if not arguments:
        _overview().print_help(sys.stderr)
        return 2
    if arguments[0] not in COMMANDS:
        _other_than_a_command(arguments)
    command, *words = arguments
    try:
        parser = parser_of(command, words)
        # Options between positionals, as HTTPie takes them; argparse can't where there are commands below this one.
        intermixed = parser.get_default("intermixed")
        options = parser.parse_intermixed_args(words) if intermixed else parser.parse_args(words)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except WeChatPayError as error:
        from .exits import exit_of

        show_error(error)
        return exit_of(error)
    except ImportError as error:
        if "wechatpay-chain[" not in str(error):
            raise
        show_error(error)  # a library of an extra isn't installed
        return 2
