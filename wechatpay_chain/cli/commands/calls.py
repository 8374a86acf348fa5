"""`calls`: shows the calls to a running emulator, and its answers."""

from __future__ import annotations

import argparse

from ..running_emulator import add_arguments, ask, show
from ..terminal import print_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `calls`."""
    parser.add_argument("number", nargs="?", type=int, help="one of them, whole, as sent and decrypted")
    parser.add_argument("--limit", type=int, default=20, help="how many of the newest (20)")
    parser.add_argument("--mchid", help="only this merchant's")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_arguments(parser)
    parser.set_defaults(run=_calls)


def _calls(options: argparse.Namespace) -> int:
    if options.number is not None:
        return show(ask(options, "GET", f"/calls/{options.number}"))
    merchant = f"&mchid={options.mchid}" if options.mchid else ""
    status, found = ask(options, "GET", f"/calls?limit={options.limit}{merchant}")
    if options.json or status >= 400:
        return show((status, found))
    rows = [
        (str(call["number"]), str(call["status"]), call["method"], call["path"], call["code"] or call["operation"])
        for call in found
    ]
    print_table(rows)
    return 0
