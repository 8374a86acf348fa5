"""Progress of what takes longer than a second, on stderr, where that is a terminal. Needs the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from ..contrib._extras import extra
from ..http.attachment import Progress


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
    """A sign that something is under way.

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
