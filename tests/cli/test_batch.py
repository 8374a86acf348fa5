"""`batch`: bulk work from the command line, over interruptions."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ACCOUNT, Run, Shop, environment, process
from tests.cli.fast import clock_of
from tests.punishing import PUNISH
from tests.redis_server import redis_server
from wechatpay_chain import Request, Response
from wechatpay_chain.batch import Item, Journal, Progress, Result, tables
from wechatpay_chain.batch.items import item_of
from wechatpay_chain.cli.batch_progress import telling
from wechatpay_chain.cli.batch_results import write_results
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products.control_orders import PUNISHMENTS, RECOVERIES, ControlOrder
from wechatpay_chain.emulator.server import Listening

RECOVER = "v3/aggracct-bc/wb-channel/control-orders/recover"
# The whole job, 5,000 orders, takes some minutes: RELEASED=5000 python -m pytest tests/cli/test_batch.py
RELEASED = int(os.environ.get("RELEASED", "260"))
SPEED = 15.0


def orders(folder: Path, count: int, **more: str) -> Path:
    """A table of punishments."""
    path = folder / "orders.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["out_request_no", "mchid", "bal_account_no", "punish_scene", *more])
        for number in range(count):
            table.writerow([f"{folder.parent.name[-12:]}{number}", "1900000109", ACCOUNT, "1", *more.values()])
    return path


def test_run_status_and_results(run: Run, shop: Shop) -> None:
    """A table is worked off; status and results tell what came of it, as text, JSON and a table, without secrets."""
    table = orders(shop.folder, 20)
    done = run("batch", "run", table, "--path", PUNISH, "--rate", "1000/s", "--results", "results.csv")
    assert done.code == 0, done.err
    assert "20  done" in done.out
    assert "run again" not in done.out
    journal = f"{table}.journal"
    status = run("batch", "status", journal, "--json")
    assert (status.code, json.loads(status.out)["done"]) == (0, 20)
    lines = [json.loads(line) for line in run("batch", "results", journal).out.splitlines()]
    assert [line["state"] for line in lines] == ["done"] * 20
    assert lines[0]["answer"]["out_request_no"] == lines[0]["key"]
    with (shop.folder / "results.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["key"] for row in rows] == [line["key"] for line in lines]
    assert [row["answer.out_request_no"] for row in rows] == [line["key"] for line in lines]
    for fact in ("began ", "ended ", "orders.csv", f"POST /{PUNISH}", shop.emulator.mchid):
        assert fact in done.out
    assert stat.S_IMODE((shop.folder / "results.csv").stat().st_mode) == 0o600
    assert not [secret for secret in shop.secrets if secret in done.out + done.err + status.out]
    assert run("batch", "run", table, "--path", PUNISH).code == 0, "run again, it has nothing to do"


def test_a_table_that_was_changed(run: Run, shop: Shop) -> None:
    """A row with other content than was sent stops the run before the first call; a row taken out is not sent."""
    table = orders(shop.folder, 3)
    assert run("batch", "run", table, "--path", PUNISH, "--rate", "1000/s").code == 0
    before = len(shop.emulator.calls)
    text = orders(shop.folder, 4).read_text()
    table.write_text(text.replace("1,1900000109", "1,1900000108", 1))
    done = run("batch", "run", table, "--path", PUNISH, "--rate", "1000/s")
    assert (done.code, len(shop.emulator.calls)) == (2, before)
    assert "line 3: " in done.err
    assert "(done)" in done.err


def test_lines_that_give_a_number_twice(run: Run, shop: Shop) -> None:
    """Lines of JSON with one number and two contents stop the run before its first call, all of them named."""
    before = len(shop.emulator.calls)
    row = '{"out_request_no":"%s","mchid":"1900000109","bal_account_no":"6222","punish_scene":%d}\n'
    (shop.folder / "t.jsonl").write_text("".join(row % each for each in (("D1", 1), ("D2", 1), ("D1", 2), ("D2", 2))))
    done = run("batch", "run", "t.jsonl", "--path", PUNISH)
    assert (done.code, len(shop.emulator.calls)) == (2, before)
    assert "line 3: 'D1'" in done.err
    assert "line 4: 'D2'" in done.err


def test_a_table_is_read_once_before_the_first_call(run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run reads each row once to check it, and once to make its call."""
    rows = 0
    make = item_of

    def count(*arguments: Any) -> Item:
        nonlocal rows
        rows += 1
        return make(*arguments)

    monkeypatch.setattr(tables, "item_of", count)
    assert run("batch", "run", orders(shop.folder, 7), "--path", PUNISH, "--rate", "1000/s").code == 0
    assert rows == 14


