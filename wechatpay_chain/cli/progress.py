"""Shows the progress of what takes longer than a second, if stderr is a terminal. Needs the extra `cli`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._extras import extra
from ..http.attachment import Progress
from .terminal import tell

if TYPE_CHECKING:
    from ..batch import Progress as BatchProgress

_EVERY = 10.0


@contextmanager
def transfer(title: str) -> Generator[Progress]:
    """A bar for bytes that come or go: call what is yielded with how many there are, and how many there will be.

    Args:
        title: what is transferred.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with extra("cli"):
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Bars
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def waiting(title: str) -> Generator[None]:
    """A spinner.

    Args:
        title: what is waited for.
    """
    if not sys.stderr.isatty():
        yield
        return
    with extra("cli"):
        from rich.console import Console
    with Console(stderr=True).status(title):
        yield


@contextmanager
def counting(limit: str) -> Generator[Callable[[BatchProgress], None]]:
    """A live display of a batch: rate, limit, remaining time, failures by code. Elsewhere a line every ten seconds.

    Args:
        limit: what the rate is bounded by, as text.
    """
    if not sys.stderr.isatty():
        yield _Lines(limit)
        return
    with extra("cli"):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bars
        from rich.table import Column
    # In a narrow terminal the text is wrapped, and the count isn't cut off.
    count = MofNCompleteColumn(table_column=Column(no_wrap=True))
    text = TextColumn("{task.description}", table_column=Column())
    columns = (BarColumn(bar_width=20), count, text)
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def show(progress: BatchProgress) -> None:
            ended = progress.done + progress.refused + progress.unknown
            bars.update(task, completed=ended, total=ended + progress.waiting, description=_line(progress, limit))

        yield show


class _Lines:
    """Writes the progress of a batch, at most every ten seconds.

    Args:
        limit: what the rate is bounded by, as text.
    """

    def __init__(self, limit: str) -> None:
        self._limit = limit
        self._told = time.monotonic()

    def __call__(self, progress: BatchProgress) -> None:
        """Write a line, if it is time."""
        if time.monotonic() - self._told >= _EVERY:
            self._told = time.monotonic()
            tell(_line(progress, self._limit))


def _line(progress: BatchProgress, limit: str) -> str:
    parts = [f"{progress.done} done", f"{progress.waiting} waiting", f"{progress.rate:.1f}/s"]
    parts += [limit] if limit else []
    if progress.remaining is not None:
        minutes, seconds = divmod(int(progress.remaining), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    parts += [f"{count} × {code}" for code, count in progress.codes.items()]
    return ", ".join(parts)
