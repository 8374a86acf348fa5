"""Bulk work with a journal."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.batch.job import PUNISH
from tests.fake_time import FakeTime
from wechatpay_chain import ConfigurationError, ConnectionFailed, Request, Response, WeChatPay, WeChatPayError
from wechatpay_chain.batch import Batch, Item, Journal, Progress, Result, State, read_jsonl
from wechatpay_chain.batch.journal import Entry
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.server import Listening
from wechatpay_chain.errors import Outcome
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.middleware import RateLimit
from wechatpay_chain.policies.ratelimit import RateLimits
from wechatpay_chain.wire.refusal import api_error

ROOT = Path(__file__).parent.parent.parent


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


async def test_every_item_is_sent_once(tmp_path: Path) -> None:
    """A thousand items, at most so many at once; run again, none is sent again, and the answers are kept."""
    platform = Platform()
    progress, results = await run(platform, tmp_path / "j", items(1000), concurrency=7)
    assert (progress.done, progress.waiting, platform.most) == (1000, 0, 7)
    again, results = await run(platform, tmp_path / "j", items(1000))
    assert (again.done, set(platform.sent.values()), len(results)) == (1000, {1}, 1000)
    assert results["B5"].answer == b'{"no": "B5"}'
    assert list(results) == [f"B{number}" for number in range(1000)]


async def test_an_asynchronous_source_that_is_slow(tmp_path: Path) -> None:
    """Items are sent as they come, long before the source ends."""
    platform = Platform()
    seen: list[int] = []

    async def source() -> AsyncIterator[Item]:
        for item in items(30):
            yield item
        async with asyncio.timeout(60):
            while len(platform.sent) < 30:  # noqa: ASYNC110 - the platform of this test has no event to wait for
                await asyncio.sleep(0.01)
        seen.append(len(platform.sent))
        yield items(31)[-1]

    progress, _ = await run(platform, tmp_path / "j", source())
    assert (progress.done, seen) == (31, [30])


async def test_stopped(tmp_path: Path) -> None:
    """Stopped, a batch hands out no more items and ends what is under way; the next run makes the others."""
    platform = Platform()
    async with Batch(platform, tmp_path / "journal", concurrency=2) as batch:

        def fate(number: str, attempt: int) -> None:
            batch.stop()

        platform._fate = fate
        progress = await batch.run(Item(path=PUNISH, json=order(f"S{number}")) for number in range(30))
        assert 1 <= progress.done <= 4
        assert progress.waiting == 30 - progress.done
        platform._fate = lambda number, attempt: None
        assert (await batch.run()).done == 30
    assert set(platform.sent.values()) == {1}


async def test_passing_failures_are_waited_out(tmp_path: Path) -> None:
    """An outage, refusals for the rate and lost answers of a re-entrant call end in an effect."""
    fates: list[WeChatPayError | None] = [lost("not_sent"), refused(429, "RATELIMIT_EXCEEDED"), lost("unknown"), None]
    platform = Platform(lambda number, attempt: fates[attempt - 1])
    progress, _ = await run(platform, tmp_path / "j", items(3))
    assert (progress.done, set(platform.sent.values())) == (3, {4})


async def test_final_refusals_are_results(tmp_path: Path) -> None:
    """What was refused is told with code and count, and not sent again."""
    platform = Platform(lambda number, attempt: refused(403, "NO_AUTH") if number == "B1" else None)
    progress, results = await run(platform, tmp_path / "j", items(3))
    assert (progress.refused, progress.codes) == (1, {"NO_AUTH": 1})
    assert (results["B1"].state, results["B1"].status) == ("refused", 403)
    await run(platform, tmp_path / "j", items(3))
    assert platform.sent["B1"] == 1


async def test_an_outage_longer_than_patience(tmp_path: Path) -> None:
    """What was never sent waits for the next run; what may have arrived and may be repeated does too."""
    down = True

    def fate(number: str, attempt: int) -> WeChatPayError | None:
        return (lost("unknown") if number == "B1" else lost("not_sent")) if down else None

    platform = Platform(fate)
    progress, results = await run(platform, tmp_path / "j", items(2), patience=10)
    assert progress.waiting == 2
    assert {key: result.state for key, result in results.items()} == {"B0": "waiting", "B1": "sent"}
    down = False
    progress, _ = await run(platform, tmp_path / "j")
    assert (progress.done, progress.waiting) == (2, 0)


async def test_an_unknown_outcome_is_not_repeated(tmp_path: Path) -> None:
    """A call that isn't known as re-entrant is left alone; `repeat=True` repeats it, later too; `look_up` finds out."""
    platform = Platform(lambda number, attempt: lost("unknown") if attempt == 1 else None)
    progress, results = await run(platform, tmp_path / "a", items(1, "v3/new/write"))
    assert (progress.unknown, platform.sent["B0"], results["B0"].code) == (1, 1, "ConnectionFailed")
    platform.sent.clear()
    progress, _ = await run(platform, tmp_path / "a")
    assert (progress.unknown, platform.sent["B0"]) == (1, 0)
    progress, _ = await run(platform, tmp_path / "a", repeat=True)
    assert (progress.done, progress.unknown, progress.codes) == (1, 0, {})
    platform.sent.clear()
    progress, _ = await run(platform, tmp_path / "b", items(1, "v3/new/write"), repeat=True)
    assert (progress.done, platform.sent["B0"]) == (1, 2)
    platform.sent.clear()

    async def look_up(item: Item) -> Response[Any] | None:
        return Response(status=200, content=b'"found"') if item.key == "B0" else None

    progress, results = await run(platform, tmp_path / "c", items(2, "v3/new/write"), look_up=look_up)
    assert (progress.done, platform.sent) == (2, {"B0": 1, "B1": 2})
    assert results["B0"].answer == b'"found"'


