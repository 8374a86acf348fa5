"""What the stateful tests share: an emulator, its client, and calls whose refusals are values."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine

from tests.emulator.clock import Clock
from wechatpay_chain import APIError, WeChatPay
from wechatpay_chain.emulator import Emulator, KeyPair

MERCHANT, PLATFORM = KeyPair.merchant(), KeyPair.wechatpay()
SETTINGS = settings(max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Machine(RuleBasedStateMachine):
    """An emulator and a client of its first merchant; all calls run in one event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.runner = Clock(), asyncio.Runner()
        self.emulator = Emulator(clock=self.clock, merchant_key=MERCHANT, platform_keys=[PLATFORM])
        self.wxpay: Any = WeChatPay(
            **self.emulator.credentials(), transport=self.emulator, clock=self.clock, rate_limits=None
        )

    def call(self, call: Awaitable[Any]) -> tuple[str, Any]:
        """What a call is answered with: its code without underscores, or `OK`, and the answer."""

        async def awaited() -> Any:
            return await call

        try:
            return "OK", self.runner.run(awaited())
        except APIError as refused:
            return (refused.code or "").replace("_", ""), None

    def teardown(self) -> None:
        """End the event loop."""
        self.runner.close()
