"""The program: its commands, its exit codes, and how it ends."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from .._version import __version__
from .terminal import show_error, tell

PROGRAM = "wechatpay-chain"
COMMANDS: Mapping[str, str] = {
    "call": "make one call",
    "search": "find operations and notifications by name, path or field",
    "describe": "tell what the catalogue knows of a path or a notification",
    "doctor": "check settings, keys, clock and network one by one, then make a call that changes nothing",
    "verify": "check an answer or a notification that was saved to a file, and say what is wrong with it",
    "decrypt": "decrypt a field, a notification's resource, a refund's req_info or a part of a bill",
    "sign": "sign a request, or any text, with the merchant's private key",
    "encrypt": "encrypt a field for the platform",
    "pay-params": "make what a front end needs to open the payment, or draw a QR code",
    "certificates": "download, list and renew the platform's certificates",
    "bill": "download a bill, check it and convert it",
    "batch": "make many calls from a file, over any number of interruptions",
    "listen": "receive notifications on a port, show them, keep them and forward them",
    "inbox": "list, show, retry and erase the notifications in a shop's database",
    "init": "write wechatpay.toml from questions, or from the portal's zip of the certificate",
    "completion": "print the completion of bash, zsh or fish",
    "emulator": "run the emulator on a port",
    "pay": "pay an order on a running emulator, as a payer's phone does",
    "trigger": "have a running emulator send a notification",
    "faults": "let a running emulator misbehave",
    "examine": "play a bad day against a shop's address for notifications, and judge its answers",
    "calls": "show the calls that a running emulator got",
    "mcp": "serve coding agents: the catalogue, what would be signed, a running emulator",
    "demo": "run the main job against the emulator and show every step",
}
"""The commands and their purposes, in the order of `--help`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit code, see `exits.Exit`. Wrong usage ends in argparse's `SystemExit(2)`.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a question mark in its place.
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
        # The reader went away (`| head`); Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Write a warning as people read it, without the line of code that it was raised at."""
    tell(f"warning: {message}")


def parser_of(command: str, words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of a command.

    Args:
        command: one of `COMMANDS`.
        words: its arguments, for a command whose options depend on them; it finds them as the default `words`.
    """
    purpose = COMMANDS[command]
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {command}", description=f"{purpose[0].upper()}{purpose[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(words=words)
    module = import_module(f".commands.{command.replace('-', '_')}", __package__)
    configure: Callable[[argparse.ArgumentParser], None] = module.configure
    configure(parser)
    return parser


def _overview() -> argparse.ArgumentParser:
    """The parser of the program itself, which knows of the commands only their names and purposes."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="WeChat Pay (微信支付) from the command line.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        commands.add_parser(name, help=purpose)
    return parser


def _run(arguments: Sequence[str]) -> int:
    from ..errors import WeChatPayError

    if not arguments or arguments[0] not in COMMANDS:
        _overview().parse_args(arguments)
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