async def test_a_look_up_that_fails(tmp_path: Path) -> None:
    """It is made again in an outage, by the next run too; refused, it leaves the item unknown. None is sent twice."""
    fates: list[WeChatPayError | None] = [lost("unknown"), lost("not_sent"), *([lost("unknown")] * 9)]

    async def look_up(item: Item) -> Response[Any] | None:
        error = fates.pop(0)
        if error is not None:
            raise error
        return Response(status=200, content=b'"found"')

    platform = Platform(lambda number, attempt: lost("unknown"))
    given = items(1, "v3/new/write")
    progress, results = await run(platform, tmp_path / "a", given, look_up=look_up, patience=60)
    assert (progress.waiting, results["B0"].state) == (1, "sent")
    fates[:] = [lost("unknown"), None]
    progress, _ = await run(platform, tmp_path / "a", look_up=look_up)
    assert (progress.done, platform.sent["B0"]) == (1, 1)
    fates[:] = [refused(403, "NO_AUTH")]
    progress, _ = await run(platform, tmp_path / "b", given, look_up=look_up)
    assert (progress.unknown, platform.sent["B0"]) == (1, 2)


async def test_an_effect_that_never_comes_is_given_up(tmp_path: Path) -> None:
    """A call that is lost each time, and never found, is tried with pauses until patience ends.

    The pauses are a half to the whole of 1, 2, 4, 8, 16 s: chance decides whether five or six tries fit into 20 s.
    """

    async def look_up(item: Item) -> Response[Any] | None:
        return None

    platform = Platform(lambda number, attempt: lost("unknown"))
    progress, results = await run(platform, tmp_path / "j", items(1, "v3/new/write"), look_up=look_up, patience=20)
    assert (progress.waiting, results["B0"].state) == (1, "sent")
    assert platform.sent["B0"] in (5, 6)


async def test_a_number_with_other_content_is_refused(tmp_path: Path) -> None:
    """The same number for something else would be a mistake of the input."""
    await run(Platform(), tmp_path / "j", items(1))
    with pytest.raises(ConfigurationError, match="in the journal with other content"):
        await run(Platform(), tmp_path / "j", [Item(path=PUNISH, json=order("B0") | {"punish_scene": 2})])


@pytest.mark.parametrize("key", ["\ud800", "a\n", "\x00"])
def test_keys_are_printable(key: str) -> None:
    """A key that neither the journal nor a line of results could hold is refused, and named."""
    with pytest.raises(ConfigurationError, match="the key"):
        Item(path=PUNISH, key=key).pack()


