"""The emulator on a port."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType

from aiohttp import web

from .._loop_thread import LoopThread, nothing
from ..http.headers import Headers
from ..http.request import Request
from ..pipeline import Handler
from .controls import Controls
from .misbehaviour import AnswerLost
from .platform.answer import SERVER
from .web.action import BASE
from .web.api import EVENTS, ControlApi
from .web.feed import Feed

# The platform's largest upload is 7.5 MB.
_LARGEST_BODY = 16 * 2**20
# As observed of the platform.
_KEEPALIVE = 8.0
_SHUTDOWN = 1.0


class Listening:
    """A handler on a port: `async with` serves it in the running event loop, `with` in a thread of its own.

    Args:
        handler: answers the requests of merchants.
        host: address to listen on.
        port: port, 0 for a free one.
        tls: serves `https` by it.
        controls: what the control interface works on, and whose notifications are delivered while the server runs.
    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        controls: Controls | None = None,
    ) -> None:
        self._handler = handler
        self._controls = controls
        self._control = None if controls is None else ControlApi(controls, [host])
        self._host = host
        self._port = port
        self._tls = tls
        self._started = AsyncExitStack()
        self._thread = ExitStack()

    async def __aenter__(self) -> str:
        """Start; the base URL.

        Raises:
            OSError: the port is taken, or the address isn't this machine's.
        """
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.on_response_prepare.append(_name)
        if self._control is not None:
            application.router.add_get(EVENTS, self._events)
            application.router.add_route("*", BASE + "{path:(?s:/.*)?}", self._answer_control)
        application.router.add_route("*", "/{path:(?s:.*)}", self._answer)
        runner = web.AppRunner(application, access_log=None, keepalive_timeout=_KEEPALIVE, shutdown_timeout=_SHUTDOWN)
        async with AsyncExitStack() as starting:
            starting.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, self._host, self._port, ssl_context=self._tls).start()
            if self._controls is not None:
                starting.push_async_callback(_end, asyncio.create_task(self._controls.carry()))
            self._started = starting.pop_all()
        host, port = runner.addresses[0][:2]
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._started.aclose()

    def __enter__(self) -> str:
        """Start in a thread; the base URL. Raises as `__aenter__`."""
        with ExitStack() as starting:
            thread = LoopThread(type(self).__name__, nothing)
            starting.callback(thread.close)
            base_url = thread.run(self.__aenter__())
            starting.callback(lambda: thread.run(self._started.aclose()))
            self._thread = starting.pop_all()
        return base_url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._thread.close()

    async def _answer_control(self, request: web.Request) -> web.StreamResponse:
        if self._control is None:
            raise web.HTTPNotFound
        response = await self._control.handle(await self._received(request))
        return web.Response(status=response.status, headers=dict(response.headers), body=response.content or None)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """What happens, as server-sent events, until the reader goes away."""
        if self._control is None or self._controls is None:
            raise web.HTTPNotFound
        against = self._control.objection(await self._received(request))
        if against:
            raise web.HTTPForbidden(text=against)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # the reader has gone
            async with Feed(self._controls) as feed:
                await answer.write(b": the emulator's events follow\n\n")
                async for event in feed:
                    await answer.write(event)
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            response = await self._handler(await self._received(request))
        except AnswerLost as lost:
            return await _broken(request, lost)
        return web.Response(status=response.status, headers=dict(response.headers), body=response.content or None)

    async def _received(self, request: web.Request) -> Request:
        # raw_path is the request line's target, as received; rel_url would be normalised.
        path, _, query = request.raw_path.partition("?")
        return Request(
            method=request.method,
            template=path,
            query=query,
            headers=Headers(request.headers.items()),
            body=await request.read(),
            security=self._presented(request),
            origin=f"{request.scheme}://{request.host}",
        )

    def _presented(self, request: web.Request) -> bool | None:
        """Whether a client certificate was presented; None where none was asked for."""
        if self._tls is None or self._tls.verify_mode is ssl.CERT_NONE or request.transport is None:
            return None
        return bool(request.transport.get_extra_info("peercert"))


async def _name(_request: web.Request, answer: web.StreamResponse) -> None:
    """Say in every answer, pages and errors included, that it is an emulator's."""
    answer.headers["Server"] = SERVER


async def _broken(request: web.Request, lost: AnswerLost) -> web.StreamResponse:
    """Break the connection before the answer, or in the middle of it."""
    answer = web.StreamResponse(status=lost.response.status, headers=dict(lost.response.headers))
    if lost.kept is not None:
        answer.content_length = len(lost.response.content)
        await answer.prepare(request)
        await answer.write(lost.response.content[: lost.kept])
    if request.transport is not None:
        request.transport.close()
    return answer


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
