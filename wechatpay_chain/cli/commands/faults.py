"""`faults`: lists, adds and removes the rules by which a running emulator misbehaves."""

from __future__ import annotations

import argparse

from ...emulator.faults import EFFECTS, FLAWS
from ...errors import ConfigurationError
from ..running_emulator import FLAWS_HELP, add_arguments, ask, show

_MEMBERS = {
    "operation": (str, "POST /v3/pay/*, /v3/refund/*, NOTIFY REFUND.*, ... (all calls)"),
    "merchant": (str, "number of the merchant (any)"),
    "share": (float, "of the calls, 0 to 1 (1)"),
    "times": (int, "after so many strikes it is over (never)"),
    "after": (int, "so many calls pass first (0)"),
    "status": (int, "of refuse and page: HTTP status"),
    "code": (str, "of refuse: the platform's code"),
    "message": (str, "of refuse: text for people"),
    "seconds": (float, "of delay and skew-clock"),
    "kept": (int, "of cut-body: bytes that still come"),
    "serial": (str, "of other-key: which key"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `faults`."""
    parser.add_argument("effect", nargs="?", choices=[*EFFECTS], help="what happens; without it the rules are listed")
    for name, (kind, text) in _MEMBERS.items():
        parser.add_argument(f"--{name}", type=kind, help=text)
    parser.add_argument("--flaw", choices=FLAWS, help=f"of forge: {FLAWS_HELP}")
    parser.add_argument("--remove", type=int, metavar="NUMBER", help="take a rule away")
    parser.add_argument("--clear", action="store_true", help="take all rules away")
    add_arguments(parser)
    parser.set_defaults(run=_faults)


def _faults(options: argparse.Namespace) -> int:
    body = {name: getattr(options, name) for name in (*_MEMBERS, "flaw") if getattr(options, name) is not None}
    if options.effect is not None:
        return show(ask(options, "POST", "/faults", {"effect": options.effect, **body}))
    if body:
        raise ConfigurationError("effect", "it is missing", f"Give one of {', '.join(EFFECTS)}")
    if options.clear:
        return show(ask(options, "DELETE", "/faults"))
    if options.remove is not None:
        return show(ask(options, "DELETE", f"/faults/{options.remove}"))
    return show(ask(options, "GET", "/faults"))