async def test_closing_twice(tmp_path: Path, emulator: Emulator) -> None:
    """A batch that is closed may be closed again."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        batch = Batch(wxpay, tmp_path / "j")
        await batch.aclose()
        await batch.aclose()


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_malformed_item_is_named_and_nothing_is_lost(tmp_path: Path, asynchronous: bool) -> None:
    """What came before it is in the journal, what was under way ends, and the next run goes on."""
    file = tmp_path / "orders.jsonl"
    file.write_text("".join(json.dumps(order(f"B{number}")) + "\n" for number in range(40)) + '{"amount": 1}\n')

    async def lines() -> AsyncIterator[Item]:
        for item in read_jsonl(file, "v3/new/write"):
            await asyncio.sleep(0.001)
            yield item

    platform = Platform()
    given = lines() if asynchronous else read_jsonl(file, "v3/new/write")
    async with Batch(platform, tmp_path / "j") as batch:
        with pytest.raises(ConfigurationError, match=r"line 41 of orders\.jsonl .* no number"):
            await batch.run(given)
        states = Counter([result.state async for result in batch.results()])
        assert (states.total(), states["sent"], states["unknown"]) == (40, 0, 0)
        progress = await batch.run()
    assert (progress.done, set(platform.sent.values())) == (40, {1})


async def test_a_client_that_cant_call_leaves_everything_waiting(tmp_path: Path) -> None:
    """A closed client, or a missing key, is no refusal of the items: they wait for the next run."""
    mistake = ConfigurationError("WeChatPay", "the client is closed", "Make another")
    progress, results = await run(Platform(lambda number, attempt: mistake), tmp_path / "j", items(2))
    assert (progress.waiting, progress.refused, progress.codes) == (2, 0, {"ConfigurationError": 2})
    assert {result.state for result in results.values()} == {"waiting"}
    progress, _ = await run(Platform(), tmp_path / "j")
    assert (progress.done, progress.codes) == (2, {})


async def test_a_run_that_is_cancelled(tmp_path: Path) -> None:
    """It ends at once and leaves no task; what was under way is in doubt, all else waits."""
    platform = Platform()
    async with Batch(platform, tmp_path / "j", concurrency=3) as batch:
        running = asyncio.create_task(batch.run(items(1000, "v3/new/write")))
        while not platform.sent:  # noqa: ASYNC110 - the platform has no event to wait for
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        states = Counter([result.state async for result in batch.results()])
        progress = await batch.run()
    assert states["sent"] <= 3
    assert progress.unknown == states["sent"]
    # The input comes in pages: of the second nothing may have been read yet.
    assert states.total() in {500, 1000}
    assert progress.done == states.total() - progress.unknown
    assert set(platform.sent.values()) == {1}


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


def contents(folder: Path) -> list[bytes]:
    """Of all files in a folder."""
    return [file.read_bytes() for file in folder.iterdir()]


async def test_secrets_are_erased_once_answered(tmp_path: Path) -> None:
    """Only its owner reads the journal, and no account number is left in it in the end."""
    await run(Platform(), tmp_path / "j", items(50))
    status = await asyncio.to_thread((tmp_path / "j").stat)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert all(b"6222 0000" not in content for content in await asyncio.to_thread(contents, tmp_path))


async def test_a_journal_that_others_could_read(tmp_path: Path) -> None:
    """A file that was there before is made private like a new one, and so is its write-ahead log."""
    (tmp_path / "j").touch(0o644)
    async with Batch(Platform(), tmp_path / "j") as batch:
        await batch.run(items(1))
        files = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
        assert modes == {"j": 0o600, "j-wal": 0o600, "j.lock": 0o600}


async def test_two_batches_dont_share_a_journal(tmp_path: Path) -> None:
    """The second would send everything a second time; and a file that is no journal is none."""
    async with Batch(Platform(), tmp_path / "j"):
        with pytest.raises(ConfigurationError, match=r"journal: .* is in use"):
            Batch(Platform(), tmp_path / "j")
    await asyncio.to_thread((tmp_path / "text").write_text, "x" * 5000)
    with pytest.raises(ConfigurationError, match="can't be used"):
        Batch(Platform(), tmp_path / "text")
    with pytest.raises(ConfigurationError, match="concurrency"):
        Batch(Platform(), tmp_path / "k", concurrency=0)


async def test_progress_is_told(tmp_path: Path) -> None:
    """The hook hears of it in the end, with rate and codes."""
    told: list[Progress] = []
    async with Batch(Platform(), tmp_path / "j", on_progress=told.append) as batch:
        await batch.run(items(20))
    assert (told[-1].done, told[-1].remaining) == (20, 0.0)
    assert told[-1].rate > 0


def test_jsonl(tmp_path: Path) -> None:
    """A line is a payload, or the members of an item; anything else is told with its line."""
    file = tmp_path / "orders.jsonl"
    file.write_text('{"out_request_no": "1"}\n\n{"key": "k", "out_request_no": "2"}\n')
    assert [(item.key, item.json) for item in read_jsonl(file, PUNISH)] == [
        ("1", {"out_request_no": "1"}),
        ("k", {"out_request_no": "2"}),
    ]
    file.write_text('{"path": "v3/x", "method": "GET", "params": {"a": 1}, "key": "k"}\n')
    assert list(read_jsonl(file)) == [Item(path="v3/x", method="GET", params={"a": 1}, key="k")]
    member = '{"path": "v3/x/{id}", "key": "k", "%s": %s}'
    wrongs = [member % wrong for wrong in [("values", "{}"), ("method", '"post"'), ("path", "1"), ("headers", "2")]]
    for wrong in ["[]", "{", '{"pth": 1}', '{"path": "v3/x"}', "\xff", *wrongs]:
        file.write_text(f"\n{wrong}\n", encoding="latin-1")
        with pytest.raises(ConfigurationError, match=r"line 2 of orders\.jsonl"):
            list(read_jsonl(file))


def test_jsonl_with_a_byte_order_mark(tmp_path: Path) -> None:
    """An editor's mark at the beginning of a file is no part of its first line."""
    file = tmp_path / "orders.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"out_request_no": "1"}\n\n{"out_request_no": "2"}\n')
    assert [item.key for item in read_jsonl(file, PUNISH)] == ["1", "2"]
    file.write_bytes(b"\xef\xbb\xbf\n")
    assert list(read_jsonl(file, PUNISH)) == []


