"""The parser of a command: its usage names the command's own arguments, and a mistake takes two lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, NoReturn

from .exits import Exit
from .terminal import show_error, tell

SETTING = "setting_"
"""How the destinations of options begin that give a setting."""

_SHARED = {"profile", "config"}


class Parser(argparse.ArgumentParser):
    """Of a command, or of a part of one.

    Args:
        options: of `argparse.ArgumentParser`.
    """

    def __init__(self, **options: Any) -> None:
        own: dict[str, Any] = {"formatter_class": Formatter, "allow_abbrev": False}
        super().__init__(**{**own, **options})

    def error(self, message: str) -> NoReturn:
        """End the program: say what is wrong, and where the arguments are explained."""
        show_error(message)
        tell(f"{self.format_usage()}{self.prog} --help says more")
        self.exit(Exit.USAGE)


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
