"""Reads files, stdin and prompts, and writes private files, for the commands."""

from __future__ import annotations

import argparse
import os
import re
import sys
from getpass import getpass
from math import inf
from pathlib import Path

from ..errors import ConfigurationError

_HIGHEST_PORT = 65_535
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def port(text: str) -> int:
    """A port that an option names, 0 for a free one.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not (re.fullmatch(r"[0-9]{1,5}", text) and int(text) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 0 to {_HIGHEST_PORT}")
    return int(text)


def count(text: str) -> int:
    """How many, as an option says it.

    Raises:
        ArgumentTypeError: it is no whole number of 1 or more.
    """
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} was found: give a whole number, 1 or more")
    return int(text)


def seconds(text: str) -> float:
    """For how long, as an option says it.

    Raises:
        ArgumentTypeError: it is no positive number of seconds.
    """
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < inf:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} was found: give a positive number of seconds")
    return found


def seconds_of(duration: str, argument: str) -> int:
    """The seconds of a duration such as `90s`, `30m`, `12h` or `7d`.

    Raises:
        ConfigurationError: it is none.
    """
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ConfigurationError(argument, f"{duration!r} was found", "Give a number with s, m, h or d: 30d")
    return int(found[1]) * _UNITS[found[2]]


def read_bytes(source: str, argument: str) -> bytes:
    """The bytes of a file, or of stdin for `-`.

    Raises:
        ConfigurationError: the file can't be read.
    """
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            argument, f"{source!r} cannot be read ({error.strerror})", "Give the path of a file, or - for stdin"
        ) from None


def read_text(source: str, argument: str) -> str:
    """The text of a file, or of stdin for `-`, without the last line end.

    Raises:
        ConfigurationError: it can't be read, or is no UTF-8.
    """
    try:
        return read_bytes(source, argument).decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigurationError(argument, f"{source!r} is no UTF-8 text", "Write it in UTF-8") from None


def ask_secret(source: str | None, argument: str) -> str:
    """A secret text: from a file, from stdin, or asked for without being shown.

    Args:
        source: a path, `-`, or None to ask in a terminal and to read stdin elsewhere.
        argument: what it is for.

    Raises:
        ConfigurationError: the file can't be read.
    """
    if source is None and sys.stdin.isatty():
        return getpass(f"{argument} (not shown): ", stream=sys.stderr)
    return read_text("-" if source is None else source, argument)


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file that only its owner may read.

    Args:
        path: of the file.
        content: of the file.
        replace: whether one that is there is replaced.

    Raises:
        ConfigurationError: it can't be written, or is there already.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replace else os.O_EXCL)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigurationError(str(path), "it exists and is not overwritten", "Give another path") from None
    except OSError as error:
        raise ConfigurationError(
            str(path), f"it cannot be written ({error.strerror})", "Give a path that can be"
        ) from None
