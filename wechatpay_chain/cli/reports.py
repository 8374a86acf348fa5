"""What came of a batch: its summary, to be handed on, and its results as a table or as lines of JSON."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, cast

import orjson

from ..batch import Journal, Result
from ..batch.results_file import line_of, members_of
from ..files.disk import open_private, writing
from .output import show_json
from .terminal import Terminal

_COLUMNS = ("key", "state", "status", "code", "message", "request_id", "answer")
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
    async with _opened(path) as journal:
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
            if message := _message(result):
                messages.setdefault(result.code, message)
        if result.state in {"refused", "unknown"} and len(attention) < _LISTED:
            attention.append(Open(key=result.key, state=result.state, code=result.code, message=_message(result)))
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
    """A row, with what to do about its calls where there are any."""
    return str(count), f"{state}: {advice}" if count else state


def _by_code(report: Report) -> Iterator[str]:
    for code, count in sorted(report.codes.items()):
        message = report.messages.get(code)
        yield f"{count} × {code}" + (f": {message}" if message else "")


def show_running(name: str, progress: Mapping[str, Any], *, json: bool) -> None:
    """Print where a batch is that another process runs.

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


async def write_rows(path: Path, to: Path | None) -> None:
    """Write the results of a journal to a file that only its owner may read, or to stdout.

    Raises:
        ConfigurationError: the journal is none, or another process has it.
    """
    async with _opened(path) as journal:
        await write_results(journal.results, to)


async def write_results(results: Callable[[], AsyncIterator[Result]], to: Path | None) -> None:
    """Write results: a table for a name that ends in `.csv`, else lines of JSON.

    In a table each member of the answers that is no object or list has a column of its own, `answer.NAME`.

    Args:
        results: reads them from the first; for a table they are read twice.
        to: the file, for its owner alone, which appears whole or not at all; None for stdout.

    Raises:
        ConfigurationError: it can't be written.
    """
    is_table = to is not None and to.suffix.lower() == ".csv"
    if to is None:
        async for line in _lines(results):
            sys.stdout.write(line.decode())
        return
    part = to.with_name(f".{to.name}.part")
    with writing(to):
        try:
            part.unlink(missing_ok=True)
            with open_private(part) as file:
                async for line in _table(results) if is_table else _lines(results):
                    file.write(line)
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)


async def _lines(results: Callable[[], AsyncIterator[Result]]) -> AsyncGenerator[bytes]:
    async for result in results():
        yield line_of(_members(result))


async def _table(results: Callable[[], AsyncIterator[Result]]) -> AsyncGenerator[bytes]:
    flat = dict[str, None]()
    async for result in results():
        flat.update(dict.fromkeys(_flat(result)))
    header = [*_COLUMNS, *(f"answer.{name}" for name in flat)]
    yield b"\xef\xbb\xbf" + _row(header)  # the mark makes Excel read UTF-8
    async for result in results():
        whole = (result.answer or b"").decode("utf-8", "replace")
        own, answer = {**_members(result), "answer": whole}, _flat(result)
        yield _row([*(str(own[name] or "") for name in _COLUMNS), *(answer.get(name, "") for name in flat)])


@asynccontextmanager
async def _opened(path: Path) -> AsyncGenerator[Journal]:
    journal = Journal(path)
    try:
        yield journal
    finally:
        await journal.aclose()


def _members(result: Result) -> dict[str, Any]:
    return {**members_of(result), "message": _message(result)}


def _answer(result: Result) -> dict[str, Any]:
    """The members of an answer; none of one that is no object."""
    try:
        answer = orjson.loads(result.answer or b"null")
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}


def _flat(result: Result) -> dict[str, str]:
    """The members of an answer that fit into a cell each."""
    members = _answer(result).items() if result.state == "done" else ()
    return {name: _cell(value) for name, value in members if not isinstance(value, dict | list)}


def _cell(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()


def _message(result: Result) -> str | None:
    """The message of an error, with the platform's detail of a refusal where the message doesn't say it."""
    detail: object = _answer(result).get("detail") if result.state != "done" else None
    issue: object = cast("dict[str, Any]", detail).get("issue") if isinstance(detail, dict) else None
    if not isinstance(issue, str) or not issue or issue in (result.message or ""):
        return result.message
    return f"{result.message} ({issue})"


def _row(cells: Sequence[str]) -> bytes:
    text = StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
