"""Bulk work on Celery's workers: a queue in Redis, any number of machines, one rate limit for all of them.

    pip install 'wechatpay-chain[redis]' 'celery[redis]'
    export REDIS_URL=redis://localhost:6379/0 WECHATPAY_MCHID=... (see WeChatPay.from_env)
    celery --app examples.batch_celery worker --concurrency 4     # on each machine
    python -m examples.batch_celery orders.jsonl                  # on one of them

A task is acknowledged when it has ended. What a worker that died was about goes to another one, with the same number.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import redis
import redis.asyncio
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from wechatpay_chain import SyncWeChatPay, WeChatPay
from wechatpay_chain.batch import Caller, Item, Result, read_jsonl
from wechatpay_chain.contrib.limits import RedisLimiter
from wechatpay_chain.policies.ratelimit import RateLimits

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
# Processes in all: machines times --concurrency.
WORKERS = int(os.environ.get("WORKERS", "4"))
VISIBILITY_TIMEOUT = int(os.environ.get("VISIBILITY_TIMEOUT", "900"))
RECOVER = "v3/aggracct-bc/wb-channel/control-orders/recover"
RESULTS = "wechatpay:results"
# Seconds after the last result for which they are kept.
KEPT = 30 * 24 * 3600

app = Celery("wechatpay", broker=REDIS_URL)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={
        # Seconds after which what a dead machine held is given to another one: longer than a task ever takes.
        "visibility_timeout": VISIBILITY_TIMEOUT,
        # It is looked for that often; by default only every hundred seconds.
        "unacked_restore_interval": min(10, VISIBILITY_TIMEOUT),
        "unacked_restore_throttle": 1,
    },
    broker_connection_retry_on_startup=True,
)


class Process:
    """What each process of a worker has of its own: connections don't survive a fork."""

    wxpay: SyncWeChatPay
    results: Any  # redis has no type for a client that decodes


@worker_process_init.connect
def start(**_: object) -> None:
    limiter = RedisLimiter(redis.asyncio.Redis.from_url(REDIS_URL), among=WORKERS)
    Process.wxpay = SyncWeChatPay.from_env(rate_limits=RateLimits(shared=limiter))
    Process.results = redis.Redis.from_url(REDIS_URL)


@worker_process_shutdown.connect
def end(**_: object) -> None:
    Process.wxpay.close()


@app.task(name="release")
def release(key: str, packed: str) -> None:
    async def call(wxpay: WeChatPay) -> Result:
        # A worker that died may have sent it; the operation is re-entrant, so it is sent again as it is.
        return await Caller(wxpay).call(Item.unpack(key, packed.encode()), was_sent=True)

    result = Process.wxpay.run(call)
    Process.results.hset(RESULTS, key, f"{result.state} {(result.answer or b'').decode()}")
    Process.results.expire(RESULTS, KEPT)


def main(file: Path, path: str = RECOVER) -> None:
    results: Any = redis.Redis.from_url(REDIS_URL)
    count = 0
    for item in read_jsonl(file, path):
        key, packed = item.pack()
        app.send_task("release", (key, packed.decode()))
        count += 1
    while (done := results.hlen(RESULTS)) < count:
        print(f"{done} of {count}", flush=True)
        time.sleep(1)
    print(f"{count} of {count}")
    results.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
