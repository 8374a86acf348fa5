"""The emulator is killed in the middle of many writes: what was answered is there, each number once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.products.test_orders import order
from wechatpay_chain import APIError, NotFound, TransportError, WeChatPay

SERVER = Path(__file__).with_name("crashing.py")
ROOT = Path(__file__).parents[3]
CALLERS = 16
WRITES = 160


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """An emulator in a process of its own, with what a client of it needs."""
    process = subprocess.Popen([sys.executable, SERVER, folder], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def client(told: dict[str, Any]) -> Any:
    """A client that makes one attempt and knows no limits."""
    return WeChatPay(mchid="1900000109", **told, rate_limits=None, timeout=10)


async def write(told: dict[str, Any], process: subprocess.Popen[str]) -> dict[int, str]:
    """Make orders until the server is killed; the links that were answered, by number."""
    answered: dict[int, str] = {}
    numbers = iter(range(WRITES))
    async with client(told) as wxpay:

        async def call() -> None:
            for number in numbers:
                try:
                    answer = await wxpay.v3.pay.transactions.native.post(json=order(f"A{number}"), retry=False)
                except TransportError:
                    return
                answered[number] = answer.json()["code_url"].rpartition("/")[2]
                if len(answered) == WRITES // 2:
                    process.kill()

        await asyncio.gather(*(call() for _ in range(CALLERS)))
    return answered


async def read(told: dict[str, Any], answered: dict[int, str]) -> int:
    """Hold what is there against what was answered; how many orders there are."""
    found = 0
    async with client(told) as wxpay:
        path = wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}"]
        for number in range(WRITES):
            try:
                await path.get(out_trade_no=f"A{number}", params={"mchid": "1900000109"})
            except NotFound:
                assert number not in answered
            else:
                found += 1
        with pytest.raises(APIError, match="OUT_TRADE_NO_USED"):
            await wxpay.v3.pay.transactions.native.post(json=order("A0", total=7))
    return found


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """After kill -9 and a restart on the same folder every answered order is there, and no number is taken twice."""
    with serving(tmp_path / "state") as (process, told):
        answered = asyncio.run(write(told, process))
        assert process.wait(10) != 0
    assert len(answered) >= WRITES // 2
    with serving(tmp_path / "state") as (_, again):
        assert (again["serial"], again["certs"]) == (told["serial"], told["certs"])
        assert len(answered) <= asyncio.run(read(again, answered)) <= WRITES
