"""Where the typed tree of all operations is attached to the clients.

At run time these classes are empty, since a client accepts any path. For editors and type checkers `_endpoints.pyi`,
which `tools/generate_endpoints.py` writes, gives them an attribute for every path of the catalogue.
"""

from __future__ import annotations


class Endpoints:
    """The operations as coroutines."""


class SyncEndpoints:
    """The operations as blocking calls."""
