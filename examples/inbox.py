"""The inbox: a notification is stored before it is answered, and takes effect exactly once, by SQLAlchemy.

In production the engine is that of the shop, and the worker runs in the service or in processes of its own.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, Worker, with_session
from wechatpay_chain.emulator import Emulator


async def main() -> None:
    """Receive one payment twice, and handle it."""
    emulator = Emulator()
    platform = {key.serial: key.public_pem for key in emulator.platform_keys}
    with tempfile.TemporaryDirectory() as folder:
        engine = create_async_engine(f"sqlite+aiosqlite:///{folder}/shop.db")  # or postgresql+asyncpg://...
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE orders (number TEXT, paid INTEGER)"))
            await connection.execute(text("INSERT INTO orders VALUES ('A1', 0)"))

        inbox = SqlInbox(engine)
        await inbox.create_tables()  # or by Alembic, from contrib.sqlalchemy.metadata
        webhook = Webhook(apiv3_key=emulator.apiv3_key, certs=platform, inbox=inbox)

        @webhook.on("TRANSACTION.SUCCESS", "transaction")
        @with_session
        async def paid(notification: Notification[Any], session: AsyncSession) -> None:
            total = notification.resource["amount"]["total"]
            number = {"number": notification.resource["out_trade_no"], "total": total}
            await session.execute(text("UPDATE orders SET paid = paid + :total WHERE number = :number"), number)

        sent = emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1", "amount": {"total": 29}})
        for _ in range(2):  # the platform sends many of them twice
            print("answered", (await webhook.dispatch(*sent)).status)
        worker = Worker(inbox, webhook)
        print("handled", await worker.drain())  # `await worker.run()` goes on until it is stopped

        async with engine.connect() as connection:
            print("paid", await connection.scalar(text("SELECT paid FROM orders")))
        await engine.dispose()


asyncio.run(main())
