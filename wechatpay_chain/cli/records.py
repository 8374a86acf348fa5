"""Prints a record of the emulator's world: its number, state and amount, and commands to try next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from .terminal import Terminal

# The members with the merchant's number and with the platform's, of any kind of record.
_NUMBERS = ("out_trade_no", "out_bill_no", "out_order_no", "mch_billno", "complaint_id")
_THEIR_NUMBERS = ("transaction_id", "transfer_bill_no", "order_id", "send_listid")
_UNPAID = frozenset({"NOTPAY", "USERPAYING"})


def show_record(record: Mapping[str, Any], *, base_url: str, where: str) -> None:
    """Print a record.

    Args:
        record: as the control interface answers it.
        base_url: of the emulator.
        where: the options by which the commands find it; empty where they need none.
    """
    terminal = Terminal.of(sys.stdout)
    number = next(str(record[name]) for name in _NUMBERS if name in record)
    terminal.line(terminal.paint(f"{number}: {record['state']}", "bold"))
    terminal.table([*_facts(record, base_url)], indent=2)
    if steps := [*_steps(record, shlex.quote(number))]:
        terminal.block("next", (f"wechatpay-chain {step}" for step in _found(steps, where)), is_code=True)


def _facts(record: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str]]:
    total = record.get("total", record.get("amount"))
    if isinstance(total, int):
        yield "amount", _money(total, record.get("currency", "CNY"))
    for name, member in (("goods", "description"), ("complaint", "detail"), ("of", "order"), ("failure", "failure")):
        if record.get(member):
            yield name, str(record[member])
    if orders := record.get("orders"):
        yield "orders", ", ".join(orders)
    for name in _THEIR_NUMBERS:
        if record.get(name):
            yield name, str(record[name])
    if record["state"] in _UNPAID and record.get("code"):
        yield "to be paid at", f"{base_url}/_emulator/pay/{record['code']}"
    if notify_url := record.get("notify_url"):
        yield "announced to", notify_url
    yield "page", f"{base_url}/_emulator/"


def _steps(record: Mapping[str, Any], number: str) -> Iterator[str]:
    """The usual next steps, as commands without the program's name."""
    if "out_trade_no" not in record:
        return
    if record["state"] in _UNPAID:
        yield f"pay {number}"
    elif record["state"] == "SUCCESS" and "orders" not in record:
        yield f"pay {number} --complain TEXT"
        if record["protocol"] == "v3" and not record["sub_mchid"] and record["currency"] == "CNY":
            amount = f"'amount[refund]:={record['total']}' 'amount[total]:={record['total']}' 'amount[currency]=CNY'"
            refund = f"out_trade_no={number} out_refund_no={number}-R1"
            yield f"call post v3/refund/domestic/refunds {refund} {amount}"


def _found(steps: list[str], where: str) -> Iterator[str]:
    """The steps as commands; those that use the emulator with the options to find it."""
    for step in steps:
        yield f"{step} {where}" if where and step.startswith("pay ") else step


def _money(total: int, currency: str) -> str:
    if currency != "CNY":
        return f"{total} {currency}, in its smallest unit"
    return f"{total // 100}.{total % 100:02} yuan"
