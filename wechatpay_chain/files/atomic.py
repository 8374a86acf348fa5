"""New files that are written while they come."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO


async def open_new(file: Path) -> BinaryIO:
    """Open a file that doesn't exist yet, in a thread; a caller that is cancelled meanwhile leaves none open.

    Raises:
        OSError: it exists, or can't be made.
    """
    opening = asyncio.ensure_future(asyncio.to_thread(file.open, "xb"))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        (await opening).close()
        raise
