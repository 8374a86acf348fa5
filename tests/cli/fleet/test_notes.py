"""What Redis keeps of a batch, and for how long."""

from __future__ import annotations

import signal

from redis import Redis

from tests.cli.conftest import ACCOUNT, Run, Shop
from tests.cli.fleet.machines import hand_out, handing_out, working
from tests.cli.test_batch import orders, until


def test_no_payload_stays_in_redis(run: Run, shop: Shop, url: str) -> None:
    """What a call held is in Redis until it is answered, and nowhere afterwards, nor after it was taken back."""
    table = orders(shop.folder, 3)
    with handing_out(shop, table, url, 3) as stopped, Redis.from_url(url, decode_responses=True) as redis:
        until(lambda: held(redis).count(ACCOUNT) == 3)
        stopped.send_signal(signal.SIGINT)
        stopped.communicate(timeout=60)
        assert ACCOUNT not in held(redis)
        with working(url):
            assert hand_out(run, table, url).code == 0
        assert ACCOUNT not in held(redis)


def held(redis: Redis) -> str:
    """All that a Redis holds, as text."""
    texts: list[str] = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        if kind == "hash":
            texts.append(str(redis.hgetall(key)))
        elif kind == "stream":
            texts.append(str(redis.xrange(key)))
        elif kind == "string":
            texts.append(str(redis.get(key)))
    return "\n".join(texts)