async def test_a_mistake_in_the_input_holds_back_what_is_in_line(tmp_path: Path) -> None:
    """Once the input has failed, what was handed out and isn't under way yet waits for the next run."""
    under_way, failed = asyncio.Event(), asyncio.Event()

    async def items() -> AsyncIterator[Item]:
        for number in range(20):
            yield Item(path=PUNISH, json=order(str(number)))
        await under_way.wait()
        failed.set()
        raise RuntimeError("the source broke")

    class Slow(Platform):
        async def send(self, request: Request) -> Response[Any]:
            under_way.set()
            await failed.wait()
            while batch.progress.waiting < 20 - len(self.sent):  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0.001)
            for _ in range(20):  # turns of the loop, in which the mistake is noticed
                await asyncio.sleep(0)
            return await super().send(request)

    platform = Slow()
    async with Batch(platform, tmp_path / "journal", concurrency=2) as batch:
        with pytest.raises(RuntimeError, match="the source broke"):
            await batch.run(items())
        # Two were under way, unless only one had been handed out so far.
        assert len(platform.sent) <= 2
        assert batch.progress.waiting == 20 - len(platform.sent)
        assert (await batch.run()).done == 20
    assert set(platform.sent.values()) == {1}


def test_an_item_needs_a_key() -> None:
    """Without a number of its own, or with what is no JSON, an item isn't taken."""
    with pytest.raises(ConfigurationError, match="no number of the merchant's own"):
        Item(path="v3/x", json={"a": 1}).pack()
    with pytest.raises(ConfigurationError, match="no JSON"):
        Item(path="v3/x", json={"a": {1, 2}}, key="k").pack()
    with pytest.raises(TypeError, match="id"):
        Item(path="v3/x/{id}", key="k").pack()


async def test_results_as_lines(tmp_path: Path, emulator: Emulator) -> None:
    """Against the emulator: results are lines of JSON, refusals with what the platform said."""
    given = [*items(3), Item(path=PUNISH, json=order("B9") | {"punish_scene": "x"})]
    async with (
        WeChatPay(**emulator.credentials(), transport=emulator) as wxpay,
        Batch(wxpay, tmp_path / "j") as batch,
    ):
        await batch.run(given)
        await batch.write_results(tmp_path / "r.jsonl")
        assert (tmp_path / "r.jsonl").stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text("utf-8").splitlines()]
    assert [line["state"] for line in lines] == ["done", "done", "done", "refused"]
    assert lines[0]["answer"]["out_request_no"] == "B0"
    assert lines[3]["code"] == "PARAM_ERROR"
    assert lines[3]["answer"]["code"] == "PARAM_ERROR"


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