def test_status_tells_what_was_cut_off_and_withheld(run: Run, shop: Shop) -> None:
    """Both have a line of their own, and what was cut off makes the exit code 1."""

    async def write() -> None:
        journal = Journal(shop.folder / "j")
        await journal.add([("a", b"{}"), ("b", b"{}"), ("c", b"{}")])
        await journal.note((await journal.in_line(0))[0], "sent")
        await journal.begin(everything=False)
        await journal.withhold()
        await journal.add([("c", b"{}")])
        await journal.aclose()

    asyncio.run(write())
    status = run("batch", "status", "j")
    assert status.code == 1
    assert "1  cut off, may have taken effect" in status.out
    assert "1  withheld" in status.out
    assert "1  waiting" in status.out


def test_why_nothing_was_done(run: Run, shop: Shop) -> None:
    """The summary has what the first call of each code said, such as that the path is misspelt."""
    table = orders(shop.folder, 3)
    done = run("batch", "run", table, "--path", PUNISH.replace("orders", "order"))
    assert (done.code, "3 × ConfigurationError: " in done.out) == (1, True)
    assert f"If POST /{PUNISH} was meant, spell it so" in " ".join(done.out.split())
    assert ACCOUNT not in done.out + done.err
    told = json.loads(run("batch", "status", f"{table}.journal", "--json").out)
    assert f"POST /{PUNISH} was meant" in told["messages"]["ConfigurationError"]


def test_the_table_in_the_place_of_its_journal(run: Run, shop: Shop) -> None:
    """`status` and `results` name the journal that is meant."""
    table = orders(shop.folder, 1)
    run("batch", "run", table, "--path", PUNISH)
    for command in ("status", "results"):
        done = run("batch", command, table)
        assert (done.code, f"Give its journal: {table}.journal" in done.err) == (2, True)


@pytest.mark.parametrize("more", [["--dry-run"], []])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_rows_without_what_is_required(run: Run, shop: Shop, name: str, more: list[str]) -> None:
    """They stop a dry run and a run alike, before the first call, and name their lines or the column, once."""
    before = len(shop.emulator.calls)
    if name == "t.csv":
        text = "out_request_no,mchid,punish_scene\n" + "".join(f"{n},1900000109,1\n" for n in range(30))
    else:
        text = "".join(f'{{"out_request_no":"{n}","mchid":"1900000109","punish_scene":1}}\n' for n in range(30))
    (shop.folder / name).write_text(text)
    done = run("batch", "run", name, "--path", PUNISH, *more)
    assert len(shop.emulator.calls) == before
    if name == "t.csv":
        assert (done.code, done.err.count("the column 'bal_account_no' is missing")) == (2, 1)
        assert "line " not in done.err
    else:
        assert done.code == (1 if more else 2)
        assert [f"line {number}" in done.err for number in (1, 20, 21)] == [True, True, False]
        assert "/bal_account_no" in done.err
        assert "10 more" in done.err


def test_the_same_row_twice_is_one_call(run: Run, shop: Shop) -> None:
    """A dry run counts calls, and a repeated row is none."""
    table = orders(shop.folder, 2)
    table.write_text(table.read_text() + table.read_text().splitlines()[-1] + "\n")
    assert run("batch", "run", table, "--path", PUNISH, "--dry-run").out.startswith("2 calls, 0 with faults")


