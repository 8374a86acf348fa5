"""A caller that is cancelled when a store has made its claim and hasn't said so yet."""

import asyncio

import pytest

from wechatpay_chain.notifications import Claim, Reply, Seen
from wechatpay_chain.notifications.once import Once


async def cancelled_while_it_claims(seen: Seen, key: str) -> None:
    """Have a notification handled, and cancel that between the store's claim and its return."""
    made = asyncio.Event()
    claim = seen.claim

    async def lingering(key: str, token: str) -> Claim:
        found = await claim(key, token)
        made.set()
        await asyncio.Event().wait()
        return found

    async def handler() -> Reply:
        raise AssertionError("it was never claimed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "claim", lingering)
        handling = asyncio.create_task(Once(seen).handle(key, handler))
        await made.wait()
        handling.cancel()
        await asyncio.wait([handling])
    assert handling.cancelled()
