"""An input that is given again, as it was or changed, and what the journal has of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.batch.counting_platform import Platform, items, lost, order, refused, run, stopped_after
from tests.punishing import PUNISH
from wechatpay_chain import ConfigurationError, Request, Response
from wechatpay_chain.batch import Batch, Item, Journal, read_jsonl


async def test_a_number_with_other_content_is_refused(tmp_path: Path) -> None:
    """The same number for something else would be a mistake of the input."""
    await run(Platform(), tmp_path / "j", items(1))
    with pytest.raises(ConfigurationError, match="in the journal with other content"):
        await run(Platform(), tmp_path / "j", [Item(path=PUNISH, json=order("B0") | {"punish_scene": 2})])


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


async def test_a_check_writes_nothing(tmp_path: Path) -> None:
    """What the journal holds stays as it is, such as what a run with workers was named, for the next such run."""
    journal = Journal(tmp_path / "j")
    await journal.begin(everything=False, run="with workers")
    await journal.add([item.pack() for item in items(2)])
    await journal.aclose()
    before = held(tmp_path / "j")
    async with Batch(Platform(), tmp_path / "j") as batch:
        await batch.check(items(3))
    assert held(tmp_path / "j") == before


def held(journal: Path) -> list[str]:
    """All that a journal holds, as SQL."""
    with closing(sqlite3.connect(journal)) as database:
        return list(database.iterdump())
