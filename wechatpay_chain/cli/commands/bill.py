"""`bill`: downloads a bill, checks it against its own sums, converts it, and prints a summary."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ... import bills
from ...errors import ConfigurationError, printable
from ..exits import Exit
from ..output import show_json
from ..progress import waiting
from ..settings import Settings, add_settings
from ..tables import writer_for
from ..terminal import Terminal, show_error, tell

_KINDS = {name.replace("_", "-"): name for name in bills.KINDS}
_CONTENTS = {
    "trade": "orders and refunds of a day",
    "fund-flow": "what moved a merchant's balance on a day",
    "profit-sharing": "profit sharings of a day",
    "statement": "settlements of a day, of an overseas merchant",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `bill`."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    for name, kind_name in _KINDS.items():
        kind = kinds.add_parser(
            name, help=_CONTENTS[name], description="A bill of a day; it is there from 10 o'clock of the next."
        )
        kind.add_argument("day", type=_day, metavar="DAY", help="2026-11-26")
        _add_output(kind)
        kind.add_argument("--type", dest="bill_type", metavar="TYPE", help="bill_type: ALL, SUCCESS, REFUND")
        kind.add_argument("--account", dest="account_type", metavar="TYPE", help="account_type: BASIC, OPERATION, FEES")
        kind.add_argument("--sub-mchid", metavar="NUMBER", help="of one merchant of a service provider")
        kind.set_defaults(run=_fetch, kind=kind_name)
        add_settings(kind)
    read = kinds.add_parser(
        "read",
        help="a bill that was downloaded: check and convert it",
        description="Check and convert a bill that was downloaded.",
    )
    read.add_argument(
        "file", type=Path, metavar="FILE", help="as the platform wrote it (--raw), or saved again by a spreadsheet"
    )
    _add_output(read)
    read.set_defaults(run=_read)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it as in 2026-11-26") from None


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=Path, metavar="FILE", help=".csv without backticks, .jsonl or .parquet")
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep the bill as the platform wrote it")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def _fetch(options: argparse.Namespace) -> int:
    settings = Settings.read(options)
    names = ("bill_type", "account_type", "sub_mchid")
    params = {name: value for name in names if (value := getattr(options, name)) is not None}

    async def fetch(to: Path) -> Path:
        async with settings.client() as wxpay:
            return await bills.fetch(wxpay, options.kind, options.day, to=to, **params)

    with tempfile.TemporaryDirectory() as folder:
        with waiting(f"downloading the bill of {options.day}"):
            path = asyncio.run(fetch(options.raw or Path(folder) / "bill.csv"))
        return _convert(path, options)


def _read(options: argparse.Namespace) -> int:
    if options.raw is not None:
        raise ConfigurationError("--raw", "the bill is a file already", "Copy it")
    return _convert(options.file, options)


def _convert(path: Path, options: argparse.Namespace) -> int:
    count = 0
    with bills.read(path) as rows, writer_for(options.to) as write:
        for row in rows:
            count += 1
            write(row)
    if options.to is not None:
        tell(f"{count} {'row is' if count == 1 else 'rows are'} in {options.to}")
    _show(rows.summary, count, json=options.json)
    for doubtful in rows.doubtful:
        show_error(f"line {doubtful.line} was left out, it is doubtful ({doubtful.reason}): {printable(doubtful.text)}")
    for name, (stated, read) in rows.differences.items():
        show_error(f"{name}: {stated} is stated, the rows make {read}: the bill is not whole")
    if rows.summary is None:
        tell("the bill has no sums at its end: whether it is whole can't be told")
    return Exit.REFUSED if rows.doubtful or rows.differences else Exit.DONE


def _show(summary: Mapping[str, bills.Value] | None, count: int, *, json: bool) -> None:
    if json:
        show_json({"rows": count, "summary": {name: str(value) for name, value in (summary or {}).items()}})
        return
    terminal = Terminal.of(sys.stdout)
    terminal.table([("rows", str(count)), *((name, str(value)) for name, value in (summary or {}).items())])
