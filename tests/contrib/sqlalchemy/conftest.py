"""Databases for these tests: each kind with its own server, or one of them where any does."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import sql_engines, sql_servers
from tests.sql_engines import Shop


@pytest.fixture(scope="session")
def address_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The address of a server by its name, started when it is first asked for."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    makers = {
        "postgresql": lambda: sql_servers.postgresql("fsync=off", "deadlock_timeout=50"),
        "mariadb": sql_servers.mariadb,
    }
    with ExitStack() as stack:
        addresses: dict[str, str] = {}

        def address(name: str) -> str:
            if name not in addresses:
                addresses[name] = stack.enter_context(sql_servers.shared(folder, name, makers[name]))
            return addresses[name]

        yield address


@pytest.fixture
async def shop(request: pytest.FixtureRequest, address_of: Callable[[str], str], tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop's empty database; PostgreSQL with an AsyncEngine unless the test names kinds."""
    kind: str = getattr(request, "param", "postgresql-async")
    server = sql_engines.SERVERS.get(kind)
    url = sql_engines.make_database(kind, address_of(server) if server else str(tmp_path))
    engine = sql_engines.engine_of(url)
    made = Shop(kind, engine, url)
    await made.execute(sql_engines.EFFECTS)
    yield made
    await sql_engines.dispose(engine)