async def test_two_runs_of_one_batch(tmp_path: Path) -> None:
    """A second run while one is under way is refused, and every item is sent once; afterwards it may run again."""
    platform = Platform()
    async with Batch(platform, tmp_path / "j", concurrency=8) as batch:
        both = await asyncio.gather(batch.run(items(50)), batch.run(items(50)), return_exceptions=True)
        assert sum(isinstance(one, ConfigurationError) for one in both) == 1
        await batch.run(items(60))
    assert set(platform.sent.values()) == {1}
    assert len(platform.sent) == 60


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


@pytest.mark.parametrize("raised", [ConnectionResetError("KMS"), OSError(28, "full"), RuntimeError("x"), KeyError("y")])
async def test_an_exception_of_a_stranger_settles_one_item(tmp_path: Path, raised: Exception) -> None:
    """What the caller's own client raises leaves one item unknown, and all others end."""

    class Odd(Platform):
        async def send(self, request: Request) -> Response[Any]:
            if request.json["out_request_no"] == "P7":
                raise raised
            return await super().send(request)

    writes = [Item(path="v3/new/write", json={"out_request_no": f"P{n}"}) for n in range(40)]
    async with Batch(Odd(), tmp_path / "j", concurrency=8) as batch:
        progress = await batch.run(writes)
        results = {result.key: result async for result in batch.results()}
    assert (progress.done, progress.unknown, progress.waiting) == (39, 1, 0)
    assert type(raised).__name__ in (results["P7"].message or "")


async def test_a_look_up_of_a_stranger_is_tried_again(tmp_path: Path) -> None:
    """A look-up that raises something of its own settles nothing: it is asked again."""
    asked = 0

    async def look_up(item: Item) -> Response[Any] | None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise LookupError(item.key)
        return None

    platform = Platform(lambda number, attempt: lost("unknown") if attempt == 1 else None)
    writes = [Item(path="v3/new/write", json={"out_request_no": "P0"})]
    progress, _ = await run(platform, tmp_path / "j", writes, look_up=look_up)
    assert (progress.done, asked, platform.sent["P0"]) == (1, 2, 2)


async def test_a_hook_that_raises_harms_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error of on_progress is logged, and the calls go on."""

    def broken(progress: Progress) -> None:
        raise ValueError(progress)

    async with Batch(Platform(), tmp_path / "j", on_progress=broken) as batch:
        assert (await batch.run(items(20))).done == 20
    assert "on_progress failed" in caplog.text


async def test_a_journal_that_fails_lets_the_others_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an item can't be written down, calls under way come to their end before the run does."""
    ended = list[str]()

    class Slow(Platform):
        async def send(self, request: Request) -> Response[Any]:
            await asyncio.sleep(0.02)
            ended.append(request.json["out_request_no"])
            return await super().send(request)

    original = Journal.note

    async def note(self: Journal, entry: Entry, state: State) -> None:
        if entry.key == "B3":
            raise ConfigurationError("journal", "it can't be written any more", "Make room")
        await original(self, entry, state)

    monkeypatch.setattr(Journal, "note", note)
    async with Batch(Slow(), tmp_path / "j", concurrency=4) as batch:
        with pytest.raises(ConfigurationError, match="can't be written"):
            await batch.run(items(100))
        states = Counter([result.state async for result in batch.results()])
    assert ended == ["B0", "B1", "B2"]
    assert (states["done"], states["sent"]) == (3, 0)


async def test_equal_refusals_stop_the_run(tmp_path: Path) -> None:
    """A file that is wrong as a whole is not refused line by line; a run that may go on does."""
    platform = Platform(lambda number, attempt: refused(403, "NO_AUTH"))
    async with Batch(platform, tmp_path / "j", concurrency=2, most_equal_refusals=10) as batch:
        progress = await batch.run(items(200))
    assert progress.stopped_by == "NO_AUTH"
    assert 10 <= progress.refused <= 12
    async with Batch(platform, tmp_path / "j", concurrency=2, most_equal_refusals=None) as batch:
        progress = await batch.run(items(200))
    assert (progress.refused, progress.stopped_by) == (200, "")


