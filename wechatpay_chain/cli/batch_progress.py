"""The progress of a batch in another process, which locks the journal: a small file beside the journal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from ..batch import Progress
from ..files.disk import open_private

_SUFFIX = ".progress"


@contextmanager
def telling(journal: Path, show: Callable[[Progress], None]) -> Generator[Callable[[Progress], None]]:
    """Write each progress to the file beside a journal, readable by its owner only; the file is removed at the end.

    A disk without room, or a folder that may not be written, hides the progress and stops nothing.

    Args:
        journal: of the batch.
        show: is called with each progress, too.
    """
    file = _beside(journal)
    part = file.with_name(f"{file.name}.part")

    def tell(progress: Progress) -> None:
        show(progress)
        with suppress(OSError):
            part.unlink(missing_ok=True)
            with open_private(part) as opened:
                opened.write(orjson.dumps({"pid": os.getpid(), "at": time.time(), **asdict(progress)}))
            part.replace(file)

    try:
        yield tell
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
            file.unlink(missing_ok=True)


def read_progress(journal: Path) -> dict[str, Any] | None:
    """The last progress that the process with a journal wrote; None where there is none that can be read.

    Args:
        journal: one that is in use: of one that isn't, a killed process may have left an old progress.
    """
    try:
        return dict(orjson.loads(_beside(journal).read_bytes()))
    except (OSError, ValueError):
        return None


def _beside(journal: Path) -> Path:
    resolved = journal.resolve()
    return resolved.with_name(resolved.name + _SUFFIX)
