"""The two tables, and the function that creates them."""

from __future__ import annotations

from typing import Any

from ..._extras import extra
from .dialects import dialect_of

with extra("sqlalchemy"):
    from sqlalchemy import (
        BigInteger,
        Boolean,
        Column,
        Connection,
        Double,
        Index,
        Integer,
        LargeBinary,
        MetaData,
        String,
        Table,
        Text,
        func,
        select,
    )
    from sqlalchemy.dialects import mysql
    from sqlalchemy.schema import CreateIndex, CreateTable

metadata = MetaData()
"""Both tables, for Alembic: `target_metadata = [Base.metadata, wechatpay_chain.contrib.sqlalchemy.metadata]`."""

# An arbitrary number, which identifies the advisory lock.
_LOCK = 0x77657870
_LOCK_NAME = "wechatpay_chain.tables"
_LOCK_SECONDS = 60

# Keys are case-sensitive; MariaDB's default collation isn't.
_EXACT: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}
# The longest that each database can index.
_KEY = String(191)
_CONTENT = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")

inbox = Table(
    "wechatpay_inbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("key", _KEY, nullable=False, unique=True),
    Column("number", _KEY, nullable=False),
    Column("notification_id", _KEY, nullable=False),
    Column("event_type", String(128), nullable=False),
    Column("original_type", String(128)),
    Column("create_time", String(64), nullable=False),
    Column("resource_type", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", _CONTENT, nullable=False),
    Column("resource", _CONTENT, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("token", String(32)),
    Column("received", Double, nullable=False),
    Column("due", Double, nullable=False),
    Column("finished", Double),
    Column("error", String(128), nullable=False),
    Index("wechatpay_inbox_due", "state", "due", "id"),
    # With the state, as a number may have any number of messages that are handled.
    Index("wechatpay_inbox_number_state", "number", "state", "id"),
    Index("wechatpay_inbox_finished", "state", "finished"),
    **_EXACT,
)
"""Messages: times are Unix seconds by the database's clock."""

seen = Table(
    "wechatpay_seen",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("token", String(32), nullable=False),
    Column("done", Boolean, nullable=False),
    Column("until", Double, nullable=False),
    Index("wechatpay_seen_until", "until"),
    **_EXACT,
)
"""What `SqlSeen` remembers: claims, and the keys of what was handled; each has a time when it expires."""


def create_tables(connection: Connection) -> None:
    """Make the tables and indexes that aren't there. Any number of workers may call it at once, any number of times.

    To add an index to a table of an earlier version takes the rights of the table's owner. In PostgreSQL nothing is
    stored while it is built.

    Args:
        connection: of an `Engine`; with an `AsyncEngine`, `await connection.run_sync(create_tables)`. Commit it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        _create(connection)
    elif dialect_of(connection.dialect.name).has_row_locks:
        _create_under_lock(connection)
    else:
        # SQLite's statements are atomic, and run one after another.
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def _create_under_lock(connection: Connection) -> None:
    """Create the tables in a database that commits each DDL statement at once, under a lock of the session."""
    if not connection.scalar(select(func.get_lock(_LOCK_NAME, _LOCK_SECONDS))):
        raise TimeoutError(
            f"the lock {_LOCK_NAME!r} was not free within {_LOCK_SECONDS} s: another one makes the tables"
        )
    try:
        _create(connection)
    finally:
        connection.execute(select(func.release_lock(_LOCK_NAME)))


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    # It leaves a table that is there as it is.
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)
