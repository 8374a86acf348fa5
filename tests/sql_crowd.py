"""Worker processes of the test with a crowd: `python -m tests.sql_crowd URL 4` starts four and prints their numbers.

They work until they are killed. They are forked when all is imported, which takes longer than their work.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from tests.sql_engines import EFFECT, engine_of, run
from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, Worker, with_session

PLAIN = "REFUND.SUCCESS"
"""The kind of notification whose handler writes in a transaction of its own; others' take the session."""

LEASE = 2.0


def webhook_of(engine: AsyncEngine | Engine) -> Webhook:
    """A webhook whose handlers write a line for each notification that they handle."""
    hook = Webhook(apiv2_key="x" * 32)
    effect = text(EFFECT)

    if isinstance(engine, AsyncEngine):

        @hook.on()
        @with_session
        async def write(notification: Notification[Any], session: AsyncSession) -> None:
            await session.execute(effect, {"word": notification.id})
            await asyncio.sleep(0.002)

        @hook.on(PLAIN)
        async def write_apart(notification: Notification[Any]) -> None:
            def insert(connection: Connection) -> None:
                connection.execute(effect, {"word": notification.id})

            await run(engine, insert)

        return hook

    @hook.on()
    @with_session
    def write_in_thread(notification: Notification[Any], session: Session) -> None:
        session.execute(effect, {"word": notification.id})

    @hook.on(PLAIN)
    def write_apart_in_thread(notification: Notification[Any]) -> None:
        with engine.begin() as connection:
            connection.execute(effect, {"word": notification.id})

    return hook


async def work(url: str) -> None:
    """Handle what comes."""
    engine = engine_of(make_url(url))
    await Worker(SqlInbox(engine, lease=LEASE), webhook_of(engine), poll=0.05).run()


def start(url: str, workers: int) -> None:
    """Start workers, and wait for their ends."""
    for _ in range(workers):
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(url))
        print(pid, flush=True)
    for _ in range(workers):
        os.wait()


if __name__ == "__main__":
    start(sys.argv[1], int(sys.argv[2]))
