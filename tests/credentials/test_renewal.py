"""The settings of renewal, and the pace that clients share."""

from __future__ import annotations

import asyncio

import pytest

from wechatpay_chain import ConfigurationError
from wechatpay_chain.credentials.renewal import Pace, Renewal


@pytest.mark.parametrize("every", [0.0, 59.0, 43200.0, 86400.0])
def test_interval(every: float) -> None:
    """The platform asks for intervals under 12 hours."""
    with pytest.raises(ConfigurationError, match="12 h"):
        Renewal(every=every)


async def test_pace_is_shared() -> None:
    """Clients that share a pace download one after the other."""
    now = 0.0
    slept: list[float] = []
    pace = Pace(10, monotonic=lambda: now)
    original = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        await original(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        await asyncio.gather(*(pace.turn() for _ in range(4)))
    assert slept == [0.1, 0.2, 0.3]


def test_demand_13_one_pace_for_all_clients() -> None:
    """Unless told otherwise, all clients of a process share one pace: many merchants don't ask in one moment."""
    assert Renewal().pace is Renewal(every=3600).pace