async def test_results_of_answers_that_differ(tmp_path: Path) -> None:
    """Each flat member has a column, a formula in quotes; a refusal's issue is in its message; the rest stays JSON."""
    detail = b'{"code":"PARAM_ERROR","message":"m","detail":{"issue":"too long"}}'
    known = [
        Result(key="a", state="done", status=200, answer=b'{"no":"001","amount":{"total":1},"n":1.5,"ok":true}'),
        Result(key="b", state="done", status=200, answer=b'{"no":"2","more":null,"list":[1]}'),
        Result(key="c", state="done", status=200, answer=b"no JSON"),
        Result(key="d", state="refused", status=400, code="PARAM_ERROR", message="wrong", answer=detail),
        Result(key="e", state="waiting"),
        Result(key="=1+1", state="done", status=200, answer=b'{"no":"@SUM(A1)","n":-1.5}'),
    ]

    async def results() -> AsyncIterator[Result]:
        for result in known:
            yield result

    await write_results(results, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [name for name in rows[0] if name.startswith("answer.")] == [
        "answer.no", "answer.n", "answer.ok", "answer.more",
    ]  # fmt: skip
    assert (rows[0]["answer.no"], rows[0]["answer.n"], rows[0]["answer.ok"]) == ("001", "1.5", "true")
    formula = (rows[5]["key"], rows[5]["answer.no"], rows[5]["answer.n"], rows[5]["answer"][:1])
    assert formula == ("'=1+1", "'@SUM(A1)", "-1.5", "{")
    assert (rows[3]["message"], rows[3]["answer.no"], rows[4]["message"]) == ("wrong (too long)", "", "")


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_results_that_are_interrupted(tmp_path: Path, name: str) -> None:
    """What ends while it is written leaves nothing behind, and an older file as it was."""

    async def results() -> AsyncIterator[Result]:
        yield Result(key="a", state="waiting")
        raise KeyboardInterrupt

    (tmp_path / name).write_text("older")
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(write_results(results, tmp_path / name))
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "older")]


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_results_that_two_programs_write(tmp_path: Path, name: str) -> None:
    """Each writes a file of its own, and the last one that is whole stays."""
    file = tmp_path / name
    seen: list[str] = []

    async def quick() -> AsyncIterator[Result]:
        yield Result(key="quick", state="waiting")

    async def slow() -> AsyncIterator[Result]:
        yield Result(key="slow", state="waiting")
        if not seen:
            await write_results(quick, file)
            seen.append(await asyncio.to_thread(file.read_text))

    asyncio.run(write_results(slow, file))
    assert ["quick" in text for text in (*seen, file.read_text())] == [True, False]
    assert ["slow" in text for text in (*seen, file.read_text())] == [False, True]
    assert [left.name for left in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_results_in_the_place_of_a_pipe(run: Run, shop: Shop) -> None:
    """A pipe or a device is refused: a file in its place would be in everybody's way."""
    run("batch", "run", orders(shop.folder, 1), "--path", PUNISH, "--journal", "j")
    os.mkfifo(shop.folder / "pipe")
    done = run("batch", "results", "j", "--to", "pipe")
    assert (done.code, "a device or a pipe" in done.err, (shop.folder / "pipe").is_fifo()) == (2, True, True)


def test_results_that_cannot_be_written(run: Run, shop: Shop) -> None:
    """A folder that isn't there is wrong use, and told."""
    run("batch", "run", orders(shop.folder, 1), "--path", PUNISH, "--journal", "j")
    done = run("batch", "results", "j", "--to", "nowhere/r.csv")
    assert (done.code, "cannot be written" in done.err) == (2, True)


def test_status_while_a_run_goes_on(run: Run, shop: Shop) -> None:
    """A second terminal is told the progress that the run wrote last; its file is private and goes with the run."""
    journal = Journal(shop.folder / "j")
    beside = shop.folder / "j.progress"
    shown: list[Progress] = []
    try:
        assert "in use" in run("batch", "status", "j").err
        with telling(shop.folder / "j", shown.append) as tell:
            tell(Progress(waiting=3, done=17, refused=0, unknown=0, rate=1.0, remaining=3.0, codes={"X": 2}))
            assert stat.S_IMODE(beside.stat().st_mode) == 0o600
            status = run("batch", "status", "j")
            assert (status.code, status.err, len(shown)) == (1, "", 1)
            assert "17  done" in status.out
            assert "2 × X" in status.out
            told = json.loads(run("batch", "status", "j", "--json").out)
            assert (told["running"], told["waiting"]) == (True, 3)
        assert not beside.exists()
    finally:
        asyncio.run(journal.aclose())


def test_a_progress_that_a_killed_run_left(run: Run, shop: Shop) -> None:
    """The journal itself says more, once it is free."""
    asyncio.run(Journal(shop.folder / "j").aclose())
    (shop.folder / "j.progress").write_text('{"pid": 1, "at": 0, "done": 99}')
    assert "0  done" in run("batch", "status", "j").out


def test_a_progress_that_cant_be_written(shop: Shop) -> None:
    """It is left out, and the run goes on."""
    shown: list[Progress] = []
    with telling(shop.folder / "none" / "j", shown.append) as tell:
        tell(Progress(waiting=0, done=1, refused=0, unknown=0, rate=1.0, remaining=None))
    assert len(shown) == 1


def test_refused_and_unknown(run: Run, shop: Shop) -> None:
    """Refused calls end with 1, those of unknown outcome with 4; the summary lists them for somebody's attention."""
    (shop.folder / "lines.jsonl").write_text('{"out_request_no":"none","control_type":"PUNISH","mchid":"1900000109"}\n')
    template = "v3/aggracct-bc/wb-channel/control-orders/missing"
    done = run("batch", "run", "lines.jsonl", "--path", template, "--method", "GET", "--journal", "j")
    assert done.code == 1
    assert "1  refused" in done.out
    assert "for somebody's attention" in done.out


def test_dry_run(run: Run, shop: Shop) -> None:
    """A dry run names misspelt and unknown columns, and the limit that will be kept; it sends nothing."""
    before = len(shop.emulator.calls)
    done = run("batch", "run", orders(shop.folder, 2, punish_reson="x"), "--path", PUNISH, "--dry-run")
    assert done.code == 2
    assert "'punish_reson'" in done.err
    assert "'punish_reason'" in done.err
    done = run("batch", "run", orders(shop.folder, 2, quite_another="x"), "--path", PUNISH, "--dry-run")
    assert (done.code, len(shop.emulator.calls)) == (1, before)
    assert done.err.count("'quite_another'") == 1
    assert "1 unknown columns" in done.out
    assert "limit 200/min" in done.out


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("v3/aggracctBc/wbChannel/controlOrders/punish", f"POST /{PUNISH} may be meant"),
        (f"{PUNISH}/", f"POST /{PUNISH} may be meant"),
        ("zebra", "nothing to check the rows against"),
    ],
)
def test_dry_run_of_an_unknown_path(run: Run, shop: Shop, path: str, named: str) -> None:
    """A dry run for a path that the catalogue doesn't know names the closest that it knows."""
    done = run("batch", "run", orders(shop.folder, 2), "--path", path, "--dry-run")
    assert done.code == 2
    assert named in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["batch"],
        ["batch", "run", "account", "--path", PUNISH],
        ["batch", "run", "none.csv", "--path", PUNISH],
        ["batch", "status", "none"],
        ["batch", "status", "account"],
        ["batch", "results", "none"],
    ],
)
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    """Wrong use ends with 2, and makes no journal."""
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert not Path("none").exists()


