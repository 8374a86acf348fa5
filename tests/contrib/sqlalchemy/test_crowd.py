"""Many senders, four worker processes of which two are killed: what takes effect, and how often.

`CROWD=5000 pytest tests/contrib/sqlalchemy/test_crowd.py` sends as many notifications as a busy shop's hour.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest

from tests.notifications.sender import Message, notify, webhook
from tests.sql_crowd import LEASE, PLAIN
from tests.sql_engines import Shop
from tests.sql_handlers import inbox_of
from wechatpay_chain import Webhook
from wechatpay_chain.notifications.inbox import State

SENT = int(os.environ.get("CROWD", "120"))
SENDERS, WORKERS, KILLED = 8, 4, 2
# Far more than is needed: the platform's patience, not a measure.
SECONDS = 60.0 + SENT / 5


async def send(hook: Webhook, messages: list[Message]) -> None:
    """Send notifications as the platform does: again, until they are answered with success."""
    for message in messages:
        while not (await hook.dispatch(*message)).ok:  # noqa: ASYNC110 - so does the platform
            await asyncio.sleep(0.1)


async def kill(workers: list[int], shop: Shop, chance: random.Random) -> None:
    """Kill workers one after the other, at points of the work that chance chooses."""
    for point in sorted(chance.sample(range(1, SENT // 2), KILLED)):
        while len(await shop.effects()) < point:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)
        os.kill(workers.pop(chance.randrange(len(workers))), signal.SIGKILL)


@pytest.mark.parametrize("shop", ["sqlite", "postgresql-async", "mariadb"], indirect=True)
async def test_each_notification_takes_effect(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Each is sent twice; those of transactional handlers take effect exactly once, and of plain ones none is lost."""
    caplog.set_level(logging.CRITICAL)
    chance = random.Random(os.urandom(8))
    inbox = await inbox_of(shop, lease=LEASE)
    hook = webhook(inbox=inbox, deadline=SECONDS)
    once = {f"ONCE-{number}" for number in range(SENT // 2)}
    plain = {f"PLAIN-{number}" for number in range(SENT - SENT // 2)}
    messages = [
        notify(id=word, event_type=PLAIN if word in plain else "TRANSACTION.SUCCESS", resource={"out_trade_no": word})
        for word in sorted(once | plain)
        for _ in range(2)
    ]
    chance.shuffle(messages)
    url = shop.url.render_as_string(hide_password=False)
    command = (sys.executable, "-m", "tests.sql_crowd", url, str(WORKERS))
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            workers = [int(await process.stdout.readline()) for _ in range(WORKERS)]
            await asyncio.gather(
                *(send(hook, messages[number::SENDERS]) for number in range(SENDERS)), kill(workers, shop, chance)
            )
            while (await inbox.count()).by_state[State.DONE] < SENT:  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    effects = Counter(await shop.effects())
    assert {word: number for word, number in effects.items() if word in once} == dict.fromkeys(once, 1)
    assert set(effects) == once | plain
    print(f"{shop.kind}: {sum(effects.values()) - SENT} effects more than once, of {len(plain)} plain")
