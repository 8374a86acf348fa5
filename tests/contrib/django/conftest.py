"""The databases of these tests."""

from __future__ import annotations

from tests.contrib.sqlalchemy.conftest import address_of

__all__ = ["address_of"]
