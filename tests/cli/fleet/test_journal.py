"""`FleetJournal`: what it takes over from the workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.punishing import PUNISH
from wechatpay_chain.batch import Item
from wechatpay_chain.cli.fleet.connection import redis_at
from wechatpay_chain.cli.fleet.journal import FleetJournal
from wechatpay_chain.cli.fleet.notes import Call, Notes
from wechatpay_chain.errors import ConfigurationError

ITEM = Item(path=PUNISH, json={"out_request_no": "R1"})


async def test_a_redis_that_is_back(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that couldn't reach Redis catches up when it is begun again: what was never sent is no longer in doubt."""
    key, packed = ITEM.pack()

    async def fail(self: Notes, keys: list[str]) -> list[str | None]:
        raise RedisConnectionError

    async with redis_at(url) as redis:
        notes = Notes(redis, "orders.csv")
        killed = FleetJournal(tmp_path / "j", notes, "a")
        await killed.begin(everything=False)
        await killed.add([(key, packed)])
        (entry,) = await killed.in_line(0)
        await killed.note(entry, "sent")
        await notes.hand_out(key, Call.of(packed, was_sent=False), "a")
        await killed.aclose()
        journal = FleetJournal(tmp_path / "j", notes, "b")
        with monkeypatch.context() as patch:
            patch.setattr(Notes, "handed_out_by", fail)
            with pytest.raises(ConfigurationError, match="Redis can't be reached"):
                await journal.begin(everything=True)
        assert await journal.cut_off() == [key]
        await journal.begin(everything=True)
        assert await journal.cut_off() == []
        await journal.aclose()