class Job:
    """The bank operator's job: control orders to be released, on a platform whose clock runs faster.

    Args:
        shop: whose keys are used.
        count: of orders.
    """

    def __init__(self, shop: Shop, count: int) -> None:
        self.begin = time.time()
        keys: dict[str, Any] = {
            "merchant_key": shop.emulator.merchant_key,
            "platform_keys": shop.emulator.platform_keys,
        }
        self.emulator = Emulator(clock=clock_of(SPEED, self.begin), apiv3_key=shop.emulator.apiv3_key, **keys)
        self.arrived = Counter[str]()
        self._shop = shop
        self.table = shop.folder / "release.csv"
        with self.table.open("w", newline="") as file:
            rows = csv.writer(file)
            names = ("out_request_no", "related_webank_punish_no", "related_wxpay_punish_no", "mchid", "bal_account_no")
            rows.writerow([*names, "recover_reason"])
            for number in range(count):
                rows.writerow([f"R{number}", f"P{number}", str(10**9 + number), "1900000109", ACCOUNT, "核实无误"])
        with self.emulator.world.transaction():
            for number in range(count):
                self._punish(number)

    def _punish(self, number: int) -> None:
        content = {"mchid": "1900000109", "bal_account_no": ACCOUNT, "punish_scene": 1, "out_request_no": f"P{number}"}
        order = ControlOrder(
            mchid="1900000109",
            made=self.begin,
            state="ACTIVE",
            history=((self.begin, "ACTIVE"),),
            out_request_no=f"P{number}",
            number=str(10**9 + number),
            content=content,
        )
        self.emulator.world.of(PUNISHMENTS).put(order)

    async def receive(self, request: Request) -> Response[Any]:
        """Play the platform, and count what arrives."""
        answer = await self.emulator.receive(request)
        self.arrived[str(answer.status)] += 1
        return answer

    def start(self, base_url: str, *arguments: str) -> subprocess.Popen[str]:
        """The command in a process of its own, with the faster clock."""
        program = [sys.executable, "-m", "tests.cli.fast", str(SPEED), str(self.begin)]
        command = [*program, "batch", "run", str(self.table), "--path", RECOVER, *arguments]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=self._shop.folder,
            env=environment(self._shop, WECHATPAY_BASE_URL=base_url),
        )

    def wait_for(self, count: int, running: subprocess.Popen[str]) -> None:
        """Wait until so many calls were accepted."""
        until(lambda: self.arrived["200"] >= count or running.poll() is not None)


