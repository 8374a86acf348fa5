"""Connections that stay open between calls, against a server that says more than it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.tcp import Talk, server
from wechatpay_chain.http.request import Request
from wechatpay_chain.transport.aiohttp import AiohttpTransport

UNASKED = {
    "408": b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "answer": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked",
    "answers": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked" * 2,
    "answer that goes on": b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\nunasked",
    "answer without content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no HTTP": b"unasked\r\n\r\n",
}


def chatty(unasked: bytes, was_said: asyncio.Event, begun: Callable[[], None]) -> Talk:
    """Answers each request with its target, and says something more after the first of a connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun()
        more = unasked
        while head := await _head(reader):
            target = head.split(b" ")[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))
            if more:
                await writer.drain()
                await asyncio.sleep(0.02)  # the answer is read alone
                writer.write(more)
                more = b""
            await writer.drain()
            was_said.set()

    return talk


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
async def test_what_came_unasked_answers_no_call(unasked: bytes) -> None:
    """Every call gets its own answer, on another connection, however often that happens."""
    was_said = asyncio.Event()
    connections: list[None] = []
    async with server(chatty(unasked, was_said, lambda: connections.append(None))) as base_url:
        transport = AiohttpTransport(base_url)
        for target in ("/v3/a", "/v3/b", "/v3/c"):
            was_said.clear()
            answer = await transport(Request(method="GET", template=target))
            assert (answer.status, answer.content) == (200, target.encode())
            await was_said.wait()
            await asyncio.sleep(0.05)  # it has come, and nobody reads it
        await transport.aclose()
    assert len(connections) == 3


async def test_a_connection_is_used_again() -> None:
    """A server that keeps to answering is connected to once."""
    connections: list[None] = []
    async with server(chatty(b"", asyncio.Event(), lambda: connections.append(None))) as base_url:
        transport = AiohttpTransport(base_url)
        for target in ("/v3/a", "/v3/b"):
            assert (await transport(Request(method="GET", template=target))).content == target.encode()
        await transport.aclose()
    assert len(connections) == 1


async def test_several_that_lie_ready_are_passed_over() -> None:
    """Of many connections on which something came, none is used, and the call waits for a new one only."""
    was_said = asyncio.Event()
    connections: list[None] = []
    async with server(chatty(UNASKED["answer"], was_said, lambda: connections.append(None))) as base_url:
        transport = AiohttpTransport(base_url)
        requests = [Request(method="GET", template=f"/v3/{number}") for number in range(5)]
        await asyncio.gather(*map(transport, requests))
        await was_said.wait()
        await asyncio.sleep(0.1)
        assert (await transport(Request(method="GET", template="/v3/x"))).content == b"/v3/x"
        await transport.aclose()
    assert len(connections) == 6


async def test_a_server_that_speaks_first() -> None:
    """It is no HTTP server; a new connection isn't given up for another one for ever."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await _head(reader)

    async with server(talk) as base_url:
        transport = AiohttpTransport(base_url)
        with pytest.raises(ConnectionError, match="did not answer in HTTP"):
            await transport(Request(method="GET", template="/v3/x"))
        await transport.aclose()