async def test_refusals_between_successes_stop_nothing(tmp_path: Path) -> None:
    """Only refusals in a row count, and only equal ones."""
    fates = {0: None, 1: refused(400, "PARAM_ERROR"), 2: refused(403, "NO_AUTH")}
    platform = Platform(lambda number, attempt: fates[int(number[1:]) % 3])
    async with Batch(platform, tmp_path / "j", concurrency=1, most_equal_refusals=2) as batch:
        progress = await batch.run(items(90))
    assert (progress.done, progress.refused, progress.stopped_by) == (30, 60, "")


async def test_a_mended_row_is_sent_again(tmp_path: Path) -> None:
    """A refused item may come again with other content; one that took effect may not."""
    platform = Platform(lambda number, attempt: refused(400, "PARAM_ERROR") if (number, attempt) == ("B1", 1) else None)
    progress, _ = await run(platform, tmp_path / "j", items(3))
    assert progress.refused == 1
    mended = [*items(1), replace(items(2)[1], json={**order("B1"), "punish_scene": 2}), items(3)[2]]
    progress, _ = await run(platform, tmp_path / "j", mended)
    assert (progress.done, progress.refused) == (3, 0)
    assert platform.sent == {"B0": 1, "B1": 2, "B2": 1}
    with pytest.raises(ConfigurationError, match="'B0' is in the journal with other content"):
        await run(platform, tmp_path / "j", [replace(items(1)[0], json={**order("B0"), "punish_scene": 2})])


async def stopped_after(count: int, platform: Platform, journal: Path, given: list[Item]) -> None:
    """Run a batch of one call at a time, and stop it after so many."""
    async with Batch(platform, journal, concurrency=1) as batch:

        def fate(number: str, attempt: int) -> None:
            if sum(platform.sent.values()) == count:
                batch.stop()

        platform._fate = fate
        await batch.run(given)
    platform._fate = lambda number, attempt: None


async def test_a_row_taken_out_is_not_sent(tmp_path: Path) -> None:
    """What waits and is no longer in the input is withheld, without input too, until an input gives it again."""
    platform = Platform()
    await stopped_after(2, platform, tmp_path / "j", items(6))
    without = [item for item in items(6) if item.json["out_request_no"] not in {"B3", "B5"}]
    progress, results = await run(platform, tmp_path / "j", without)
    assert (progress.done, progress.waiting, progress.withheld) == (4, 0, 2)
    assert (results["B3"].state, results["B5"].state) == ("withheld", "withheld")
    progress, _ = await run(platform, tmp_path / "j")
    assert (progress.done, progress.withheld, "B3" in platform.sent) == (4, 2, False)
    progress, _ = await run(platform, tmp_path / "j", items(4))
    assert (progress.done, progress.withheld, progress.waiting) == (5, 1, 0)
    assert platform.sent == {"B0": 1, "B1": 1, "B2": 1, "B3": 1, "B4": 1}


async def test_a_row_taken_out_of_an_input_that_broke_off(tmp_path: Path) -> None:
    """An input that can't be read to its end may have lost rows: none goes out before it is read again."""
    platform = Platform()
    await stopped_after(1, platform, tmp_path / "j", items(4))

    def broken() -> Iterator[Item]:
        yield items(2)[1]
        raise ConfigurationError("line 2", "it is no item", "Mend it")

    with pytest.raises(ConfigurationError, match="line 2"):
        await run(platform, tmp_path / "j", broken())
    progress, _ = await run(platform, tmp_path / "j")
    assert progress.waiting == 0
    assert {"B2", "B3"}.isdisjoint(platform.sent)
    progress, _ = await run(platform, tmp_path / "j", [items(4)[1], items(4)[3]])
    assert (progress.done, progress.withheld, set(platform.sent)) == (3, 1, {"B0", "B1", "B3"})


async def test_an_empty_input_sends_nothing(tmp_path: Path) -> None:
    """All rows taken out is not the same as no input."""
    platform = Platform()
    await stopped_after(1, platform, tmp_path / "j", items(3))
    progress, _ = await run(platform, tmp_path / "j", [])
    assert (progress.done, progress.withheld, len(platform.sent)) == (1, 2, 1)


