"""A batch on two Celery workers, one of them killed in the middle, with a real Redis."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.contrib.test_taskiq import ROOT, environment
from tests.punishing import PUNISH
from tests.redis_server import redis_server
from wechatpay_chain import Request, Response
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.server import Listening

COUNT = 60
WORKER = ["celery", "--app", "examples.batch_celery", "--quiet", "worker", "--concurrency", "2", "--loglevel", "ERROR"]
FURTHER = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


async def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path, emulator: Emulator) -> None:
    """Every order is in the ledger once and has its result, though a worker was killed with orders in its hands."""
    orders = tmp_path / "orders.jsonl"
    lines = [
        {"out_request_no": f"C{n}", "mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}
        for n in range(COUNT)
    ]
    await asyncio.to_thread(orders.write_text, "".join(json.dumps(line) + "\n" for line in lines))
    effects = Counter[str]()

    async def receive(request: Request) -> Response[Any]:
        answer = await emulator.receive(request)
        assert answer.status == 200
        effects[answer.json()["wxpay_punish_no"]] += 1
        await asyncio.sleep(0.05)
        return answer

    with redis_server(tmp_path) as (redis_url, _):
        async with Listening(receive, "127.0.0.1", 0) as base_url:
            known = environment(emulator, base_url, redis_url) | {"VISIBILITY_TIMEOUT": "2"}
            workers = [await _start(known, *WORKER, "--hostname", f"w{n}", *FURTHER) for n in range(2)]
            shop = await _start(known, "examples.batch_celery", str(orders), PUNISH)
            try:
                async with asyncio.timeout(240):
                    while effects.total() < COUNT // 4:  # noqa: ASYNC110 - the route that counts is plain
                        await asyncio.sleep(0.01)
                    os.killpg(workers[0].pid, signal.SIGKILL)
                    output, _ = await shop.communicate()
            finally:
                for process in (*workers, shop):
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    await process.wait()
        redis: Redis = Redis.from_url(redis_url)
        results = await redis.hgetall("wechatpay:results")
        assert 0 < await redis.ttl("wechatpay:results") <= 30 * 24 * 3600
        (turns,) = [key async for key in redis.scan_iter(b"wechatpay:limits*")]
        taken = await redis.llen(turns)
        await redis.aclose()
    assert output.decode().splitlines()[-1] == f"{COUNT} of {COUNT}"
    assert len(effects) == len(results) == COUNT
    assert {value.split()[0] for value in results.values()} == {b"done"}
    assert effects.total() <= taken <= effects.total() + 2


async def _start(known: dict[str, str], *program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", *program, cwd=ROOT, env=known, stdout=subprocess.PIPE, start_new_session=True
    )
