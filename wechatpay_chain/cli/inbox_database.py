"""Opens the database of an inbox by its URL, and reports errors without the password in it."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from .._extras import extra
from ..crypto.aead import KEY_SIZE
from ..errors import ConfigurationError
from .known_settings import PREFIX
from .terminal import tell

with extra("sqlalchemy"):
    from sqlalchemy import URL, create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.ext.asyncio import create_async_engine

from ..contrib.sqlalchemy import SqlInbox

URL_VARIABLE = PREFIX + "INBOX_URL"
KEY_VARIABLE = PREFIX + "INBOX_SEAL_KEY"

_REMEDY = f"Give --url or set {URL_VARIABLE}, such as postgresql+psycopg://user@host/shop or sqlite:///shop.db"


class DatabaseFailedError(Exception):
    """The database failed; the text says why, without values and without the password."""


@asynccontextmanager
async def opened(url: str | None) -> AsyncGenerator[SqlInbox]:
    """The inbox in a database, for as long as the block lasts.

    Args:
        url: as it was given; None for that of the environment.

    Raises:
        ConfigurationError: it is no URL of a database, its driver isn't installed, or its file isn't there.
        DatabaseFailedError: the database can't be reached, or has no inbox.
    """
    parsed = _url(url)
    try:
        is_async = parsed.get_dialect().is_async
        engine = create_async_engine(parsed) if is_async else create_engine(parsed)
    except NoSuchModuleError:
        raise ConfigurationError("--url", f"{parsed.drivername!r} is unknown to SQLAlchemy", _REMEDY) from None
    except ImportError as error:
        raise ConfigurationError(
            "--url", f"the driver of {parsed.drivername} isn't installed ({error})", "Install it, or name another one"
        ) from None
    try:
        yield SqlInbox(engine, seal_key=_seal_key(), reads_unsealed=True)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseFailedError(f"the database failed: {_brief(error)}") from None
    finally:
        # Its connections belong to the event loop that ends with the command.
        disposing = engine.dispose()
        if disposing is not None:
            await disposing


def _url(given: str | None) -> URL:
    text = given or os.environ.get(URL_VARIABLE)
    if not text:
        raise ConfigurationError("--url", "no database was named", _REMEDY)
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigurationError("--url", "it is no URL of a database", _REMEDY) from None
    if given and url.password:
        tell(f"warning: arguments show in the list of processes: set {URL_VARIABLE} to a URL with a password")
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    if is_file and not Path(str(url.database)).is_file():
        raise ConfigurationError("--url", f"there is no file {url.database!r}", "Give that of the shop's database")
    return url


def _seal_key() -> bytes | None:
    text = os.environ.get(KEY_VARIABLE)
    if not text:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_SIZE:
        raise ConfigurationError(KEY_VARIABLE, f"{len(text)} characters were found", f"Give {2 * KEY_SIZE} hex digits")
    return key


def _brief(error: SQLAlchemyError | OSError) -> str:
    """The first line of the driver's message."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {next(iter(str(cause).splitlines()), '')}"
