"""What Redis keeps of a batch, and for how long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from tests.cli.conftest import ACCOUNT, Run, Shop
from tests.cli.fleet.machines import (
    BEGUN,
    HANDED_OUT,
    RESULTS,
    called,
    calls_in_queue,
    hand_out,
    handing_out,
    interrupted,
    seconds_left,
    working,
)
from tests.cli.test_batch import orders, until
from wechatpay_chain.cli.fleet.notes import KEPT, Call


def test_no_payload_stays_in_redis(run: Run, shop: Shop, url: str) -> None:
    """What a call held is in Redis until it is answered, and nowhere afterwards, nor after it was taken back."""
    table = orders(shop.folder, 3)
    with Redis.from_url(url, decode_responses=True) as redis:
        interrupted(run, table, url, lambda: held(redis).count(ACCOUNT) == 3)
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


def test_the_notes_expire_after_a_run(run: Run, shop: Shop, url: str) -> None:
    """30 days after the last run that handed something out or ended; a run that is refused changes nothing of that."""
    table = orders(shop.folder, 2)
    with working(url):
        assert hand_out(run, table, url).code == 0
    assert all(KEPT - 600 < left <= KEPT for left in seconds_left(url))
    with Redis.from_url(url) as redis:
        for name in (HANDED_OUT, BEGUN, RESULTS):
            redis.expire(name, 1000)
    table.write_text(table.read_text() + "0")
    assert hand_out(run, table, url).code == 2
    assert all(0 < left <= 1000 for left in seconds_left(url))
    assert hand_out(run, orders(shop.folder, 2), url).code == 0
    assert all(KEPT - 600 < left <= KEPT for left in seconds_left(url))


def test_results_that_no_run_has_taken_do_not_expire(run: Run, shop: Shop, url: str) -> None:
    """What workers did after their run was killed is kept without end, until that run's journal takes it."""
    with working(url):
        assert hand_out(run, orders(shop.folder, 1), url).code == 0
    table = orders(shop.folder, 4)
    with handing_out(shop, table, url, 4) as running, Redis.from_url(url, decode_responses=True) as redis:
        until(lambda: calls_in_queue(redis) == 3)
        running.kill()
        with working(url):
            until(lambda: redis.hlen(RESULTS) == 4)
    assert seconds_left(url) == [-1, -1, -1]
    assert called(shop) == dict.fromkeys("0123", 1)
    done = hand_out(run, table, url)
    assert (done.code, "4  done" in done.out) == (0, True), done.err
    assert called(shop) == dict.fromkeys("0123", 1), "what the workers did is taken, not done again"
    assert all(0 < left <= KEPT for left in seconds_left(url))


@given(packed=st.text(), was_sent=st.booleans())
def test_calls_are_read_as_they_were_written(packed: str, was_sent: bool) -> None:
    """A call's text gives the same call back, whatever it holds."""
    call = Call.of(packed.encode("utf-8", "replace"), was_sent=was_sent)
    assert Call.read(str(call)) == call
