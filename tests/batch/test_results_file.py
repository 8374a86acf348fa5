"""The results of a batch as lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path

from tests.batch.counting_platform import items, order
from tests.punishing import PUNISH
from wechatpay_chain import WeChatPay
from wechatpay_chain.batch import Batch, Item
from wechatpay_chain.emulator import Emulator


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
