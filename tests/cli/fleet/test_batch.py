"""`batch run --workers`: a batch whose calls workers make, over a real Redis; skipped where there is none."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.cli.conftest import Run, Shop
from tests.cli.fleet.machines import HANDED_OUT, RUN, called, hand_out, handing_out, interrupted, killed, working
from tests.cli.test_batch import orders
from tests.punishing import PUNISH
from wechatpay_chain import ConfigurationError, Request, Response
from wechatpay_chain.batch import Journal
from wechatpay_chain.cli.fleet.batch import FleetBatch
from wechatpay_chain.cli.fleet.queue import Queue, Terms
from wechatpay_chain.emulator.server import Listening
from wechatpay_chain.http.headers import Headers


def test_a_row_that_was_taken_out_is_not_sent(run: Run, shop: Shop, url: str) -> None:
    """After a run that was killed while its calls waited for workers, rows taken out of the table are withheld."""
    table = orders(shop.folder, 5)
    run_before = killed(shop, table, url, 5)
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:2] + lines[4:]))
    with working(url, after=run_before):
        done = hand_out(run, table, url, "--json")
    report = json.loads(done.out)
    assert (done.code, report["done"], report["withheld"]) == (0, 3, 2), done.err
    assert called(shop) == {"0": 1, "3": 1, "4": 1}
    with working(url):
        assert hand_out(run, orders(shop.folder, 5), url).code == 0
    assert called(shop) == dict.fromkeys("01234", 1), "given again, they are sent"


def test_what_another_run_sent_is_not_taken_back(run: Run, shop: Shop, url: str) -> None:
    """Calls that a killed run handed out, and that a run without workers may have sent since, stay in doubt."""
    table = orders(shop.folder, 3)
    run_before = killed(shop, table, url, 3)

    async def run_without_workers() -> None:
        journal = Journal(shop.folder / "orders.csv.journal")
        await journal.begin(everything=False)
        await journal.aclose()

    asyncio.run(run_without_workers())
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:2]))
    with working(url, after=run_before):
        done = hand_out(run, table, url, "--json")
    report = json.loads(done.out)
    assert (done.code, report["done"], report["sent"], report["withheld"]) == (1, 1, 2, 0)
    assert called(shop) == {"0": 1}


def test_a_stopped_run_takes_its_calls_back(run: Run, shop: Shop, url: str) -> None:
    """After Ctrl-C workers begin nothing of it; the next run makes each call once."""
    table = orders(shop.folder, 4)
    with Redis.from_url(url) as redis:
        stopped = interrupted(run, table, url, lambda: redis.hlen(HANDED_OUT) == 4)
    assert (stopped.code, "stopping: " in stopped.err, "4  waiting" in stopped.out) == (1, True, True), stopped
    with working(url):
        assert hand_out(run, table, url).code == 0
    assert called(shop) == dict.fromkeys("0123", 1)


def test_more_calls_than_connections(run: Run, shop: Shop, url: str) -> None:
    """However many rows there are, 256 are handed out at once, and with Ctrl-C all are taken back."""
    with Redis.from_url(url) as redis:
        stopped = interrupted(run, orders(shop.folder, 400), url, lambda: redis.hlen(HANDED_OUT) == 256)
    assert (stopped.code, "400  waiting" in stopped.out) == (1, True), stopped


def test_a_stopped_run_waits_for_what_was_begun(
    run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C a call that a worker has begun comes to its end, and the run says what came of it."""
    arrived = threading.Event()
    table = orders(shop.folder, 3)
    with Redis.from_url(url) as redis:

        async def receive(request: Request) -> Response[Any]:
            arrived.set()
            while redis.get(RUN) is not None:  # noqa: ASYNC110 - from then on the worker begins nothing more
                await asyncio.sleep(0.01)
            return await shop.emulator.receive(request)

        with Listening(receive, "127.0.0.1", 0) as base_url:
            monkeypatch.setenv("WECHATPAY_BASE_URL", base_url)
            with working(url, concurrency=1):
                stopped = interrupted(run, table, url, lambda: arrived.is_set() and redis.hlen(HANDED_OUT) == 3)
    assert (stopped.code, "1  done" in stopped.out, "2  waiting" in stopped.out) == (1, True, True), stopped
    assert called(shop).total() == 1, "it is any of them: they reach the queue over several connections"
    monkeypatch.setenv("WECHATPAY_BASE_URL", shop.base_url)
    with working(url):
        assert hand_out(run, table, url).code == 0
    assert called(shop) == dict.fromkeys("012", 1)


def test_conflicts_are_named_before_the_first_call(run: Run, shop: Shop, url: str) -> None:
    """Rows with other content than ran before stop the run with all their lines; on a machine without journal, too."""
    table = orders(shop.folder, 4)
    with working(url):
        assert hand_out(run, table, url).code == 0
    assert called(shop) == dict.fromkeys("0123", 1)
    rows = orders(shop.folder, 6).read_text().splitlines()
    rows[2] += "0"
    rows[4] += "0"
    table.write_text("\n".join(rows))
    twice = shop.folder / "twice.jsonl"
    row = '{"out_request_no":"%s","mchid":"1900000109","bal_account_no":"6222","punish_scene":%d}\n'
    twice.write_text("".join(row % each for each in (("D1", 1), ("D2", 1), ("D1", 2))))
    with working(url):
        done = hand_out(run, table, url)
        elsewhere = hand_out(run, table, url, "--journal", "another.journal")
        within = hand_out(run, twice, url)
    for each in (done, elsewhere):
        assert each.code == 2
        assert "2 of them are in the journal with other content" in each.err
        assert each.err.count("(done)") == 2
        assert "line 3: " in each.err
        assert "line 5: " in each.err
    assert within.code == 2
    assert "line 3: 'D1' (in an earlier row)" in within.err
    assert called(shop) == dict.fromkeys("0123", 1)


