"""What the tests of a batch on many machines share: a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import redis_server


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test's own."""
    with redis_server(tmp_path) as (url, _):
        yield url
