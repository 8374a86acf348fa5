"""What a journal knows of its items, whenever its process ends."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.batch.counting_platform import Platform, items, lost, order
from wechatpay_chain import ConfigurationError, Request, Response
from wechatpay_chain.batch import Batch, Journal, Result
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.server import Listening
from wechatpay_chain.http.headers import Headers

ROOT = Path(__file__).parent.parent.parent


async def test_a_claim_is_won_by_one(tmp_path: Path) -> None:
    """The journal gives an item to whoever takes it first, and ends it once."""
    journal = Journal(tmp_path / "j")
    await journal.add([items(1)[0].pack()])
    (entry,) = await journal.in_line(0)
    claims = await asyncio.gather(*[journal.note(entry, "sent") for _ in range(5)], return_exceptions=True)
    assert [claim for claim in claims if claim is None] == [None]
    assert sum(isinstance(claim, ConfigurationError) for claim in claims) == 4
    await journal.ended(entry, Result(key=entry.key, state="done"))
    with pytest.raises(ConfigurationError, match="taken by somebody else"):
        await journal.ended(entry, Result(key=entry.key, state="refused"))
    await journal.aclose()


async def test_a_call_that_was_not_sent_is_not_in_doubt(tmp_path: Path) -> None:
    """While an outage is waited out, the journal knows that nothing was sent: a kill then leaves no doubt."""
    paused = asyncio.Event()

    async def sleep(seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    async with Batch(Platform(lambda number, attempt: lost("not_sent")), tmp_path / "j", sleep=sleep) as batch:
        running = asyncio.create_task(batch.run(items(1, "v3/new/write")))
        await paused.wait()
        assert [result.state async for result in batch.results()] == ["waiting"]
        running.cancel()
        await asyncio.wait([running])


async def test_a_request_id_that_is_no_text(tmp_path: Path) -> None:
    """What a gateway puts in its place, such as bytes that are no UTF-8, is noted, and doesn't end the batch."""

    class Gateway(Platform):
        async def send(self, request: Request) -> Response[Any]:
            return (await super().send(request)).changed(headers=Headers({"Request-ID": "08\udcff"}))

    async with Batch(Gateway(), tmp_path / "j") as batch:
        assert (await batch.run(items(3))).done == 3
        assert {result.request_id async for result in batch.results()} == {"08\\udcff"}


async def test_killed_in_the_middle(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with SIGKILL twice and started again, every order is in the ledger once and has its result.

    None that was answered in the journal is sent again, and of the others only what was under way.
    """
    # The documented 200 a minute would hold the test up.
    monkeypatch.setattr("wechatpay_chain.emulator.platform.rates.RateWindows.admit", lambda *call: True)
    count, numbers, calls = 240, set[str](), Counter[str]()
    (tmp_path / "orders.jsonl").write_text("".join(json.dumps(order(f"K{n}")) + "\n" for n in range(count)))

    async def receive(request: Request) -> Response[Any]:
        answer = await emulator.receive(request)
        assert answer.status == 200
        calls[answer.json()["out_request_no"]] += 1
        numbers.add(answer.json()["wxpay_punish_no"])
        await asyncio.sleep(0.005)
        return answer

    answered: dict[str, int] = {}
    async with Listening(receive, "127.0.0.1", 0) as base_url:
        credentials = {**emulator.credentials(), "private_key": emulator.merchant_key.private_pem}
        credentials = {name: _text(value) for name, value in credentials.items() if value is not None}
        arguments = json.dumps({"folder": str(tmp_path), "client": {**credentials, "base_url": base_url}})
        output = b""
        for kill_at in (60, 150, None):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.batch.job", arguments, cwd=ROOT, stdout=subprocess.PIPE
            )
            if kill_at is not None:
                while calls.total() < kill_at:
                    await asyncio.sleep(0.005)
                    assert process.returncode is None
                process.kill()
            output, _ = await process.communicate()
            answered |= {key: calls[key] for key in _done_in(tmp_path / "journal") - answered.keys()}
    assert json.loads(output) == {"done": count, "waiting": 0, "unknown": 0}
    assert len(numbers) == len(calls) == count
    assert {key: calls[key] for key in answered} == answered
    assert calls.total() <= count + 2 * 8
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text("utf-8").splitlines()]
    assert {line["answer"]["wxpay_punish_no"] for line in lines} == numbers


def _done_in(journal: Path) -> set[str]:
    with closing(sqlite3.connect(journal)) as database:
        return {key for (key,) in database.execute("SELECT key FROM items WHERE state = 'done'")}


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _text(item) for name, item in value.items()}
    return value.decode() if isinstance(value, bytes) else value