async def test_one_that_was_cut_off_and_taken_out_is_left_alone(tmp_path: Path) -> None:
    """It may have taken effect, and isn't repeated for an input without it."""
    platform = Platform(lambda number, attempt: lost("unknown") if number == "B0" else None)
    await run(platform, tmp_path / "j", items(1), patience=1)
    sent = platform.sent["B0"]
    _, results = await run(platform, tmp_path / "j", items(2)[1:])
    assert (results["B0"].state, results["B1"].state, platform.sent["B0"]) == ("sent", "done", sent)


async def test_a_row_in_another_order_is_sent(tmp_path: Path) -> None:
    """The input's order may change between two runs: all rows are sent, each once."""
    platform = Platform()
    await stopped_after(1, platform, tmp_path / "j", items(1200))
    progress, _ = await run(platform, tmp_path / "j", items(1300)[::-1])
    assert (progress.done, progress.withheld, set(platform.sent.values())) == (1300, 0, {1})


async def test_a_waiting_row_is_replaced(tmp_path: Path) -> None:
    """What was certainly not sent may get other content: that is sent, and the old content is not."""
    platform = Platform()
    sent: list[int] = []

    class Noting(Platform):
        async def send(self, request: Request) -> Response[Any]:
            sent.append(request.json["punish_scene"])
            return await super().send(request)

    await stopped_after(1, platform, tmp_path / "j", items(3))
    mended = [*items(2), replace(items(3)[2], json={**order("B2"), "punish_scene": 2})]
    progress, _ = await run(Noting(), tmp_path / "j", mended)
    assert (progress.done, sorted(sent)) == (3, [1, 2])


async def test_all_conflicts_are_named_before_the_first_call(tmp_path: Path) -> None:
    """`check` names each row that was sent with other content, by its line, and says nothing of those that wait."""
    platform = Platform()
    await stopped_after(2, platform, tmp_path / "j", items(4))
    table = tmp_path / "t.jsonl"
    table.write_text("".join(json.dumps({**order(f"B{n}"), "punish_scene": 2}) + "\n" for n in range(5)))
    async with Batch(platform, tmp_path / "j") as batch:
        with pytest.raises(ConfigurationError, match=r"2 of them .* line 1: 'B0' \(done\), line 2: 'B1' \(done\)"):
            await batch.check(read_jsonl(table, PUNISH))
        assert sum(platform.sent.values()) == 2
        await batch.check(list(read_jsonl(table, PUNISH))[2:])


async def test_conflicts_within_an_input_are_named_before_the_first_call(tmp_path: Path) -> None:
    """`check` names each row that gives an earlier one's number other content, however far apart they are."""
    table = tmp_path / "t.jsonl"
    rows = [order(f"B{n}") for n in range(600)]
    rows += [order("B3"), {**order("B3"), "punish_scene": 2}, {**order("B599"), "punish_scene": 2}]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    platform = Platform()
    async with Batch(platform, tmp_path / "j") as batch:
        expected = r"2 of them .* line 602: 'B3' \(in an earlier row\), line 603: 'B599' \(in an earlier row\)"
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=expected):
                await batch.check(read_jsonl(table, PUNISH))
        await batch.check(items(3))
    assert not platform.sent


async def test_stopped_while_items_wait_for_their_turn(tmp_path: Path, emulator: Emulator) -> None:
    """Those that wait for the rate limit are given back at once, with no code; the next run makes them."""
    limits = RateLimits(overrides={f"POST /{PUNISH}": "2/h"})
    options = {**emulator.credentials(), "transport": emulator}
    async with WeChatPay(**options, rate_limits=limits) as wxpay, Batch(wxpay, tmp_path / "j") as batch:
        running = asyncio.create_task(batch.run(items(5)))
        async with asyncio.timeout(60):
            while batch.progress.done < 2:  # noqa: ASYNC110 - progress is what the batch tells
                await asyncio.sleep(0.01)
        batch.stop()
        progress = await asyncio.wait_for(running, 60)
        results = [(result.state, result.code) async for result in batch.results()]
        assert (progress.done, progress.waiting, batch.on_the_wire) == (2, 3, 0)
        assert Counter(results) == {("done", None): 2, ("waiting", None): 3}
    async with WeChatPay(**options, rate_limits=None) as wxpay, Batch(wxpay, tmp_path / "j") as batch:
        assert (await batch.run(items(5))).done == 5


