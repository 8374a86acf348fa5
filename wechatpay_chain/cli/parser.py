"""The parser of a command: its usage names the command's own arguments, and a mistake takes two lines."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from ..http.names import nearest
from .exits import Exit
from .terminal import show_error, tell

SETTING = "setting_"
"""The prefix of the `dest` of options that give a setting."""

# The message of argparse; in some versions, the choices are in quotes.
_NO_CHOICE = re.compile(r"invalid choice: '([^']+)' \(choose from (.+)\)")
_CHOICE = re.compile(r"[\w-]+")
_SHARED = {"profile", "config"}


class Parser(argparse.ArgumentParser):
    """The parser of a command, or of a part of one.

    Args:
        options: of `argparse.ArgumentParser`.
    """

    def __init__(self, **options: Any) -> None:
        own: dict[str, Any] = {"formatter_class": Formatter, "allow_abbrev": False}
        super().__init__(**{**own, **options})

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where the arguments are explained, and end the program."""
        show_error(f"{message}{_meant(message)}")
        tell(f"{self.format_usage()}{self.prog} --help says more")
        self.exit(Exit.USAGE)


def _meant(message: str) -> str:
    """The choice that was probably meant by an unknown one."""
    found = _NO_CHOICE.search(message)
    close = nearest(found[1], _CHOICE.findall(found[2])) if found else None
    return f": {close!r} may be meant" if close else ""


class Formatter(argparse.HelpFormatter):
    """Leaves the options that give settings out of the usage: most commands have them, and help lists them below."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Add the usage."""
        own = [action for action in actions if not action.dest.startswith(SETTING) and action.dest not in _SHARED]
        super().add_usage(usage, own, groups, prefix)


class Verbatim(Formatter, argparse.RawDescriptionHelpFormatter):
    """The same, and leaves description and examples as they are written."""