def until(holds: Callable[[], bool]) -> None:
    """Wait for something, not for ever."""
    ends = time.monotonic() + 600
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_the_bank_operators_job(shop: Shop) -> None:
    """Control orders are released from a table under 200 a minute, stopped by Ctrl-C and by kill -9, and finished.

    Each order took effect once, and the summary and the results say so.
    """
    job = Job(shop, RELEASED)
    with Listening(job.receive, "127.0.0.1", 0) as base_url:
        first = job.start(base_url)
        job.wait_for(RELEASED // 10, first)
        first.send_signal(signal.SIGINT)
        said = first.communicate(timeout=60)
        assert first.returncode == 1, said
        assert "come to their end" in said[1]
        assert "waiting: run again" in said[0]
        assert "calls on the wire" in said[1]
        assert "Traceback" not in said[1]
        second = job.start(base_url)
        job.wait_for(RELEASED // 4 * 2, second)
        second.kill()
        second.communicate()
        third = job.start(base_url, "--results", "results.csv")
        said = third.communicate(timeout=600)
        assert third.returncode == 0, said
    assert job.arrived["429"] == 0, "a run that is started again knows the calls of its last minute"
    recovered = list(job.emulator.world.of(RECOVERIES))
    assert len(recovered) == RELEASED
    assert all(order.state == "RECOVERED" for order in job.emulator.world.of(PUNISHMENTS))
    assert f"{RELEASED}  done" in said[0]
    with (shop.folder / "results.csv").open(encoding="utf-8-sig") as file:
        assert Counter(row["state"] for row in csv.DictReader(file)) == {"done": RELEASED}
    span = max(order.made for order in recovered) - min(order.made for order in recovered)
    assert span >= 60 * ((RELEASED - 1) // 200), "no minute had more than 200 calls"
    status = process(shop, "batch", "status", "release.csv.journal")
    assert status.code == 0
    assert not [secret for secret in shop.secrets if secret in status.out + said[0] + said[1]]


async def test_on_several_workers(shop: Shop, tmp_path: Path) -> None:
    """`--workers` hands the calls out through Redis; what came of them is told as of any batch."""
    table = orders(shop.folder, 12)
    with redis_server(tmp_path) as (url, _):
        program = [sys.executable, "-m", "wechatpay_chain", "batch"]
        options: dict[str, Any] = {"cwd": shop.folder, "env": environment(shop)}
        worker = await asyncio.create_subprocess_exec(*program, "work", "--workers", url, **options)
        try:
            running = await asyncio.create_subprocess_exec(
                *program, "run", str(table), "--path", PUNISH, "--workers", url, "--results", "r.csv",
                stdout=subprocess.PIPE, **options,
            )  # fmt: skip
            out, _ = await asyncio.wait_for(running.communicate(), 60)
        finally:
            worker.kill()
            await worker.wait()
    assert (running.returncode, b"12  done" in out) == (0, True)
    assert (shop.folder / "r.csv").read_text("utf-8-sig").count(",done,") == 12
