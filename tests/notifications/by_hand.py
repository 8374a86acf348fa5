"""A store of seen notifications whose time passes by hand, however slow the machine is."""

from __future__ import annotations

import asyncio

from wechatpay_chain.notifications import MemorySeen


class ByHand(MemorySeen):
    """Time passes for claims that are held only when they have been renewed.

    Args:
        lease: seconds, of its own time.
    """

    def __init__(self, lease: float) -> None:
        super().__init__(lease=lease, clock=lambda: self._now)
        self._now = 0.0
        self._renewed: set[str] = set()
        self._all_renewed = asyncio.Event()

    async def pass_time(self, seconds: float) -> None:
        """Let less than a lease pass, and wait until each claim that is held has been renewed."""
        assert seconds < self.lease
        self._now += seconds
        self._renewed.clear()
        self._all_renewed.clear()
        await self._all_renewed.wait()

    async def renew(self, key: str, token: str) -> bool:
        """Note that it was renewed."""
        is_held = await super().renew(key, token)
        self._renewed.add(key)
        if self._renewed >= self._claims.keys():
            self._all_renewed.set()
        return is_held
