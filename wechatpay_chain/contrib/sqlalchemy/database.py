"""Short transactions on an engine of either kind, tried again after deadlocks and lost connections."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from contextvars import copy_context
from typing import TypeVar
from weakref import WeakKeyDictionary

from ..._extras import extra
from ...errors import ConfigurationError, type_of
from ...policies.backoff import Backoff
from .dialects import dialect_of, is_passing

with extra("sqlalchemy"):
    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.pool import SingletonThreadPool

T = TypeVar("T")

_MOST = 6
# Seconds after which nothing is tried again: a lock that is held for so long is an error to report.
_LONGEST = 10.0
_BETWEEN = Backoff(0.02, 0.5)


class Tries:
    """The tries of a transaction that others may be in the way of. The first one begins now."""

    def __init__(self) -> None:
        self._made = 1
        self._begun = time.monotonic()

    def next_pause(self) -> float | None:
        """Seconds before the next try; None if there is none."""
        if self._made == _MOST or time.monotonic() - self._begun > _LONGEST:
            return None
        pause = _BETWEEN.pause(self._made, random.random())  # noqa: S311 - spreads, guards nothing
        self._made += 1
        return pause


class Database:
    """Runs transactions on an engine of the caller's.

    Args:
        engine: an `AsyncEngine`, or an `Engine`, whose work is done in threads.

    Raises:
        ConfigurationError: it is no engine, or for a database that this package doesn't know, or for one in memory, of
            which each thread has its own; or it commits each statement by itself.
    """

    def __init__(self, engine: AsyncEngine | Engine) -> None:
        self.engine = _checked(engine)
        self.dialect = dialect_of(engine.dialect.name)
        if isinstance(engine.pool, SingletonThreadPool):
            raise ConfigurationError(
                "engine",
                "an SQLite database in memory was found, of which each thread has its own",
                "Give one in a file",
            )
        if _commits_each_statement(engine):
            raise ConfigurationError(
                "engine",
                "the isolation level AUTOCOMMIT was found, at which nothing is undone",
                "Give an engine without it",
            )
        isolation = self.dialect.isolation
        # SQLite has a single writer: transactions that queue here cost less than ones that compete for its lock.
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._for_ranges = engine if isolation is None else engine.execution_options(isolation_level=isolation)

    async def run(self, work: Callable[[Connection], T], *, locks_range: bool = False) -> T:
        """Do some work in a transaction, commit it, and return its result.

        After a deadlock, a lock that took too long, or a pooled connection that was lost, the work is done again: it
        must be safe to repeat.

        Args:
            work: called with the transaction's connection.
            locks_range: whether the work locks rows that it finds by a search.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database failed, without the values of the statement in its text.
            OSError: it can't be reached.
        """
        engine = self._for_ranges if locks_range else self.engine
        tries = Tries()
        while True:
            try:
                return await self._once(engine, work)
            except DBAPIError as error:
                if not is_passing(error, self.dialect) or (pause := tries.next_pause()) is None:
                    raise
            await asyncio.sleep(pause)

    async def _once(self, engine: AsyncEngine | Engine, work: Callable[[Connection], T]) -> T:
        try:
            async with self._turn():
                if isinstance(engine, AsyncEngine):
                    async with _connected(engine) as connection, connection.begin():
                        return await connection.run_sync(work)
                return await _in_thread(engine, work)
        except DBAPIError as error:
            error.hide_parameters = True  # they hold what the notification is about
            raise

    def _turn(self) -> AbstractAsyncContextManager[None]:
        if self.dialect.has_row_locks:
            return nullcontext()
        return self._turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1))


def _checked(engine: object) -> AsyncEngine | Engine:
    """An engine; callers may be untyped."""
    if isinstance(engine, AsyncEngine | Engine):
        return engine
    raise ConfigurationError(
        "engine", f"{type_of(engine)} was found", "Give what create_async_engine or create_engine returns"
    )


def _commits_each_statement(engine: AsyncEngine | Engine) -> bool:
    # The level given to `create_engine(isolation_level=...)` can be read nowhere else.
    of_dialect: object = getattr(engine.dialect, "_on_connect_isolation_level", None)
    return str(engine.get_execution_options().get("isolation_level", of_dialect)).upper() == "AUTOCOMMIT"


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection. What asyncpg raises while it connects becomes a `DBAPIError`, as in SQLAlchemy 2.1."""
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(engine.connect())
        except (SQLAlchemyError, OSError):
            raise
        except Exception as error:
            raise DBAPIError("connecting", None, error) from error
        yield connection


async def _in_thread(engine: Engine, work: Callable[[Connection], T]) -> T:
    context = copy_context()
    working = asyncio.get_running_loop().run_in_executor(None, lambda: context.run(_in_transaction, engine, work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        # The thread goes on and commits: it must have ended before the caller can undo that.
        await asyncio.wait([working])
        raise


def _in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)
