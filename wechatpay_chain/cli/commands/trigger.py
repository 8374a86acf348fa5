"""`trigger`: has a running emulator send a notification."""

from __future__ import annotations

import argparse

from ...emulator.faults import FLAWS
from ...errors import ConfigurationError
from ...http.json_text import read_json
from ..running_emulator import FLAWS_HELP, add_arguments, ask, show


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `trigger`."""
    parser.add_argument("kind", help="TRANSACTION.SUCCESS, REFUND.SUCCESS, v2/transaction-success, ...")
    parser.add_argument(
        "-j", "--json", metavar="JSON", help='members in place of the sample\'s: \'{"out_trade_no": "A1"}\''
    )
    parser.add_argument("--notify-url", help="where to (where the newest order's go)")
    parser.add_argument("--mchid", help="number of the merchant (the first)")
    parser.add_argument("--original-type", help="the resource's, where an event type has several")
    parser.add_argument("--times", type=int, help="how often (1)")
    parser.add_argument("--after", type=float, metavar="SECONDS", help="later, in the world's time")
    parser.add_argument("--flaw", choices=FLAWS, help=FLAWS_HELP)
    parser.add_argument("--serial", help="which of the platform's keys signs it")
    add_arguments(parser)
    parser.set_defaults(run=_trigger)


def _trigger(options: argparse.Namespace) -> int:
    members = ("kind", "notify_url", "mchid", "original_type", "times", "after", "flaw", "serial")
    body = {name: getattr(options, name) for name in members if getattr(options, name) is not None}
    if options.json is not None:
        try:
            body["resource"] = read_json(options.json)
        except ValueError as error:
            raise ConfigurationError("--json", f"it is no JSON ({error})", "Give an object") from None
    return show(ask(options, "POST", "/notifications", body))
