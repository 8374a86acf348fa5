"""What differs between the databases: reading the clock, inserting unless the key is there, and their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._extras import extra
from ...errors import ConfigurationError

with extra("sqlalchemy"):
    from sqlalchemy import Float, Table
    from sqlalchemy.dialects import mysql, postgresql, sqlite
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.compiler import compiles
    from sqlalchemy.sql.functions import FunctionElement

# https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization failure, deadlock, lock not available.
_POSTGRESQL = frozenset({"40001", "40P01", "55P03"})
# https://mariadb.com/kb/en/mariadb-error-code-reference/: lock wait timeout, deadlock, record changed since last read.
_MYSQL = frozenset({1205, 1213, 1020})
# https://www.sqlite.org/rescode.html: the low byte of SQLITE_BUSY and SQLITE_LOCKED with all their variants.
_SQLITE = frozenset({5, 6})


class Now(FunctionElement[float]):
    """Unix time in seconds by the database's clock, when the statement began."""

    name = "wechatpay_now"
    type = Float()
    inherit_cache = True


@compiles(Now, "postgresql")
def _now_in_postgresql(_element: Now, _compiler: object, **_options: object) -> str:
    return "CAST(EXTRACT(EPOCH FROM statement_timestamp()) AS DOUBLE PRECISION)"


@compiles(Now, "mysql")
@compiles(Now, "mariadb")
def _now_in_mysql(_element: Now, _compiler: object, **_options: object) -> str:
    return "CAST(UNIX_TIMESTAMP(NOW(6)) AS DOUBLE)"


@compiles(Now, "sqlite")
def _now_in_sqlite(_element: Now, _compiler: object, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of database does what each does differently.

    Attributes:
        insert_once: makes the statement that inserts a row with these values unless its key is there.
        is_collision: whether a driver's error is a collision with others: a deadlock, or a lock that took too long.
        isolation: the level at which a search locks rows, and not the gaps between them; None for the engine's own.
        has_row_locks: whether a SELECT can lock its rows; if not, a transaction must begin with a write.
    """

    insert_once: Callable[[Table, Mapping[str, Any]], Any]
    is_collision: Callable[[Any], bool]
    isolation: str | None
    has_row_locks: bool


def _insert_in_postgresql(table: Table, values: Mapping[str, Any]) -> Any:
    return postgresql.insert(table).values(**values).on_conflict_do_nothing(index_elements=["key"])


def _insert_in_mysql(table: Table, values: Mapping[str, Any]) -> Any:
    # INSERT IGNORE would cut off what is too long.
    return mysql.insert(table).values(**values).on_duplicate_key_update(key=table.c.key)


def _insert_in_sqlite(table: Table, values: Mapping[str, Any]) -> Any:
    return sqlite.insert(table).values(**values).on_conflict_do_nothing(index_elements=["key"])


def _collided_in_postgresql(error: Any) -> bool:
    return (getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)) in _POSTGRESQL


def _collided_in_mysql(error: Any) -> bool:
    return bool(error.args) and error.args[0] in _MYSQL


def _collided_in_sqlite(error: Any) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE


_POSTGRES = Dialect(_insert_in_postgresql, _collided_in_postgresql, None, has_row_locks=True)
# At its default, REPEATABLE READ, a claim would lock the gaps that senders insert into.
_MARIADB = Dialect(_insert_in_mysql, _collided_in_mysql, "READ COMMITTED", has_row_locks=True)
_DIALECTS = {
    "postgresql": _POSTGRES,
    "mysql": _MARIADB,
    "mariadb": _MARIADB,
    "sqlite": Dialect(_insert_in_sqlite, _collided_in_sqlite, None, has_row_locks=False),
}


def dialect_of(name: str) -> Dialect:
    """The dialect with the name that SQLAlchemy gives it.

    Raises:
        ConfigurationError: this package doesn't know the database.
    """
    if name not in _DIALECTS:
        raise ConfigurationError("engine", f"a database of {name} was found", f"Give one of {', '.join(_DIALECTS)}")
    return _DIALECTS[name]


def is_passing(error: DBAPIError, dialect: Dialect) -> bool:
    """Whether trying again may help: it was a collision with others, or a pooled connection was lost."""
    return error.connection_invalidated or dialect.is_collision(error.orig)
