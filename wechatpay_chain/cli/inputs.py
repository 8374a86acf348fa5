"""Reads files, stdin and prompts, and writes private files, for the commands."""

from __future__ import annotations

import os
import re
import sys
from getpass import getpass
from pathlib import Path

from ..errors import ConfigurationError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


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
