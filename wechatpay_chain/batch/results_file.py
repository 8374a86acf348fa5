"""The results of a batch as a file of lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterable
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from .._threads import in_thread
from ..files.disk import check_target, open_new, part_of, path_of, tidied, writing
from .result import Result

_PAGE = 500


async def write_lines(results: AsyncIterable[Result], file: str | Path) -> None:
    """Write a line for each result, as `Batch.write_results` says.

    Raises:
        ConfigurationError: the file can't be written.
    """
    file = path_of(file, "to", "Give the path of the file to be written")
    await check_target(file)
    part = part_of(file)
    with writing(file):
        try:
            with await open_new(part) as lines:
                page: list[bytes] = []
                async for result in results:
                    page.append(line_of(members_of(result)))
                    if len(page) == _PAGE:
                        await in_thread(lines.writelines, page)
                        page.clear()
                await in_thread(lines.writelines, page)
            await in_thread(part.replace, file)
        finally:
            await tidied(partial(part.unlink, missing_ok=True))


def members_of(result: Result) -> dict[str, Any]:
    """What a line says of a result. An answer that is no JSON is there as its text."""
    answer: Any = None
    if result.answer:
        try:
            answer = orjson.loads(result.answer)
        except orjson.JSONDecodeError:
            answer = result.answer.decode("utf-8", "replace")
    return {
        "key": result.key,
        "state": result.state,
        "status": result.status,
        "code": result.code,
        "message": result.message,
        "request_id": result.request_id,
        "answer": answer,
    }


def line_of(members: dict[str, Any]) -> bytes:
    """The line, with its end."""
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
