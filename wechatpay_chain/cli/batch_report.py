"""The result of a batch in numbers, as a report."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..batch import Result
from .batch_results import message_of, opened
from .output import show_json
from .terminal import Terminal

_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A call that needs somebody's attention."""

    key: str
    state: str
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A batch in numbers.

    Attributes:
        name: of the journal.
        total: calls in it.
        done: that took effect.
        refused: that were finally refused.
        unknown: of which nobody knows.
        waiting: that are still to be made.
        sent: that were cut off, and may have taken effect.
        withheld: that were not made, and are no longer in the table.
        codes: how many ended with each error code.
        messages: what the first of them said, by code.
        attention: the refused and unknown ones, the first of them.
    """

    name: str
    total: int
    done: int
    refused: int
    unknown: int
    waiting: int
    sent: int = 0
    withheld: int = 0
    codes: Mapping[str, int] = field(default_factory=dict[str, int])
    messages: Mapping[str, str] = field(default_factory=dict[str, str])
    attention: tuple[Open, ...] = ()


async def read_report(path: Path) -> Report:
    """The report of a journal.

    Raises:
        ConfigurationError: it is none, or another process has it.
    """
    async with opened(path) as journal:
        return await report_of(path.name, journal.results())


async def report_of(name: str, results: AsyncIterator[Result]) -> Report:
    """The report of results."""
    states: dict[str, int] = {}
    codes: dict[str, int] = {}
    messages: dict[str, str] = {}
    attention: list[Open] = []
    async for result in results:
        states[result.state] = states.get(result.state, 0) + 1
        if result.code:
            codes[result.code] = codes.get(result.code, 0) + 1
            if message := message_of(result):
                messages.setdefault(result.code, message)
        if result.state in {"refused", "unknown"} and len(attention) < _LISTED:
            attention.append(Open(key=result.key, state=result.state, code=result.code, message=message_of(result)))
    return Report(
        name=name,
        total=sum(states.values()),
        done=states.get("done", 0),
        refused=states.get("refused", 0),
        unknown=states.get("unknown", 0),
        waiting=states.get("waiting", 0),
        sent=states.get("sent", 0),
        withheld=states.get("withheld", 0),
        codes=codes,
        messages=messages,
        attention=tuple(attention),
    )


def show_report(report: Report, *, json: bool, facts: Sequence[tuple[str, str]] = ()) -> None:
    """Print a report.

    Args:
        report: what to print.
        json: whether to print JSON.
        facts: of the run that it ends, by name.
    """
    if json:
        show_json({**asdict(report), **({"run": dict(facts)} if facts else {})})
        return
    terminal = Terminal.of(sys.stdout)
    terminal.line(terminal.paint(f"{report.name}: {report.total} calls", "bold"))
    if facts:
        terminal.table(facts, indent=2)
    rows = [
        (str(report.done), "done"),
        (str(report.refused), "refused, finally and without effect"),
        _advised(report.unknown, "of unknown outcome", "look them up, or run again with --repeat"),
        _advised(report.waiting, "waiting", "run again with the same input to go on"),
    ]
    if report.sent:
        rows.append((str(report.sent), "cut off, may have taken effect: the next run with their rows finds out"))
    if report.withheld:
        rows.append((str(report.withheld), "withheld: not sent, because they are no longer in the table"))
    terminal.table(rows, indent=2)
    if report.codes:
        terminal.block("by code, and what the first of each said", _by_code(report))
    if report.attention:
        terminal.block(
            "for somebody's attention",
            (f"{one.key}  {one.state}  {one.message or one.code}" for one in report.attention),
        )
        if (more := report.refused + report.unknown - len(report.attention)) > 0:
            terminal.line(f"    and {more} more: `wechatpay-chain batch results JOURNAL` lists them")


def _advised(count: int, state: str, advice: str) -> tuple[str, str]:
    """A row of the report, with what to do about its calls if there are any."""
    return str(count), f"{state}: {advice}" if count else state


def _by_code(report: Report) -> Iterator[str]:
    for code, count in sorted(report.codes.items()):
        message = report.messages.get(code)
        yield f"{count} × {code}" + (f": {message}" if message else "")


def show_running(name: str, progress: Mapping[str, Any], *, json: bool) -> None:
    """Print the progress of a batch that another process runs.

    Args:
        name: of the journal.
        progress: what that process wrote last.
        json: whether to print JSON.
    """
    if json:
        show_json({"name": name, "running": True, **progress})
        return
    terminal = Terminal.of(sys.stdout)
    at = time.strftime("%H:%M:%S", time.localtime(progress["at"]))
    terminal.line(terminal.paint(f"{name}: a run is under way (process {progress['pid']}); at {at}:", "bold"))
    terminal.table([(str(progress[state]), state) for state in ("done", "refused", "unknown", "waiting")], indent=2)
    if progress["codes"]:
        terminal.block("by code", (f"{count} × {code}" for code, count in sorted(progress["codes"].items())))
    terminal.line("  `batch results` has the journal's results once the run has ended.")
