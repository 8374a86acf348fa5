"""Handlers in a transaction that commits what they write together with the note that they have succeeded."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, overload

from ..._extras import extra
from ...errors import ConfigurationError
from ...notifications.notification import Notification, Reply
from ...notifications.router import Answer
from .database import Database, Tries

with extra("sqlalchemy"):
    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
    from sqlalchemy.orm import Session

R = TypeVar("R")
A = TypeVar("A", bound=Answer)


class ClaimLostError(RuntimeError):
    """The claim had expired, and another worker taken it, before the handler began: nothing was written."""


@dataclass(slots=True, eq=False)
class Claimed:
    """A notification that is being handled.

    Attributes:
        database: where it was claimed.
        note: writes that it was handled, in the transaction of a handler; False if the claim has expired.
        is_in_session: whether a handler's transaction holds the row, so that the claim can't be lost.
        is_noted: whether that transaction has been committed.
    """

    database: Database
    note: Callable[[Connection], bool]
    is_in_session: bool = field(default=False, init=False)
    is_noted: bool = field(default=False, init=False)


# The session works in a savepoint. PostgreSQL rolls a transaction back after a failed statement, and then reports its
# commit as a success; but releasing the savepoint, as the session's commit does, fails.
_WITHIN: dict[str, Any] = {"join_transaction_mode": "create_savepoint", "expire_on_commit": False}
_current: ContextVar[Claimed | None] = ContextVar("wechatpay_claimed", default=None)


@contextmanager
def handling(claimed: Claimed) -> Generator[None]:
    """Make `claimed` available to the handlers that are called in the block."""
    token = _current.set(claimed)
    try:
        yield
    finally:
        _current.reset(token)


@overload
def with_session(
    handler: Callable[[Notification[R], AsyncSession], Coroutine[Any, Any, A]],
) -> Callable[[Notification[R]], Coroutine[Any, Any, A]]: ...
@overload
def with_session(handler: Callable[[Notification[R], Session], A]) -> Callable[[Notification[R]], A]: ...


def with_session(handler: Callable[..., Any]) -> Callable[[Notification[Any]], Any]:
    """A handler that takes the session of a transaction beside its notification.

    The first statement of the transaction notes that the notification was handled. If the handler returns, the note is
    committed together with what the handler wrote; if it raises, or returns a `Reply` of failure, both are rolled back.
    So it takes effect exactly once, even if a process dies in between. The session works in a savepoint: the handler's
    own `commit`, `rollback` and `begin` affect only that. After a
    deadlock, a lock that took too long or, at SERIALIZABLE, a serialization failure, the handler is called again, in
    another transaction.

        @webhook.on("TRANSACTION.SUCCESS", "transaction")
        @with_session
        async def paid(notification, session): ...

    Args:
        handler: a coroutine function, which gets an `AsyncSession` of the `AsyncEngine`, or a function, which gets a
            `Session` of the `Engine`, of the `SqlInbox` or `SqlSeen` that claimed the notification.
    """
    if inspect.iscoroutinefunction(handler):

        @wraps(handler)
        async def handle(notification: Notification[Any]) -> Any:
            claimed = _claimed()
            engine = claimed.database.engine
            if not isinstance(engine, AsyncEngine):
                raise _wrong_engine("a coroutine function", "an AsyncEngine")
            tries = Tries()
            while True:
                try:
                    return await _handle(handler, notification, claimed, engine)
                except DBAPIError as error:
                    if (pause := _pause_after(error, claimed, tries)) is None:
                        raise
                await asyncio.sleep(pause)

        return handle

    @wraps(handler)
    def handle_in_thread(notification: Notification[Any]) -> Any:
        claimed = _claimed()
        engine = claimed.database.engine
        if not isinstance(engine, Engine):
            raise _wrong_engine("a function", "an Engine")
        tries = Tries()
        while True:
            try:
                return _handle_in_thread(handler, notification, claimed, engine)
            except DBAPIError as error:
                if (pause := _pause_after(error, claimed, tries)) is None:
                    raise
            time.sleep(pause)

    return handle_in_thread


async def _handle(
    handler: Callable[..., Any], notification: Notification[Any], claimed: Claimed, engine: AsyncEngine
) -> Any:
    with _in_session(claimed):
        async with engine.connect() as connection:
            if not await connection.run_sync(claimed.note):
                raise ClaimLostError(notification.id)
            async with AsyncSession(connection, **_WITHIN) as session:
                answer = await handler(notification, session)
                if _is_success(answer):
                    await session.commit()
            if _is_success(answer):
                await connection.commit()
                claimed.is_noted = True
    return answer


def _handle_in_thread(
    handler: Callable[..., Any], notification: Notification[Any], claimed: Claimed, engine: Engine
) -> Any:
    with _in_session(claimed), engine.connect() as connection:
        if not claimed.note(connection):
            raise ClaimLostError(notification.id)
        with Session(connection, **_WITHIN) as session:
            answer = handler(notification, session)
            if _is_success(answer):
                session.commit()
        if _is_success(answer):
            connection.commit()
            claimed.is_noted = True
    return answer


def _pause_after(error: DBAPIError, claimed: Claimed, tries: Tries) -> float | None:
    """Seconds before another transaction, where one of others was in the way; None if there is none."""
    return tries.next_pause() if claimed.database.dialect.is_collision(error.orig) else None


@contextmanager
def _in_session(claimed: Claimed) -> Generator[None]:
    claimed.is_in_session = True
    try:
        yield
    finally:
        claimed.is_in_session = False


def _claimed() -> Claimed:
    claimed = _current.get()
    if claimed is None:
        raise ConfigurationError(
            "with_session",
            "no notification was claimed here",
            "Use it for handlers of a Webhook(seen=SqlSeen(...)), or of one that a Worker of this package handles for",
        )
    return claimed


def _is_success(answer: object) -> bool:
    return not isinstance(answer, Reply) or answer.ok


def _wrong_engine(handler: str, engine: str) -> ConfigurationError:
    return ConfigurationError(
        "with_session", f"{handler} handles, which needs {engine}", f"Give {engine}, or change it"
    )
