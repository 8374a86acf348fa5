"""Notifications in a database of the shop's own, by SQLAlchemy: `pip install 'wechatpay-chain[sqlalchemy]'`.

    inbox = SqlInbox(create_async_engine("postgresql+asyncpg://..."))
    webhook = Webhook(..., inbox=inbox)         # stores, and answers 200 once that is committed

    @webhook.on("TRANSACTION.SUCCESS", "transaction")
    @with_session
    async def paid(notification, session):      # its effect commits with the note that it was handled, or neither does
        await session.execute(...)

    await Worker(inbox, webhook).run()          # in the service, or in as many processes as you like

`SqlSeen` is for notifications that are handled while the platform waits: a `Seen` store whose handlers may use
`with_session` too. PostgreSQL,
MariaDB, MySQL and SQLite; an `AsyncEngine` for handlers that are coroutine functions, an `Engine` for plain functions.
"""

from __future__ import annotations

from .inbox import SqlInbox
from .seen import SqlSeen
from .sessions import with_session
from .tables import create_tables, metadata
from .worker import Worker

__all__ = ["SqlInbox", "SqlSeen", "Worker", "create_tables", "metadata", "with_session"]
