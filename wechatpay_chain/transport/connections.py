"""The connections of a session: kept open between calls, and none of them used on which something came unasked."""

from __future__ import annotations

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace


class Connections(aiohttp.TCPConnector):
    """Hands out no connection on which something came that nobody asked for.

    What a server or a gateway sends on a connection that no call uses, such as a 408 or a second answer, aiohttp keeps
    for the next call. That call would take it for its own answer, and the one after it would get the answer to this.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        # There is no public method between a connection's choice and its use.
        while (connection := await super()._get(key, traces)) is not None:
            if connection.protocol is None or not connection.protocol.should_close:
                break
            connection.close()
        return connection
