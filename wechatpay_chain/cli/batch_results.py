"""The result of each call of a batch, as a table or as lines of JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any, cast

import orjson

from ..batch import Journal, Result
from ..batch.results_file import line_of, members_of
from ..files.disk import check_target, open_private, part_of, writing
from .csv_cells import shown

_COLUMNS = ("key", "state", "status", "code", "message", "request_id", "answer")


async def write_rows(path: Path, to: Path | None) -> None:
    """Write the results of a journal to a file that only its owner may read, or to stdout.

    Raises:
        ConfigurationError: the journal is none, or another process has it.
    """
    async with opened(path) as journal:
        await write_results(journal.results, to)


async def write_results(results: Callable[[], AsyncIterator[Result]], to: Path | None) -> None:
    """Write results: a table for a name that ends in `.csv`, else lines of JSON.

    In a table each member of the answers that is no object or list has a column of its own, `answer.NAME`.

    Args:
        results: reads them from the first; for a table they are read twice.
        to: the file, for its owner alone, which appears whole or not at all; None for stdout.

    Raises:
        ConfigurationError: it can't be written, or would replace a device or a pipe.
    """
    is_table = to is not None and to.suffix.lower() == ".csv"
    if to is None:
        async for line in _lines(results):
            sys.stdout.write(line.decode())
        return
    await check_target(to)
    part = part_of(to)
    with writing(to):
        try:
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
    yield b"\xef\xbb\xbf" + _row(header)  # the byte order mark makes Excel read UTF-8
    async for result in results():
        whole = (result.answer or b"").decode("utf-8", "replace")
        own, answer = {**_members(result), "answer": whole}, _flat(result)
        yield _row([*(str(own[name] or "") for name in _COLUMNS), *(answer.get(name, "") for name in flat)])


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Journal]:
    """An existing journal, for reading.

    Raises:
        ConfigurationError: it is none, or another process has it.
    """
    journal = Journal(path)
    try:
        yield journal
    finally:
        await journal.aclose()


def _members(result: Result) -> dict[str, Any]:
    return {**members_of(result), "message": message_of(result)}


def _answer(result: Result) -> dict[str, Any]:
    """The members of an answer; none if it isn't an object."""
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


def message_of(result: Result) -> str | None:
    """The message of an error, with the platform's detail of a refusal where the message doesn't say it."""
    detail: object = _answer(result).get("detail") if result.state != "done" else None
    issue: object = cast("dict[str, Any]", detail).get("issue") if isinstance(detail, dict) else None
    if not isinstance(issue, str) or not issue or issue in (result.message or ""):
        return result.message
    return f"{result.message} ({issue})"


def _row(cells: Sequence[str]) -> bytes:
    text = StringIO()
    csv.writer(text).writerow(map(shown, cells))
    return text.getvalue().encode()
