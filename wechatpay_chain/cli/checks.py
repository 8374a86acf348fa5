"""Checks with their results, as `doctor` and `verify` show them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from ..errors import ConfigurationError, WeChatPayError
from .exits import Exit
from .output import show_json
from .terminal import Terminal

Result = Literal["ok", "warning", "wrong", "skipped"]

_MARKS: dict[Result, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "wrong": ("✗", "red"),
    "skipped": ("-", "dim"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check and its result. It holds no secret.

    Attributes:
        name: what was checked.
        result: what came of it.
        found: what was found.
        causes: why that may be, the surest first, each with its remedy.
    """

    name: str
    result: Result
    found: str
    causes: tuple[str, ...] = ()


def failed(name: str, error: WeChatPayError, *, result: Result = "wrong") -> Check:
    """A check that ended with an error."""
    if isinstance(error, ConfigurationError):
        found, causes = f"{error.argument}: {error.found}", (error.remedy, *map(str, error.causes))
    else:
        found, causes = error.message, tuple(map(str, error.causes))
    notes: list[str] = getattr(error, "__notes__", [])
    return Check(name=name, result=result, found=found, causes=(*causes, *notes))


def show(checks: Iterable[Check], *, json: bool) -> Sequence[Check]:
    """Print each check when it is done, or all as one JSON list at the end."""
    done: list[Check] = []
    terminal = Terminal.of(sys.stdout)
    for check in checks:
        done.append(check)
        if not json:
            _line(terminal, check)
    if json:
        show_json([asdict(check) for check in done])
    return done


def exit_of_checks(checks: Iterable[Check]) -> Exit:
    """The exit code: 1 if anything is wrong."""
    return Exit.REFUSED if any(check.result == "wrong" for check in checks) else Exit.DONE


def _line(terminal: Terminal, check: Check) -> None:
    mark, style = _MARKS[check.result]
    terminal.marked(terminal.paint(mark, style), f"{check.name}: {check.found}")
    for cause in check.causes:
        terminal.marked(" ", f"→ {cause}")
