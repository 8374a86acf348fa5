"""`pay`: the payer's phone, on a running emulator."""

from __future__ import annotations

import argparse

from ..running import add_arguments, ask, show

_ACTS = {"fail": "fail", "expire": "expire", "confirm": "confirm", "open": "open_red_packet"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `pay`."""
    parser.add_argument("what", help="out_trade_no, prepay_id, code_url or h5_url; of a transfer its out_bill_no")
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--fail", action="store_const", dest="act", const="fail", help="let the payment fail")
    acts.add_argument("--expire", action="store_const", dest="act", const="expire", help="let the order's time be over")
    acts.add_argument("--confirm", action="store_const", dest="act", const="confirm", help="confirm a transfer")
    acts.add_argument("--open", action="store_const", dest="act", const="open", help="open a red packet")
    parser.add_argument("--mchid", help="whose number it is, where several merchants have it")
    add_arguments(parser)
    parser.set_defaults(run=_act)


def _act(options: argparse.Namespace) -> int:
    who = {"what": options.what} | ({"mchid": options.mchid} if options.mchid else {})
    return show(ask(options, "POST", f"/phone/{_ACTS.get(options.act, 'pay')}", who))