def test_a_run_goes_on_on_another_machine(run: Run, shop: Shop, url: str) -> None:
    """Without the journal of the first run, Redis tells what came of its calls; only the new ones are made."""
    with working(url):
        assert hand_out(run, orders(shop.folder, 3), url).code == 0
        done = hand_out(
            run, orders(shop.folder, 5), url, "--journal", "another.journal", "--json", "--results", "r.jsonl"
        )
    assert (done.code, json.loads(done.out)["done"]) == (0, 5), done.err
    assert called(shop) == dict.fromkeys("01234", 1)
    results = [json.loads(line) for line in (shop.folder / "r.jsonl").read_text().splitlines()]
    assert [each["answer"]["out_request_no"] == each["key"] for each in results] == [True] * 5


def test_a_second_run_takes_over(run: Run, shop: Shop, url: str) -> None:
    """Where a batch of the same name begins on another machine, the first run ends and says why."""
    table = orders(shop.folder, 3)
    another = ("--journal", "another.journal")
    with handing_out(shop, table, url, 3) as first, Redis.from_url(url, decode_responses=True) as redis:
        with working(url, after=str(redis.get(RUN))):
            second = hand_out(run, table, url, *another)
        _, err = first.communicate(timeout=60)
    assert (first.returncode, "another run of orders.csv has begun" in err) == (2, True), err
    assert (second.code, "3  done" in second.out) == (0, True), second
    assert called(shop) == dict.fromkeys("012", 1)


def test_a_redis_that_cant_be_reached(run: Run, shop: Shop) -> None:
    """It is named as the cause, and nothing is sent."""
    done = hand_out(run, orders(shop.folder, 1), "redis://127.0.0.1:1/0")
    assert (done.code, "--workers: Redis can't be reached" in done.err) == (2, True), done.err
    assert "Traceback" not in done.err


def test_calls_that_may_take_effect_twice_are_not_handed_out(run: Run, shop: Shop, url: str) -> None:
    """An operation that isn't idempotent is refused before anything is sent; with `--repeat` workers make its calls."""
    order = {
        "appid": "wxd678efh567hg6787",
        "mchid": shop.emulator.mchid,
        "description": "tea",
        "out_trade_no": f"{shop.folder.parent.name[-12:]}T",
        "notify_url": "https://shop.example/notify",
        "amount": {"total": 1},
    }
    (shop.folder / "pay.jsonl").write_text(json.dumps(order))
    command = ("batch", "run", "pay.jsonl", "--path", "v3/pay/transactions/native", "--workers", url)
    refused = run(*command)
    assert refused.code == 2
    assert "POST /v3/pay/transactions/native may take effect twice" in refused.err
    assert "Leave out --workers" in refused.err
    with working(url):
        done = run(*command, "--repeat", "--json")
    assert (done.code, json.loads(done.out)["done"]) == (0, 1), done.err


def test_what_is_unknown_is_called_again_when_the_operator_says_so(
    run: Run, shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody signed leaves its call `unknown`; no later run calls it, until one is given `--repeat`."""

    async def answer_unsigned(request: Request) -> Response[Any]:
        answer = await shop.emulator.receive(request)
        return Response(status=answer.status, headers=Headers({}), content=answer.content)

    table = orders(shop.folder, 2)
    with Listening(answer_unsigned, "127.0.0.1", 0) as base_url:
        monkeypatch.setenv("WECHATPAY_BASE_URL", base_url)
        with working(url):
            done = hand_out(run, table, url, "--results", "r.jsonl")
    assert (done.code, "2  of unknown outcome" in done.out) == (4, True), done.out + done.err
    results = [json.loads(line) for line in (shop.folder / "r.jsonl").read_text().splitlines()]
    assert [(each["state"], each["code"]) for each in results] == [("unknown", "SignatureError")] * 2
    monkeypatch.setenv("WECHATPAY_BASE_URL", shop.base_url)
    with working(url):
        before = called(shop)
        assert hand_out(run, table, url).code == 4
        assert called(shop) == before
        done = hand_out(run, table, url, "--repeat")
    assert (done.code, "2  done" in done.out) == (0, True), done.out + done.err


@pytest.mark.parametrize("patience", [-1.0, float("inf"), float("nan")])
def test_a_patience_that_no_worker_has(url: str, tmp_path: Path, patience: float) -> None:
    """A patience that each call would fail with at the workers is refused before one is handed out."""
    terms = Terms(f"POST /{PUNISH}", "", False, patience)
    with pytest.raises(ConfigurationError, match="patience"):
        FleetBatch(url, "orders.csv", tmp_path / "j", terms=terms, concurrency=1, on_progress=print)


async def test_what_fails_in_the_end_keeps_nothing_open(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where parting from the queue fails, no connection to Redis is left, and another batch may have the journal."""
    close = Queue.aclose

    async def fail(self: Queue) -> None:
        await close(self)
        raise RedisConnectionError("gone")

    terms = Terms(f"POST /{PUNISH}", "", False, 3600.0)
    batch = FleetBatch(url, "orders.csv", tmp_path / "j", terms=terms, concurrency=1, on_progress=print)
    with Redis.from_url(url) as redis:
        await batch.__aenter__()
        assert len(redis.client_list()) > 1
        monkeypatch.setattr(Queue, "aclose", fail)
        with pytest.raises(RedisConnectionError, match="gone"):
            await batch.aclose()
        async with asyncio.timeout(10):
            while len(redis.client_list()) > 1:  # noqa: ASYNC110 - the server hears of it in its own time
                await asyncio.sleep(0.01)
    await Journal(tmp_path / "j").aclose()
