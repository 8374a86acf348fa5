"""The machines of a batch: a worker in a thread, and runs that hand out, here or as a process that may be killed.

A process takes most of a second to start: it is for those that are killed, or that another run takes over from.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from redis import Redis

from tests.cli.conftest import Done, Run, Shop, environment
from tests.cli.test_batch import until
from tests.punishing import PUNISH
from wechatpay_chain.cli.fleet.queue import QUEUE
from wechatpay_chain.cli.fleet.worker import work
from wechatpay_chain.cli.settings import Settings, add_settings

HANDED_OUT = "wechatpay:batch:orders.csv:handed-out"
CALLS = "wechatpay:batch:orders.csv:calls"
RUN = "wechatpay:batch:orders.csv:run"
BEGUN = "wechatpay:batch:orders.csv:begun"
RESULTS = "wechatpay:batch:orders.csv:results"


@contextmanager
def working(url: str, concurrency: int = 8, after: str = "") -> Iterator[None]:
    """A worker in a thread, as long as the context lasts; its settings are those of the environment.

    It begins once another run than `after` hands out.
    """
    options = ArgumentParser()
    add_settings(options)
    settings = Settings.read(options.parse_args([]))
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()

    async def work_in_time() -> None:
        with Redis.from_url(url, decode_responses=True) as redis:
            while after and redis.get(RUN) == after:  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.02)
        await work(url, settings, among=1, concurrency=concurrency)

    working = loop.create_task(work_in_time())

    def run_loop() -> None:
        # At its end the runner cancels what is left of taskiq's tasks, as `asyncio.run` does for the command.
        with runner, suppress(asyncio.CancelledError):
            loop.run_until_complete(working)

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run_loop)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(working.cancel)
            running.result(60)


def hand_out(run: Run, table: Path, url: str, *more: str | Path) -> Done:
    """Hand a table out, and wait for its end."""
    return run("batch", "run", table, "--path", PUNISH, "--workers", url, *more)


def interrupted(run: Run, table: Path, url: str, when: Callable[[], bool], *more: str) -> Done:
    """A run that gets Ctrl-C once something holds, as it does while calls are handed out, unless it ends before."""
    has_ended = threading.Event()

    def interrupt() -> None:
        until(lambda: when() or has_ended.is_set())
        if not has_ended.is_set():  # pytest itself would be interrupted
            os.kill(os.getpid(), signal.SIGINT)

    with ThreadPoolExecutor(1) as thread:
        interrupting = thread.submit(interrupt)
        done = hand_out(run, table, url, *more)
        has_ended.set()
        interrupting.result(60)
    return done


@contextmanager
def handing_out(shop: Shop, table: Path, url: str, count: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A run as a process of its own that has handed so many calls out."""
    program = [sys.executable, "-m", "wechatpay_chain", "batch", "run", str(table), "--path", PUNISH]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    command = [*program, "--workers", url, *more]
    with subprocess.Popen(command, cwd=shop.folder, env=environment(shop), **pipes) as running:
        try:
            with Redis.from_url(url) as redis:
                until(lambda: redis.hlen(HANDED_OUT) >= count or running.poll() is not None)
            yield running
        finally:
            running.kill()


def killed(shop: Shop, table: Path, url: str, count: int) -> str:
    """A run that was killed when it had handed so many calls out; what it is called in Redis."""
    with handing_out(shop, table, url, count) as running, Redis.from_url(url, decode_responses=True) as redis:
        until(lambda: calls_in_queue(redis) == count)  # its journal has noted them as sent by then
        running.kill()
        return str(redis.get(RUN))


def called(shop: Shop) -> Counter[str]:
    """How often each number of the shop's tables arrived at the platform."""
    mine = f"{shop.folder.parent.name[-12:]}"
    given = [call.json for call in shop.emulator.calls if isinstance(call.json, dict)]  # other tests', too
    numbers = [str(payload.get("out_request_no", "")) for payload in given]
    return Counter(number.removeprefix(mine) for number in numbers if number.startswith(mine))


def seconds_left(url: str) -> list[int]:
    """The seconds until each of the notes expires; -1 where it doesn't."""
    with Redis.from_url(url) as redis:
        return [int(redis.ttl(name)) for name in (HANDED_OUT, BEGUN, RESULTS)]


def calls_in_queue(redis: Redis) -> int:
    """How many calls of the run that hands out the queue holds, without nudges."""
    run, messages = redis.get(RUN), cast("Any", redis.xrange(QUEUE))
    given = [json.loads(fields["data"])["args"] for _, fields in messages]
    return sum(by == run and key != "" for _, by, key, *_ in given)
