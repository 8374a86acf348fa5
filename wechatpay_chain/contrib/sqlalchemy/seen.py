"""`SqlSeen`: remembers in a table of the shop's database what was handled."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from ..._arguments import FINITE_SECONDS, check
from ..._extras import extra
from ...notifications.seen import KEEP, KEEP_V2, LEASE, V2_KEYS, Claim
from .database import Database
from .dialects import Now
from .sessions import Claimed, handling
from .tables import create_tables
from .tables import seen as table

with extra("sqlalchemy"):
    from sqlalchemy import Connection, Engine, and_, delete, false, select, true, update
    from sqlalchemy.ext.asyncio import AsyncEngine

# Every so many claims, expired rows are deleted.
_CLAIMS_BETWEEN_FORGETTING = 1000

_TAKES = {"lease": FINITE_SECONDS, "keep": FINITE_SECONDS, "keep_v2": FINITE_SECONDS}


class SqlSeen:
    """A `Seen` for any number of workers that share one database.

    A handler with `with_session` writes in the transaction that notes it: it takes effect exactly once. Others are
    noted when they have ended, as with every store. When the database fails, the notification is refused and the
    platform sends it again.

    Args:
        engine: of the shop's database; it stays open.
        lease: seconds after which a claim expires because its worker died; it is renewed while its handler runs.
            Times are read from the database's clock.
        keep: seconds to remember what was handled.
        keep_v2: the same for APIv2's notices, 60 days by default.

    Raises:
        ConfigurationError: the engine isn't one, or is of an unknown database; or another argument is wrong.
    """

    def __init__(
        self, engine: AsyncEngine | Engine, *, lease: float = LEASE, keep: float = KEEP, keep_v2: float = KEEP_V2
    ) -> None:
        check(_TAKES, lease=lease, keep=keep, keep_v2=keep_v2)
        self.lease = lease
        self._database = Database(engine)
        self._keep = keep
        self._keep_v2 = keep_v2
        self._claimed: dict[str, Claimed] = {}
        self._claims = 0

    async def create_tables(self) -> None:
        """Make the tables that aren't there; see `create_tables`."""
        await self._database.run(create_tables)

    async def claim(self, key: str, token: str) -> Claim:
        """Try to become the one that handles `key`."""
        self._claims += 1
        if self._claims % _CLAIMS_BETWEEN_FORGETTING == 0:
            await self._database.run(_forget)
        return await self._database.run(lambda connection: self._claim(connection, key, token), locks_range=True)

    async def renew(self, key: str, token: str) -> bool:
        """Extend a claim by another lease. False if it is no longer held."""
        claimed = self._claimed.get(token)
        if claimed is not None and claimed.is_in_session:
            return True  # its transaction holds the row
        until = Now() + self.lease
        renewal = update(table).where(_is_held(key, token)).values(until=until)
        return await self._database.run(lambda connection: connection.execute(renewal).rowcount > 0)

    async def confirm(self, key: str) -> None:
        """Remember that `key` was handled."""
        await self._database.run(lambda connection: self._confirm(connection, key))

    async def release(self, key: str, token: str) -> None:
        """Give a claim back, if it is still held."""
        release = delete(table).where(_is_held(key, token))
        await self._database.run(lambda connection: connection.execute(release))

    @asynccontextmanager
    async def handling(self, key: str, token: str) -> AsyncGenerator[None]:
        """Have handlers that are called in the block work in the transaction that notes them."""
        done = update(table).where(_is_held(key, token)).values(done=True, until=Now() + self._kept(key))
        claimed = Claimed(self._database, lambda connection: connection.execute(done).rowcount > 0)
        self._claimed[token] = claimed
        try:
            with handling(claimed):
                yield
        finally:
            del self._claimed[token]

    def _claim(self, connection: Connection, key: str, token: str) -> Claim:
        until = Now() + self.lease
        if not self._database.dialect.has_row_locks:
            connection.execute(update(table).where(false()).values(done=False))  # takes the lock of the database
        columns = select(table.c.done, table.c.until > Now(), table.c.token)
        found = connection.execute(columns.where(table.c.key == key)).first()
        if found is None:
            connection.execute(self._insert({"key": key, "token": token, "done": False, "until": until}))
            owner = connection.scalar(select(table.c.token).where(table.c.key == key))
            return "claimed" if owner == token else "busy"
        is_done, lasts, owner = found
        if lasts and is_done:
            return "done"
        if lasts:  # its own: it was committed, and the connection lost before that was known
            return "claimed" if owner == token else "busy"
        # A handler's transaction may hold the row beyond the lease.
        free = select(table.c.key).where(table.c.key == key, table.c.until <= Now()).with_for_update(skip_locked=True)
        if connection.scalar(free) is None:
            return "busy"
        connection.execute(update(table).where(table.c.key == key).values(token=token, done=False, until=until))
        return "claimed"

    def _confirm(self, connection: Connection, key: str) -> None:
        values = {"done": True, "until": Now() + self._kept(key)}
        if connection.execute(update(table).where(table.c.key == key).values(**values)).rowcount == 0:
            connection.execute(self._insert({"key": key, "token": "", **values}))

    def _insert(self, values: dict[str, Any]) -> Any:
        return self._database.dialect.insert_once(table, values)

    def _kept(self, key: str) -> float:
        return self._keep_v2 if key.startswith(V2_KEYS) else self._keep


def _is_held(key: str, token: str) -> Any:
    return and_(table.c.key == key, table.c.token == token, table.c.done == false())


def _forget(connection: Connection) -> None:
    """Delete what need no longer be remembered. Expired claims are left for those who take them over."""
    connection.execute(delete(table).where(table.c.done == true(), table.c.until <= Now()))
