"""Files that only their owner may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all, over one of the same name."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")  # two emulators may write into one folder
    try:
        write_new_private(part, text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_new_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, never over another: it might hold a real key.

    Raises:
        FileExistsError: there is one of this name.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
