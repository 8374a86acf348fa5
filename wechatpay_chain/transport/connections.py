"""The connection pool of a session, without connections on which something arrived between calls."""

from __future__ import annotations

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace


class Connections(aiohttp.TCPConnector):
    """Discards idle connections on which something has arrived.

    A server or a gateway may send something on an idle connection, such as a 408 or a second answer. aiohttp keeps it
    for the next call, which would take it for its own answer; the call after that would get the answer to this one.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        # aiohttp has no public method between the choice of a connection and its use.
        while (connection := await super()._get(key, traces)) is not None:
            if connection.protocol is None or not connection.protocol.should_close:
                break
            connection.close()
        return connection
