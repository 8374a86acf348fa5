"""`search` and `describe`: what the catalogue knows."""

from __future__ import annotations

import argparse
import sys

from ... import catalogue


def configure_search(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `search`."""
    parser.add_argument("text", nargs="+", help="解管, 'control order', bal_account_no, ...")
    parser.add_argument("--limit", type=int, default=20, help="how many at most (20)")
    parser.set_defaults(run=_search)


def configure_describe(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `describe`."""
    parser.add_argument("path", help="v3/refund/domestic/refunds, ...")
    parser.set_defaults(run=_describe)


def _search(options: argparse.Namespace) -> int:
    found = catalogue.search(" ".join(options.text), limit=options.limit)
    for operation in found:
        print(f"{operation.method:6} {operation.path}  {operation.name}")
    if not found:
        print(f"nothing in the catalogue matches {' '.join(options.text)!r}", file=sys.stderr)
    return 0 if found else 1


def _describe(options: argparse.Namespace) -> int:
    path: str = "/" + options.path.removeprefix("/")
    print(catalogue.describe(path))
    return 0 if catalogue.at(path) or catalogue.children(path) else 1
