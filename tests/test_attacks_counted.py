"""A few of the attacks that `benchmarks/attack.py` makes in thousands: nothing is believed, doubled or leaked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import attacks
from tests.test_attacks import FORGERIES
from wechatpay_chain import catalogue


@pytest.mark.filterwarnings("ignore::wechatpay_chain.WeChatPayWarning")
async def test_unsigned_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without the platform's signature is refused, whatever operation and spelling of its path."""
    some = list(catalogue.operations())[::60]
    monkeypatch.setattr(catalogue, "operations", lambda: some)
    found = await attacks.unsigned_answers(len(some) * len(attacks.SPELLINGS))
    assert found["SignatureError"] > found["attempts"] / 5
    assert found["ConfigurationError"] > found["attempts"] / 5


async def test_forged_notifications() -> None:
    """All forgeries by name, and changed bytes, reach no handler."""
    found = await attacks.forged_notifications(3 * (len(FORGERIES) + 20))
    assert found["attempts"] == 3 * (len(FORGERIES) + 20)


async def test_fuzzed_answers() -> None:
    """What comes out is signed as it came, or an error of ours."""
    found = await attacks.fuzzed_answers(500)
    assert found["SignatureError"] > 100


async def test_cancellations(tmp_path: Path) -> None:
    """Cancelled anywhere, a client goes on and leaves nothing behind."""
    (tmp_path / "image.png").write_bytes(bytes(200_000))
    found = await attacks.cancellations(30, tmp_path)
    assert found["cancelled"] > 10


async def test_kills(tmp_path: Path) -> None:
    """A batch that is killed sends each order once."""
    assert (await attacks.kills(1, tmp_path, orders=60))["orders"] == 60
