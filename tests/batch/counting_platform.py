"""A platform for tests of bulk work, which counts what arrives, and a batch that calls it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fake_time import FakeTime
from tests.punishing import PUNISH
from wechatpay_chain import ConnectionFailed, Request, Response, WeChatPayError
from wechatpay_chain.batch import Batch, Item, Progress
from wechatpay_chain.errors import Outcome
from wechatpay_chain.wire.refusal import api_error


def order(number: str) -> dict[str, Any]:
    """A re-entrant write."""
    return {"out_request_no": number, "mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}


def lost(outcome: Outcome) -> WeChatPayError:
    """A lost connection, as a client raises it."""
    error = ConnectionFailed("lost")
    error.outcome, error.attempts = outcome, 1
    return error


def refused(status: int, code: str) -> WeChatPayError:
    """A refusal, as a client raises it."""
    return api_error(Response(status=status, content=f'{{"code":"{code}","message":"m"}}'.encode()))


class Platform:
    """A client that takes effect or fails as the test says, and counts."""

    def __init__(self, fate: Callable[[str, int], WeChatPayError | None] = lambda number, attempt: None) -> None:
        self.sent: Counter[str] = Counter()
        self.most = self._now = 0
        self._fate = fate

    async def send(self, request: Request) -> Response[Any]:
        """Answer."""
        number = request.json["out_request_no"]
        self.sent[number] += 1
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await asyncio.sleep(0.001)
        finally:
            self._now -= 1
        error = self._fate(number, self.sent[number])
        if error is not None:
            raise error
        return Response(status=200, content=json.dumps({"no": number}).encode())


def items(count: int, path: str = PUNISH) -> list[Item]:
    """So many items."""
    return [Item(path=path, json=order(f"B{number}")) for number in range(count)]


async def run(platform: Platform, journal: Path, given: Any = None, **options: Any) -> tuple[Progress, dict[str, Any]]:
    """Run a batch, with time that passes by itself; its end and its results."""
    passing = FakeTime()
    async with Batch(platform, journal, monotonic=passing, sleep=passing.sleep, **options) as batch:
        progress = await batch.run(given)
        return progress, {result.key: result async for result in batch.results()}


async def stopped_after(count: int, platform: Platform, journal: Path, given: list[Item]) -> None:
    """Run a batch of one call at a time, and stop it after so many."""
    async with Batch(platform, journal, concurrency=1) as batch:

        def fate(number: str, attempt: int) -> None:
            if sum(platform.sent.values()) == count:
                batch.stop()

        platform._fate = fate
        await batch.run(given)
    platform._fate = lambda number, attempt: None