@pytest.mark.parametrize(("outcome", "state"), [("not_sent", "waiting"), ("unknown", "sent")])
async def test_stopped_while_items_wait_for_the_next_try(tmp_path: Path, outcome: Outcome, state: State) -> None:
    """A pause before the next try ends at once: what may have taken effect stays `sent`, all else waits."""
    platform = Platform(lambda number, attempt: lost(outcome))
    slept = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.set()
        await asyncio.Event().wait()

    async with Batch(platform, tmp_path / "j", sleep=sleep) as batch:
        running = asyncio.create_task(batch.run(items(1)))
        await slept.wait()
        batch.stop()
        await asyncio.wait_for(running, 60)
        assert [result.state async for result in batch.results()] == [state]
    assert platform.sent == {"B0": 1}


async def test_the_log_is_empty_after_a_run(tmp_path: Path) -> None:
    """SQLite's log would keep erased secrets until the journal is closed, or for ever after a kill."""
    async with Batch(Platform(), tmp_path / "j") as batch:
        await batch.run(items(50))
        found = await asyncio.to_thread(contents, tmp_path)
    assert all(b"6222 0000" not in content for content in found)


class Limited:
    """A client that keeps to 20 calls a minute over a platform that notes when calls arrive."""

    def __init__(self, clock: FakeTime, arrived: list[float], mchid: str = "1900000109") -> None:
        limits = RateLimits(overrides={f"POST /{PUNISH}": "20/min"})
        self._limit = RateLimit(mchid, limits, Timeout(), monotonic=clock, time=clock, sleep=clock.sleep)
        self._clock = clock
        self._arrived = arrived

    async def send(self, request: Request) -> Response[Any]:
        """Call, in its turn."""
        return await self._limit(request, self._transport)

    async def _transport(self, request: Request) -> Response[Any]:
        self._arrived.append(self._clock.now)
        await self._clock.sleep(0.5)
        return Response(status=200, content=b"{}")


def most_in_a_minute(arrived: list[float]) -> int:
    """How many calls the fullest minute has."""
    return max(sum(start <= other < start + 60 for other in arrived) for start in arrived)


async def run_limited(clock: FakeTime, arrived: list[float], journal: Path, mchid: str = "1900000109") -> None:
    """A run of 30 items by a process of its own, as far as limiter and journal go."""
    client = Limited(clock, arrived, mchid)
    async with Batch(client, journal, time=clock, monotonic=clock, sleep=clock.sleep, concurrency=4) as batch:
        await batch.run(items(30))


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_restarted_run_knows_the_calls_of_its_last_minute(tmp_path: Path, how: str) -> None:
    """However often a run is stopped or cut off, and started again, no minute has more calls than the limit."""
    clock, arrived = FakeTime(1.7e9), list[float]()
    for count in (5, 14, 19):
        client = Limited(clock, arrived)
        batch = Batch(client, tmp_path / "j", time=clock, monotonic=clock, sleep=clock.sleep, concurrency=4)
        running = asyncio.create_task(batch.run(items(30)))
        async with asyncio.timeout(60):
            while len(arrived) < count:  # noqa: ASYNC110 - the platform tells nobody
                await asyncio.sleep(0)
        if how == "stopped":
            batch.stop()
            await running
        else:
            running.cancel()
            await asyncio.wait([running])
        await batch.aclose()
        clock.now += 2
    await run_limited(clock, arrived, tmp_path / "j")
    assert 15 < most_in_a_minute(arrived) <= 20
    assert len(arrived) >= 30
    # What was cut off counts although it may not have arrived.
    assert clock.now < 1.7e9 + (150 if how == "stopped" else 300), "it waits no longer than it must"


async def test_calls_of_another_merchant_or_of_long_ago_do_not_count(tmp_path: Path) -> None:
    """A run for another merchant's journal, and one after more than a minute, begin with all their calls."""
    clock, arrived = FakeTime(1.7e9), list[float]()
    async with Batch(Limited(clock, arrived), tmp_path / "j", time=clock, monotonic=clock, sleep=clock.sleep) as batch:
        await batch.run(items(20))
    began = clock.now
    await run_limited(clock, arrived, tmp_path / "j", "1900000108")
    assert clock.now < began + 5
    clock.now += 61
    async with Batch(Limited(clock, arrived), tmp_path / "j", time=clock, monotonic=clock, sleep=clock.sleep) as batch:
        began = clock.now
        await batch.run(items(60)[40:])
    assert clock.now < began + 5
