"""What these tests share: handlers that write an effect, and messages on their way to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tests.notifications.sender import notify, webhook
from tests.sql_engines import EFFECT, Shop
from wechatpay_chain import Notification, Reply, Webhook
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, with_session

Handler = Callable[[Notification[Any]], Any]


def writing(shop: Shop, fate: Callable[[], Reply | None] = lambda: None) -> Handler:
    """A handler that writes its notification's number in its session, and then meets a fate."""
    statement = text(EFFECT)
    if shop.is_async:

        @with_session
        async def write(notification: Notification[Any], session: AsyncSession) -> Reply | None:
            await session.execute(statement, {"word": notification.id})
            return fate()

        return write

    @with_session
    def write_in_thread(notification: Notification[Any], session: Session) -> Reply | None:
        session.execute(statement, {"word": notification.id})
        return fate()

    return write_in_thread


async def inbox_of(shop: Shop, **options: Any) -> SqlInbox:
    """An empty inbox."""
    inbox = SqlInbox(shop.engine, **options)
    await inbox.create_tables()
    return inbox


async def send(inbox: SqlInbox, *identifiers: str, number: str = "") -> None:
    """Have the platform send notifications, which are stored; each of a number of its own unless one is given."""
    hook = webhook(inbox=inbox)
    for identifier in identifiers:
        sent = notify(id=identifier, resource={"out_trade_no": number or identifier, "payer": {"openid": "o-Ada"}})
        assert (await hook.dispatch(*sent)).ok


def handled_by(handler: Handler) -> Webhook:
    """A webhook that has everything handled by one handler."""
    hook = webhook()
    hook.on()(handler)
    return hook


def stopping(engine: Engine) -> Handler:
    """A handler that writes its effect, says so, and then does nothing for a long time."""

    @with_session
    def write(notification: Notification[Any], session: Session) -> None:
        session.execute(text(EFFECT), {"word": notification.id})
        print("written", flush=True)
        time.sleep(300)

    return write
