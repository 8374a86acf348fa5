"""A batch on two workers, one of them killed in the middle, with a real Redis."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.punishing import PUNISH
from tests.redis_server import redis_server
from wechatpay_chain import Request, Response
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.server import Listening

ROOT = Path(__file__).parent.parent.parent
COUNT = 160


def environment(emulator: Emulator, base_url: str, redis_url: str) -> dict[str, str]:
    """What the workers get to know."""
    credentials = emulator.credentials()
    identifier, public_key = next(iter(credentials["certs"].items()))
    return {
        **os.environ,
        "REDIS_URL": redis_url,
        "IDLE_MS": "1500",
        "WECHATPAY_MCHID": credentials["mchid"],
        "WECHATPAY_SERIAL": credentials["serial"],
        "WECHATPAY_PRIVATE_KEY": _text(emulator.merchant_key.private_pem),
        "WECHATPAY_PUBLIC_KEY_ID": identifier,
        "WECHATPAY_PUBLIC_KEY": _text(public_key),
        "WECHATPAY_BASE_URL": base_url,
    }


async def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path, emulator: Emulator) -> None:
    """Every order is in the ledger once and has its result, though a worker was killed with orders in its hands.

    The other worker isn't taken for dead while a call lasts longer than the time after which it would be.
    """
    orders = tmp_path / "orders.jsonl"
    lines = [
        {"out_request_no": f"T{n}", "mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}
        for n in range(COUNT)
    ]
    await asyncio.to_thread(orders.write_text, "".join(json.dumps(line) + "\n" for line in lines))
    effects, slow = Counter[str](), Counter[str]()

    async def receive(request: Request) -> Response[Any]:
        answer = await emulator.receive(request)
        assert answer.status == 200
        effects[answer.json()["wxpay_punish_no"]] += 1
        if f'"T{COUNT - 1}"'.encode() in (request.body or b""):  # the last order: the killed one hasn't got it
            slow["calls"] += 1
            await asyncio.sleep(4)
        await asyncio.sleep(0.02)
        return answer

    with redis_server(tmp_path) as (redis_url, _):
        async with Listening(receive, "127.0.0.1", 0) as base_url:
            known = environment(emulator, base_url, redis_url)
            processes = [await _start(known, "tests.contrib.taskiq_worker") for _ in range(2)]
            processes.append(await _start(known, "examples.batch_taskiq", str(orders), PUNISH))
            try:
                async with asyncio.timeout(40):
                    while effects.total() < COUNT // 4:  # noqa: ASYNC110 - the route that counts is plain
                        await asyncio.sleep(0.01)
                    processes[0].kill()
                    output, _ = await processes[2].communicate()
            finally:
                for process in processes:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        redis: Redis = Redis.from_url(redis_url)
        results = await redis.hgetall("wechatpay:results")
        assert 0 < await redis.ttl("wechatpay:results") <= 30 * 24 * 3600
        (turns,) = [key async for key in redis.scan_iter(b"wechatpay:limits*")]
        taken = await redis.llen(turns)
        await redis.aclose()
    assert output.decode().splitlines()[-1] == f"{COUNT} of {COUNT}"
    assert len(effects) == len(results) == COUNT
    assert slow["calls"] == 1
    assert {value.split()[0] for value in results.values()} == {b"done"}
    # Both took their turns from one account; what the dead one had taken it may not have used.
    assert effects.total() <= taken <= effects.total() + 8


async def _start(known: dict[str, str], *program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", *program, cwd=ROOT, env=known, stdout=subprocess.PIPE
    )


def _text(pem: str | bytes) -> str:
    return pem if isinstance(pem, str) else pem.decode()
