"""`examine`: sends genuine and forged notifications to a shop's notify_url, by a running emulator, and judges it."""

from __future__ import annotations

import argparse
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from ...emulator.notifications.addresses import is_loopback
from ...errors import ConfigurationError
from ..examination import CASES, Case, Verdict, judge
from ..exits import Exit
from ..output import show_json
from ..running_emulator import add_arguments, ask

_STRANGER = "1999999999"
_PATIENCE = 8.0
_PAUSE = 0.05


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `examine`."""
    parser.add_argument("address", help="the shop's notify_url on this machine, http://127.0.0.1:8000/notify")
    parser.add_argument(
        "--out-trade-no", help="an order of the shop, which is told as paid; then look what became of it"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_arguments(parser)
    parser.set_defaults(run=_examine)


def _examine(options: argparse.Namespace) -> int:
    address: str = options.address
    if not is_loopback(urlsplit(address).hostname or ""):
        raise ConfigurationError(
            "address", f"{address!r} is not on this machine", "Give the shop's address as http://127.0.0.1:..."
        )
    _check_listening(address)
    status, state = ask(options, "GET", "/state")
    if status >= 400:
        raise ConfigurationError("emulator", str(state["message"]), "Call it as 127.0.0.1")
    ask(options, "POST", "/merchants", {"mchid": _STRANGER})
    usual: str = state["default_key"]
    verdicts = [_play(options, case, usual) for case in CASES]
    if options.json:
        show_json(
            [{"case": one.case.name, "must": one.case.must, "good": one.good, "found": one.found} for one in verdicts]
        )
    else:
        for one in verdicts:
            print(f"{'✓' if one.good else '✗'} {one.case.name}: {one.found}")
            if not one.good:
                print(f"    it must {one.case.must}; otherwise {one.case.why}")
    return Exit.DONE if all(one.good for one in verdicts) else Exit.REFUSED


def _check_listening(address: str) -> None:
    """Refuse to judge a shop that isn't running: what it doesn't answer would look like what it refuses."""
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), timeout=_PATIENCE).close()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError("address", f"nothing answers at {address} ({why})", "Start the shop") from None


def _play(options: argparse.Namespace, case: Case, serial: str) -> Verdict:
    number = {"out_trade_no": options.out_trade_no} if options.out_trade_no and not _names_no_order(case) else {}
    # With a key named it is sent so many times and no more, whatever the shop answers.
    message = {"kind": "TRANSACTION.SUCCESS", "serial": serial, "notify_url": options.address, **case.message}
    message |= {"resource": number} if number else {}
    message |= {"mchid": _STRANGER} if case.stranger else {}
    status, made = ask(options, "POST", "/notifications", message)
    if status >= 400:
        return Verdict(case=case, good=False, found=str(made["message"]))
    return judge(case, _attempts(options, made["number"], int(case.message.get("times", 1))))


def _names_no_order(case: Case) -> bool:
    return "kind" in case.message or "original_type" in case.message


def _attempts(options: argparse.Namespace, number: str, times: int) -> list[Mapping[str, Any]]:
    """The shop's answers, after so many of them or after enough time."""
    end = time.monotonic() + _PATIENCE
    while True:
        _, found = ask(options, "GET", f"/notifications/{quote(number)}")
        attempts: list[Mapping[str, Any]] = found["attempts"]
        if len(attempts) >= times or time.monotonic() > end:
            return attempts
        time.sleep(_PAUSE)
