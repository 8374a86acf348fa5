"""`pay`: acts as the payer's phone on a running emulator."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from ...emulator import folder as folders
from ..exits import Exit
from ..records import show_record
from ..running_emulator import add_arguments, ask, show

_ACTS = {"open": "open_red_packet", "confirm-service": "confirm_service"}
_HELP = {
    "fail": "let the payment fail",
    "cancel": "leave without paying",
    "expire": "let the order's time be over",
    "confirm": "confirm a transfer, by its out_bill_no",
    "confirm-service": "confirm a payscore order, by its out_order_no",
    "open": "open a red packet, by its mch_billno",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `pay`."""
    parser.add_argument("what", help="out_trade_no, prepay_id, code_url or h5_url; of a transfer its out_bill_no")
    acts = parser.add_mutually_exclusive_group()
    for act, text in _HELP.items():
        acts.add_argument(f"--{act}", action="store_const", dest="act", const=act, help=text)
    acts.add_argument("--complain", metavar="TEXT", help="complain of a paid order")
    parser.add_argument("--mchid", help="whose number it is, where several merchants have it")
    parser.add_argument("--json", action="store_true", help="print the whole record as JSON")
    add_arguments(parser)
    parser.set_defaults(run=_act)


def _act(options: argparse.Namespace) -> int:
    status, found = _ask(options)
    if status >= 400:
        found["message"] = f"{options.what}: {found['message']}"
    if options.json or status >= 400:
        return show((status, found))
    where = ["--url", options.url] if options.url else []
    if not where and options.folder != folders.DEFAULT:
        where = ["--folder", str(options.folder)]
    show_record(found, base_url=options.url or folders.find_running(options.folder), where=shlex.join(where))
    return Exit.DONE


def _ask(options: argparse.Namespace) -> tuple[int, Any]:
    who = {"what": options.what} | ({"mchid": options.mchid} if options.mchid else {})
    if options.complain is not None:
        return ask(options, "POST", "/phone/complain", {**who, "detail": options.complain})
    act = options.act or "pay"
    return ask(options, "POST", f"/phone/{_ACTS.get(act, act)}", who)
