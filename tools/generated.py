"""Files that are generated and committed: written, or compared with what would be written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


def write_or_check(description: str | None, generate: Callable[[], Mapping[Path, str]]) -> int:
    """The program of a generator: writes its files, or with `--check` says which of them are stale.

    Args:
        description: what `--help` prints.
        generate: makes the text of every file.

    Returns:
        The exit status: 1 where `--check` found a stale file.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is stale")
    check: bool = parser.parse_args().check
    files = generate()
    if not check:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path} is stale: run python {sys.argv[0]}", file=sys.stderr)
    return 1 if stale else 0
