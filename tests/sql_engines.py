"""Engines of every kind for the tests, on real servers: what is made in them is gone after each test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

T = TypeVar("T")

KINDS = ("sqlite", "sqlite-async", "postgresql", "postgresql-async", "mariadb")
SERVERS = {"postgresql": "postgresql", "postgresql-async": "postgresql", "mariadb": "mariadb"}
"""Which server a kind needs; SQLite needs none."""

# One for each process that runs tests.
_DATABASE = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def url_of(kind: str, address: str, database: str | None = None) -> URL:
    """The URL of a database.

    Args:
        kind: one of `KINDS`.
        address: the server's, or the file of an SQLite database.
        database: its name on a server; None for the one that every server has.
    """
    match kind:
        case "sqlite":
            return URL.create("sqlite+pysqlite", database=address)
        case "sqlite-async":
            return URL.create("sqlite+aiosqlite", database=address)
        case "mariadb":
            query = {"unix_socket": address, "charset": "utf8mb4"}
            return URL.create("mariadb+pymysql", "root", database=database, query=query)
        case _:
            driver = "asyncpg" if kind.endswith("async") else "psycopg"
            return URL.create(
                f"postgresql+{driver}", "postgres", database=database or "postgres", query={"host": address}
            )


def engine_of(url: URL, **options: Any) -> AsyncEngine | Engine:
    """The engine of a URL: asynchronous if its driver is. SQLite lets writers wait for each other."""
    is_async = url.get_dialect().is_async
    engine = create_async_engine(url, **options) if is_async else create_engine(url, **options)
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine if isinstance(engine, AsyncEngine) else engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


def make_database(kind: str, address: str) -> URL:
    """An empty database for one test, and its URL."""
    if kind not in SERVERS:
        return url_of(kind, str(Path(address) / "test.db"))
    admin = create_engine(url_of(SERVERS[kind], address), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        force = " WITH (FORCE)" if connection.dialect.name == "postgresql" else ""  # a session may still be ending
        connection.execute(text(f"DROP DATABASE IF EXISTS {_DATABASE}{force}"))
        connection.execute(text(f"CREATE DATABASE {_DATABASE}"))
    admin.dispose()
    return url_of(kind, address, _DATABASE)


async def run(engine: AsyncEngine | Engine, work: Callable[[Connection], T]) -> T:
    """What some work returns, committed."""
    if isinstance(engine, AsyncEngine):
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    return await asyncio.to_thread(partial(_run, engine, work))


def _run(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


async def dispose(engine: AsyncEngine | Engine) -> None:
    """Close its connections, those too that a thread still uses whose caller was cancelled."""
    if isinstance(engine, AsyncEngine):
        await engine.dispose()
        return
    pool = cast("QueuePool", engine.pool)
    async with asyncio.timeout(30):
        while pool.checkedout():  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(0.01)
    engine.dispose()


@dataclass(frozen=True)
class Shop:
    """A shop's database with a table of effects.

    Attributes:
        kind: one of `KINDS`.
        engine: of the database.
        url: of the database.
    """

    kind: str
    engine: AsyncEngine | Engine
    url: URL

    @property
    def is_async(self) -> bool:
        return isinstance(self.engine, AsyncEngine)

    async def effects(self) -> list[str]:
        """What handlers have written."""
        query = text("SELECT word FROM effect ORDER BY word")
        return await run(self.engine, lambda connection: list(connection.scalars(query)))

    async def execute(self, statement: str) -> None:
        await run(self.engine, lambda connection: connection.execute(text(statement)))


EFFECT = "INSERT INTO effect (word) VALUES (:word)"
EFFECTS = "CREATE TABLE effect (word VARCHAR(64) NOT NULL)"
